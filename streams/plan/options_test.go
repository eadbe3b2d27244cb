package plan

import (
	"testing"
	"time"

	"github.com/edgedhq/edged/streams/sql"
	"github.com/edgedhq/edged/streams/window"
)

// TestOptions reads all of them, from the text and from beside it.
func TestOptions(t *testing.T) {
	const ms = int64(time.Millisecond)
	plain := Options{2000 * ms, 5000 * ms, 0, 600_000 * ms, 10_000 * ms, "global", window.Never, "", "", "", window.Never, 100_000}
	windowed := plain
	windowed.Retain = 86_400_000 * ms
	said := Options{90_000 * ms, window.Never, 250 * ms, 3_600_000 * ms, window.Never, "region", 1000 * ms, "i", "l", "d", 60_000 * ms, 7}
	mixed := windowed
	mixed.Lateness, mixed.MaxKeys = 1000*ms, 9
	none := plain
	none.Backfill = 0
	for _, c := range []struct {
		text string
		body map[string]string
		want Options
	}{
		{"SELECT COUNT(*) FROM a", nil, plain},
		{"SELECT COUNT(*) FROM a GROUP BY TUMBLE(_time, INTERVAL '1 second')", nil, windowed},
		{"SELECT COUNT(*) FROM a WITH (out_of_orderness='1m30s', idle='never', lateness='250ms', revise_within='1h', exclude_after='never', scope='region', retain='1s', into='i', late='l', dead='d', backfill='1m', max_keys=7)", nil, said},
		{"SELECT COUNT(*) FROM a", map[string]string{"out_of_orderness": "90s", "idle": "never", "lateness": "250ms", "revise_within": "60m", "exclude_after": "never",
			"scope": "region", "retain": "1s", "into": "i", "late": "l", "dead": "d", "backfill": "60s", "max_keys": "7"}, said},
		{"SELECT COUNT(*) FROM a GROUP BY TUMBLE(_time, INTERVAL '1 second') WITH (lateness='1s', max_keys='9')", map[string]string{"max_keys": "9", "lateness": "1000ms"}, mixed},
		{"SELECT COUNT(*) FROM a WITH (backfill='none')", map[string]string{"backfill": "0s"}, none},
	} {
		q, err := sql.Parse(c.text)
		if err != nil {
			t.Fatal(err)
		}
		p, errs := Make("f", q, c.body, 0, 0)
		if errs != nil {
			t.Errorf("%s %v: %v", c.text, c.body, errs)
			continue
		}
		if p.Options != c.want {
			t.Errorf("%s %v:\n got %+v\nwant %+v", c.text, c.body, p.Options, c.want)
		}
		if w := p.Window; w.Kind != window.None && (w.Lateness != c.want.Lateness || w.OutOfOrderness != c.want.OutOfOrderness || w.Idle != c.want.Idle || w.ReviseWithin != c.want.ReviseWithin) {
			t.Errorf("%s: the window has not the options: %+v", c.text, w)
		}
	}
}

// TestStart makes start stamps of backfill.
func TestStart(t *testing.T) {
	now := int64(1000 * time.Hour)
	for backfill, want := range map[int64]int64{window.Never: 0, 0: now, int64(time.Hour): int64(999 * time.Hour), int64(2000 * time.Hour): 0} {
		if got := (&Options{Backfill: backfill}).Start(now); got != want {
			t.Errorf("backfill %d starts at %d, want %d", backfill, got, want)
		}
	}
}

// TestEmit finds the rule for what goes out.
func TestEmit(t *testing.T) {
	for text, want := range map[string]Emit{
		"SELECT COUNT(*) FROM a":                                                                                          {EmitChanges, 0},
		"SELECT COUNT(*) FROM a WITH (into='b')":                                                                          {EmitChanges, 0},
		"SELECT COUNT(*) FROM a GROUP BY TUMBLE(_time, INTERVAL '1 second')":                                              {EmitChanges, 0},
		"SELECT COUNT(*) FROM a GROUP BY TUMBLE(_time, INTERVAL '1 second') WITH (into='b')":                              {EmitFinal, 0},
		"SELECT COUNT(*) FROM a GROUP BY TUMBLE(_time, INTERVAL '1 second') EMIT CHANGES WITH (into='b')":                 {EmitChanges, 0},
		"SELECT COUNT(*) FROM a GROUP BY TUMBLE(_time, INTERVAL '1 second') EMIT FINAL":                                   {EmitFinal, 0},
		"SELECT MAX(n) FROM (SELECT COUNT(*) AS n FROM a GROUP BY b, TUMBLE(_time, INTERVAL '1 second')) EMIT FINAL":      {EmitFinal, 0},
		"SELECT COUNT(*) FROM a EMIT EVERY INTERVAL '3 seconds'":                                                          {EmitEvery, 3e9},
		"SELECT COUNT(*) FROM a GROUP BY SESSION(_time, INTERVAL '1 second') EMIT EVERY INTERVAL '1 day' WITH (into='b')": {EmitEvery, 864e11},
	} {
		if got := planOf(t, text).Emit; got != want {
			t.Errorf("%s: %+v, want %+v", text, got, want)
		}
	}
}
