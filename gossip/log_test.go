package gossip

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestLogRepeatsAreLimited(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(0, 0)
	w := newLogWriter(slog.New(slog.NewTextHandler(&out, nil)), func() time.Time { return now })
	say := func(line string) {
		if _, err := w.Write([]byte(line + "\n")); err != nil {
			t.Fatal(err)
		}
	}
	say("[ERR] memberlist: Decrypt packet failed: at the start")
	now = now.Add(settleTime)
	say("[DEBUG] memberlist: Stream connection from=b")
	for range 10 {
		say("[ERR] memberlist: Decrypt packet failed: no key from=b")
	}
	say("[WARN] memberlist: Refuting a suspect message (from: b)")
	now = now.Add(repeatTime)
	say("[ERR] memberlist: Decrypt packet failed: no key from=c")

	var got []string
	for line := range strings.Lines(out.String()) {
		_, line, _ = strings.Cut(line, " level=")
		got = append(got, strings.TrimSpace(line))
	}
	want := []string{
		`WARN msg="memberlist reports" text="Decrypt packet failed: no key from=b" omitted=0`,
		`WARN msg="memberlist reports" text="Refuting a suspect message (from: b)" omitted=0`,
		`WARN msg="memberlist reports" text="Decrypt packet failed: no key from=c" omitted=9`,
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("got:\n%s\nwant:\n%s", g, w)
	}
}
