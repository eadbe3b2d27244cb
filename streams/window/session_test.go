package window

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// plainSessions are the sessions of a set of times, by sorting them.
func plainSessions(s *Spec, times []int64) (spans []Span) {
	times = slices.Sorted(slices.Values(times))
	for i, t := range times {
		if i == 0 || t-times[i-1] >= s.Gap {
			spans = append(spans, Span{t, t + s.Gap})
		}
		spans[len(spans)-1].End = t + s.Gap
	}
	return spans
}

// absorb folds times as a runner does: beside each fragment a cell, here the times it has.
func absorb(s *Spec, times []int64) (fragments []Fragment, cells [][]int64) {
	for _, t := range times {
		var at int
		var did Absorbed
		fragments, at, did = s.Absorb(fragments, t)
		switch did {
		case Opened:
			cells = slices.Insert(cells, at, nil)
		case Bridged:
			cells[at] = append(cells[at], cells[at+1]...)
			cells = slices.Delete(cells, at+1, at+2)
		}
		cells[at] = append(cells[at], t)
	}
	return fragments, cells
}

func TestSessionsAreThoseOfTheSortedTimes(t *testing.T) {
	for seed := range uint64(10_000) {
		r := rand.New(rand.NewPCG(seed, 21))
		s := &Spec{Kind: Session, Gap: 1 + r.Int64N(8)}
		var all []int64
		var pieces []Piece
		cells := map[[2]int][]int64{}
		for log := range 1 + r.IntN(4) {
			times := make([]int64, r.IntN(15))
			for i := range times {
				times[i] = r.Int64N(80) - 40
			}
			all = append(all, times...)
			fragments, held := absorb(s, times)
			checkFragments(t, s, seed, times, fragments, held)
			for at, f := range fragments {
				pieces = append(pieces, Piece{f, log, at})
				cells[[2]int{log, at}] = held[at]
			}
		}
		r.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
		var spans []Span
		count, to := 0, 0
		for _, j := range s.Join(nil, pieces) {
			spans = append(spans, j.Span)
			if j.From != to || j.To <= j.From {
				t.Fatalf("seed %d: pieces %d to %d of a session come after %d", seed, j.From, j.To, to)
			}
			to = j.To
			for _, p := range pieces[j.From:j.To] {
				for _, at := range cells[[2]int{p.Log, p.At}] {
					if count++; at < j.Start || at >= j.End {
						t.Fatalf("seed %d: %d is counted in %v", seed, at, j.Span)
					}
				}
			}
		}
		if want := plainSessions(s, all); !slices.Equal(spans, want) || count != len(all) {
			t.Fatalf("seed %d: gap %d: %v give %v with %d events, want %v", seed, s.Gap, all, spans, count, want)
		}
	}
}

// checkFragments holds the fragments of one log to the sessions of its times.
func checkFragments(t *testing.T, s *Spec, seed uint64, times []int64, fragments []Fragment, cells [][]int64) {
	t.Helper()
	var spans []Span
	for i, f := range fragments {
		spans = append(spans, Span{f.Start, f.Last + s.Gap})
		if f.Start != slices.Min(cells[i]) || f.Last != slices.Max(cells[i]) {
			t.Fatalf("seed %d: fragment %v holds %v", seed, f, cells[i])
		}
	}
	if want := plainSessions(s, times); !slices.Equal(spans, want) {
		t.Fatalf("seed %d: gap %d: %v give fragments %v, want %v", seed, s.Gap, times, fragments, want)
	}
}

func TestAbsorb(t *testing.T) {
	s := &Spec{Kind: Session, Gap: 10}
	have := []Fragment{{0, 5}, {20, 20}, {35, 40}}
	for _, c := range []struct {
		name string
		t    int64
		want []Fragment
		at   int
		did  Absorbed
	}{
		{"inside", 37, have, 2, Taken},
		{"after the last", 49, []Fragment{{0, 5}, {20, 20}, {35, 49}}, 2, Taken},
		{"exactly gap after the last", 50, []Fragment{{0, 5}, {20, 20}, {35, 40}, {50, 50}}, 3, Opened},
		{"before the first", -9, []Fragment{{-9, 5}, {20, 20}, {35, 40}}, 0, Taken},
		{"exactly gap before the first", -10, []Fragment{{-10, -10}, {0, 5}, {20, 20}, {35, 40}}, 0, Opened},
		{"between, near both", 12, []Fragment{{0, 20}, {35, 40}}, 0, Bridged},
		{"between, exactly gap after one", 15, []Fragment{{0, 5}, {15, 20}, {35, 40}}, 1, Taken},
		{"between, exactly gap before the next", 25, []Fragment{{0, 5}, {20, 25}, {35, 40}}, 1, Taken},
		{"far before", math.MinInt64, []Fragment{{math.MinInt64, math.MinInt64}, {0, 5}, {20, 20}, {35, 40}}, 0, Opened},
		{"far after", math.MaxInt64, []Fragment{{0, 5}, {20, 20}, {35, 40}, {math.MaxInt64, math.MaxInt64}}, 3, Opened},
	} {
		got, at, did := s.Absorb(slices.Clone(have), c.t)
		if !slices.Equal(got, c.want) || at != c.at || did != c.did {
			t.Errorf("%s: %v at %d, %v; want %v at %d, %v", c.name, got, at, did, c.want, c.at, c.did)
		}
	}
}

func TestJoin(t *testing.T) {
	s := &Spec{Kind: Session, Gap: 10}
	pieces := []Piece{
		{Fragment{0, 30}, 0, 0}, {Fragment{40, 41}, 0, 1}, {Fragment{math.MaxInt64 - 3, math.MaxInt64 - 1}, 0, 2},
		{Fragment{0, 30}, 1, 0}, {Fragment{5, 6}, 2, 0},
	}
	got := s.Join(nil, pieces)
	want := []Joined{{Span{0, 40}, 0, 3}, {Span{40, 51}, 3, 4}, {Span{math.MaxInt64 - 3, math.MaxInt64}, 4, 5}}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if pieces[0].Log != 0 || pieces[1].Log != 1 || pieces[2].Log != 2 {
		t.Errorf("equal fragments do not come by log: %v", pieces)
	}
	if n := testing.AllocsPerRun(100, func() { got = s.Join(got[:0], pieces) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// What comes on time, once every log is past a session, is no part of it.
func TestASessionThatIsPastGrowsNoMore(t *testing.T) {
	s := &Spec{Kind: Session, Gap: 10, Lateness: 4, ReviseWithin: 7}
	w := Span{100, 150}
	for bound := int64(150); bound < 170; bound++ {
		p := Progress{Bound: bound, Bounded: true}
		for at := int64(80); at < 160; at++ {
			touches := at < w.End && at > w.Start-s.Gap
			v := p.Verdict(s, s.Slice(at).End)
			if touches && s.Past(w, bound) && v == OnTime {
				t.Errorf("bound %d: %d is on time for a session that is past", bound, at)
			}
			if touches && s.SealedAt(w, []Source{{Watermark: bound, Bounded: true}}) && v != TooLate {
				t.Errorf("bound %d: %d changes a sealed session", bound, at)
			}
		}
	}
}
