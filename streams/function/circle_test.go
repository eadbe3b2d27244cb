package function

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/edgedhq/edged"
)

// TestACircleOfTwoRegionsDoesNotRun adopts what two regions defined at once: each was right by itself.
func TestACircleOfTwoRegionsDoesNotRun(t *testing.T) {
	w := &simWorld{
		t: t, rng: rand.New(rand.NewPCG(1, 7)), now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano(), cut: map[[2]int]bool{},
		logs: map[edged.LogName][]edged.Event{}, regions: map[edged.OriginID]string{}, digests: map[string]string{}, met: map[string]int{},
		partials: 1 << 20, cells: 1 << 20,
	}
	h := w.newHost(0)
	h.boot()
	for _, c := range []struct {
		name, sql, state string
		refused          bool
	}{
		{"there", "SELECT k FROM a WITH (into='b')", "backfilling", false},
		{"and-back", "SELECT k FROM b WITH (into='a')", "failed", true},
		{"by-windows", "SELECT k, COUNT(*) AS n FROM b GROUP BY k, TUMBLE(_time, INTERVAL '1 second') WITH (into='a')", "failed", true},
		{"elsewhere", "SELECT k FROM b WITH (into='c')", "backfilling", false},
	} {
		err := h.r.adopt(&definition{Function: edged.Function{Name: c.name, SQL: c.sql}})
		if errors.Is(err, edged.SQLInvalid) != c.refused {
			t.Errorf("%s: %v", c.name, err)
		}
		if info, err := h.r.Function(c.name); err != nil || info.State != c.state {
			t.Errorf("%s is %s, %v", c.name, info.State, err)
		}
	}
}

// TestAReplacedMapGoesOnWhereItWas replaces a function that makes events of single events: each input
// has one output, by the text that held when it was read, and a restart begins anew.
func TestAReplacedMapGoesOnWhereItWas(t *testing.T) {
	w := &simWorld{
		t: t, rng: rand.New(rand.NewPCG(1, 7)), now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano(), cut: map[[2]int]bool{},
		logs: map[edged.LogName][]edged.Event{}, regions: map[edged.OriginID]string{}, digests: map[string]string{}, met: map[string]int{},
		partials: 1 << 20, cells: 1 << 20,
		inputs: []edged.Stream{{Name: "a", Generation: 1, Partitions: 1}, {Name: "b", Generation: 1, Partitions: 1}},
	}
	h := w.newHost(0)
	w.hosts = []*simHost{h}
	h.boot()
	for i, c := range []struct {
		sql      string
		restarts int
		want     int // outputs in all
	}{
		{"SELECT k, 1 AS v FROM a WITH (into='b')", 0, 1},
		{"SELECT k, 2 AS v FROM a WITH (into='b')", 0, 2},
		{"SELECT k, 3 AS v FROM a WHERE k IS NOT NULL WITH (into='b')", 0, 3},
		{"SELECT k, 4 AS v FROM a WITH (into='b')", 1, 7},
	} {
		if err := h.r.adopt(&definition{Function: edged.Function{Name: "m", SQL: c.sql}, Restarts: c.restarts}); err != nil {
			t.Fatal(err)
		}
		if i > 0 && i < 3 {
			w.crash(h)
			if err := h.r.adopt(&definition{Function: edged.Function{Name: "m", SQL: c.sql}, Restarts: c.restarts}); err != nil {
				t.Fatal(err)
			}
		}
		h.publish("a", "x")
		w.turn(h, true)
		w.turn(h, true)
		if got := len(w.outOf("b")); got != c.want {
			t.Errorf("%s: %d outputs, want %d", c.sql, got, c.want)
		}
	}
}
