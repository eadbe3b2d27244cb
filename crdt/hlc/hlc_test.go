package hlc

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/edgedhq/edged"
)

// at is a stamp, for short.
func at(wall int64, logical uint32) edged.Timestamp {
	return edged.Timestamp{Wall: wall, Logical: logical}
}

// hand is a wall clock that a test sets.
type hand struct{ ns int64 }

func (h *hand) now() time.Time { return time.Unix(0, h.ns) }

func TestStamp(t *testing.T) {
	const most = math.MaxUint32
	for _, c := range []struct {
		name string
		last edged.Timestamp
		wall int64
		n    int
		want edged.Timestamp
		then edged.Timestamp // Last
	}{
		{"first", at(0, 0), 100, 1, at(100, 0), at(100, 0)},
		{"clock went on", at(100, 7), 101, 1, at(101, 0), at(101, 0)},
		{"clock stands", at(100, 7), 100, 1, at(100, 8), at(100, 8)},
		{"clock went back", at(100, 7), 5, 1, at(100, 8), at(100, 8)},
		{"block", at(100, 7), 101, 10_000, at(101, 0), at(101, 9_999)},
		{"block while the clock stands", at(100, 7), 100, 10_000, at(100, 8), at(100, 10_007)},
		{"counter's last", at(100, most-1), 100, 1, at(100, most), at(100, most)},
		{"counter is full", at(100, most), 100, 1, at(101, 0), at(101, 0)},
		{"block fills the counter", at(100, most-3), 100, 3, at(100, most-2), at(100, most)},
		{"block does not fit the counter", at(100, most-3), 100, 4, at(101, 0), at(101, 3)},
		{"before 1970", at(-100, 1), -99, 2, at(-99, 0), at(-99, 1)},
	} {
		wall := &hand{c.wall}
		clock := New(wall.now)
		clock.last = c.last
		if got := clock.Stamp(c.n); got != c.want || clock.Last() != c.then {
			t.Errorf("%s: stamp %v, last %v, want %v and %v", c.name, got, clock.Last(), c.want, c.then)
		}
	}
}

func TestStampOfNothing(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	New(time.Now).Stamp(0)
}

func TestObserve(t *testing.T) {
	const wall = int64(1_795_500_000_000_000_000)
	ahead := int64(AheadMax)
	for _, c := range []struct {
		name     string
		remote   edged.Timestamp
		followed bool
		next     edged.Timestamp
	}{
		{"behind", at(wall-1, 99), true, at(wall, 6)},
		{"same, lower counter", at(wall, 4), true, at(wall, 6)},
		{"same, higher counter", at(wall, 40), true, at(wall, 41)},
		{"ahead", at(wall+1000, 3), true, at(wall+1000, 4)},
		{"at the limit", at(wall+ahead, 3), true, at(wall+ahead, 4)},
		{"past the limit", at(wall+ahead+1, 0), false, at(wall, 6)},
		{"far ahead", at(math.MaxInt64, math.MaxUint32), false, at(wall, 6)},
		{"far behind", at(math.MinInt64, math.MaxUint32), true, at(wall, 6)},
		{"counter is full", at(wall+1, math.MaxUint32), true, at(wall+2, 0)},
	} {
		clock := New((&hand{wall}).now)
		clock.Restore(at(wall, 5))
		if got := clock.Observe(c.remote); got != c.followed {
			t.Errorf("%s: followed %v", c.name, got)
		}
		if got := clock.Stamp(1); got != c.next {
			t.Errorf("%s: next stamp %v, want %v", c.name, got, c.next)
		}
	}
}

// After a stop stamps go on above what was kept, without waiting for the wall clock.
func TestRestore(t *testing.T) {
	wall := &hand{1000}
	clock := New(wall.now)
	clock.Restore(at(5000, 9))
	if got := clock.Stamp(2); got != at(5000, 10) {
		t.Errorf("after the ceiling: %v", got)
	}
	clock.Restore(at(2000, 0))
	if got := clock.Last(); got != at(5000, 11) {
		t.Errorf("set back to %v", got)
	}
	wall.ns = 6000
	if got := clock.Stamp(1); got != at(6000, 0) {
		t.Errorf("once the wall clock has caught up: %v", got)
	}
}

// Whatever the wall clock does, jumping a day either way, stamps rise and blocks do not overlap;
// and no stamp is ahead of the highest wall time seen by more than was followed.
func TestRisesAlways(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for seed := range 50 {
		wall := &hand{1_795_500_000_000_000_000}
		clock := New(wall.now)
		last, highest := edged.Timestamp{}, wall.ns
		for step := range 2000 {
			switch r.IntN(10) {
			case 0:
				wall.ns += r.Int64N(int64(48*time.Hour)) - int64(24*time.Hour)
			case 1, 2, 3:
				wall.ns += r.Int64N(2000)
			case 4:
				remote := at(wall.ns+r.Int64N(int64(2*time.Second))-int64(time.Second), r.Uint32())
				if followed := clock.Observe(remote); followed != (remote.Wall-wall.ns <= int64(AheadMax)) {
					t.Fatalf("seed %d, step %d: %v followed: %v", seed, step, remote, followed)
				} else if followed {
					highest = max(highest, remote.Wall)
					if clock.Last().Compare(remote) < 0 {
						t.Fatalf("seed %d, step %d: %v is below %v", seed, step, clock.Last(), remote)
					}
				}
			}
			highest = max(highest, wall.ns)
			n := 1 + r.IntN(10_000)
			first := clock.Stamp(n)
			if first.Compare(last) <= 0 || first.Wall < wall.ns {
				t.Fatalf("seed %d, step %d: %v after %v, wall clock %d", seed, step, first, last, wall.ns)
			}
			if last = first.Plus(n - 1); last.Compare(first) < 0 || clock.Last() != last {
				t.Fatalf("seed %d, step %d: %v to %v, last %v", seed, step, first, last, clock.Last())
			}
			if first.Wall > highest+1 { // a full counter moves on by 1 ns; 2,000 steps fill it once
				t.Fatalf("seed %d, step %d: %v runs ahead of %d", seed, step, first, highest)
			}
		}
	}
}

func TestNoAllocations(t *testing.T) {
	clock := New(time.Now)
	if n := testing.AllocsPerRun(100, func() { clock.Observe(clock.Stamp(3)) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkStamp(b *testing.B) {
	clock := New(time.Now)
	b.ReportAllocs()
	for b.Loop() {
		clock.Stamp(1)
	}
}

func Example() {
	wall := time.Date(2026, 11, 24, 6, 40, 0, 0, time.UTC)
	clock := New(func() time.Time { return wall })
	fmt.Println(clock.Stamp(3)) // three events: +0, +1, +2
	fmt.Println(clock.Stamp(1))
	wall = wall.Add(-time.Hour) // someone sets the clock
	fmt.Println(clock.Stamp(1))
	// Output:
	// 2026-11-24T06:40:00Z+0
	// 2026-11-24T06:40:00Z+3
	// 2026-11-24T06:40:00Z+4
}
