package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/edgedhq/edged/loadtest/lean"
)

// countInPieces feeds wire to a fresh counter, step bytes at a time.
func countInPieces(t *testing.T, c lean.Counter, wire []byte, step int) (events int, replies []byte) {
	t.Helper()
	for rest := wire; len(rest) > 0; {
		n := min(step, len(rest))
		got, reply, err := c.Count(rest[:n])
		if err != nil {
			t.Fatalf("step %d: %v", step, err)
		}
		events += got
		replies = append(replies, reply...)
		rest = rest[n:]
	}
	return events, replies
}

func TestCountersCountTheSameHoweverBytesAreCut(t *testing.T) {
	nats := []byte("MSG bench 1 5\r\nhello\r\nPING\r\nMSG bench 1 0\r\n\r\nMSG bench 1 12\r\nMSG a b 3\r\nx\r\n+OK\r\n")
	var mqtt []byte
	mqtt = append(mqtt, packet(0x90, []byte{0, 1, 0})...)
	for _, size := range []int{0, 100, 127, 128, 20_000} {
		mqtt = append(mqtt, packet(mqttPublish, append(mqttText(nil, "bench"), make([]byte, size)...))...)
	}
	for _, step := range []int{1, 2, 3, 5, 17, 1 << 20} {
		if n, replies := countInPieces(t, new(natsCounter), nats, step); n != 3 || string(replies) != "PONG\r\n" {
			t.Errorf("nats, step %d: %d events, reply %q", step, n, replies)
		}
		if n, _ := countInPieces(t, new(mqttCounter), mqtt, step); n != 5 {
			t.Errorf("mqtt, step %d: %d events", step, n)
		}
	}
}

func TestTableShowsMediansAndRatios(t *testing.T) {
	r := row{name: "publish", unit: perSecond, contestants: []contestant{{name: "peer"}, {name: "edged"}, {name: "other"}}}
	took := map[string][]figures{
		"peer":  {{value: 1000, cpu: 4}, {value: 3000, cpu: 5}, {value: 2000, cpu: 6}},
		"edged": {{value: 5_000_000, cpu: 1, p50: 1234 * time.Microsecond}},
	}
	var out bytes.Buffer
	printRow(&out, r, took, map[string]error{"other": errAbsent})
	for _, want := range []string{"2,000", "5,000,000", "2500.00", "0.20", "1.23ms", "1,000..3,000", "left out"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	if got := reason(errors.New("a\nb")); !strings.HasPrefix(got, "failed: a\n") {
		t.Errorf("reason %q", got)
	}
}

func TestWrkIsUnderstood(t *testing.T) {
	out := "  Latency Distribution\n     50%  309.00us\n     99%    1.20ms\n  Non-2xx or 3xx responses: 7\nRequests/sec:  42165.07\n"
	f, err := wrkFigures(out, 2, 1)
	if err != nil || f.value != 42165.07 || f.p50 != 309*time.Microsecond || f.p99 != 1200*time.Microsecond || !strings.Contains(f.note, "7") {
		t.Errorf("%+v, %v", f, err)
	}
	if _, err := wrkFigures("unable to connect", 0, 1); err == nil {
		t.Error("no rate was taken for figures")
	}
}

func TestRowsAreChosenByName(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rows() {
		if seen[r.name] || r.goal == "" || len(r.contestants) == 0 {
			t.Errorf("row %q", r.name)
		}
		seen[r.name] = true
	}
	if chosen, err := choose("fanout,idle"); err != nil || len(chosen) != 3 {
		t.Errorf("%d rows, %v; want 3", len(chosen), err)
	}
	if _, err := choose("speed"); err == nil {
		t.Error("a row that is not there was chosen")
	}
}
