package edged_test

import (
	"math"
	"testing"
	"testing/quick"
	"time"

	"github.com/edgedhq/edged"
)

func TestTimestampText(t *testing.T) {
	at := time.Date(2026, 11, 22, 6, 41, 51, 999452935, time.UTC).UnixNano()
	for _, c := range []struct {
		stamp edged.Timestamp
		want  string
	}{
		{edged.Timestamp{Wall: at, Logical: 3}, "2026-11-22T06:41:51.999452935Z+3"},
		{edged.Timestamp{}, "1970-01-01T00:00:00Z+0"},
		{edged.Timestamp{Wall: -1, Logical: math.MaxUint32}, "1969-12-31T23:59:59.999999999Z+4294967295"},
		{edged.Timestamp{Wall: math.MaxInt64}, "2262-04-11T23:47:16.854775807Z+0"},
	} {
		if got := c.stamp.String(); got != c.want {
			t.Errorf("%+v: got %s, want %s", c.stamp, got, c.want)
		}
		if got, err := edged.ParseTimestamp(c.want); err != nil || got != c.stamp {
			t.Errorf("%s was read as %+v, %v, want %+v", c.want, got, err, c.stamp)
		}
	}
	for _, bad := range []string{
		"", "+", "+1", "2026-11-22T06:41:51Z", "2026-11-22T06:41:51Z+", "2026-11-22T06:41:51Z+-1",
		"2026-11-22T06:41:51Z+4294967296", "2026-11-22+1", "2026-11-22T06:41:51Z+1 ",
	} {
		if got, err := edged.ParseTimestamp(bad); err == nil {
			t.Errorf("%q was read as %+v", bad, got)
		}
	}
}

func TestTimestampLaws(t *testing.T) {
	returns := func(wall int64, logical uint32) bool {
		want := edged.Timestamp{Wall: wall, Logical: logical}
		got, err := edged.ParseTimestamp(want.String())
		return err == nil && got == want
	}
	ordered := func(aWall, bWall int8, aLogical, bLogical uint8) bool {
		a := edged.Timestamp{Wall: int64(aWall), Logical: uint32(aLogical)}
		b := edged.Timestamp{Wall: int64(bWall), Logical: uint32(bLogical)}
		return a.Compare(b) == -b.Compare(a) && (a.Compare(b) == 0) == (a == b) && a.Compare(a.Plus(1)) < 0
	}
	for name, law := range map[string]any{"the text returns": returns, "the order is total": ordered} {
		if err := quick.Check(law, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
