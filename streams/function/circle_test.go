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
