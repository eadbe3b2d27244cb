package window

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

// anySpec gives windows short enough to count by hand.
func anySpec(r *rand.Rand) *Spec {
	s := &Spec{Kind: Tumble + Kind(r.IntN(3)), Step: 1 + r.Int64N(12), Align: r.Int64N(61) - 30}
	switch s.Kind {
	case Tumble:
		s.Size = s.Step
	case Hop:
		s.Size = s.Step + r.Int64N(20)
	case Cumulate:
		s.Size = s.Step * (1 + r.Int64N(6))
	}
	if r.IntN(4) == 0 {
		s.Align = r.Int64() - r.Int64()
	}
	return s
}

// exact are the windows of a spec from number first to last, by counting, without an end of int64.
func exact(s *Spec, first, last *big.Int) (spans [][2]*big.Int) {
	hop := s.Step
	if s.Kind == Cumulate {
		hop = s.Size
	}
	for k := new(big.Int).Set(first); k.Cmp(last) <= 0; k.Add(k, big.NewInt(1)) {
		start := new(big.Int).Mul(k, big.NewInt(hop))
		start.Add(start, big.NewInt(s.Align))
		for size := s.Size; size > 0; size -= s.Step {
			spans = append(spans, [2]*big.Int{start, new(big.Int).Add(start, big.NewInt(size))})
			if s.Kind != Cumulate {
				break
			}
		}
	}
	return spans
}

// near are all windows that can matter to t, and more.
func near(s *Spec, t int64) [][2]*big.Int {
	hop := s.Step
	if s.Kind == Cumulate {
		hop = s.Size
	}
	k := new(big.Int).Sub(big.NewInt(t), big.NewInt(s.Align))
	k.Quo(k, big.NewInt(hop))
	return exact(s, new(big.Int).Sub(k, big.NewInt(40)), k.Add(k, big.NewInt(40)))
}

func cut(w [2]*big.Int) Span {
	one := func(b *big.Int) int64 {
		switch {
		case b.IsInt64():
			return b.Int64()
		case b.Sign() < 0:
			return math.MinInt64
		}
		return math.MaxInt64
	}
	return Span{one(w[0]), one(w[1])}
}

// byHand are the windows that contain t.
func byHand(s *Spec, t int64) (spans []Span) {
	at := big.NewInt(min(t, math.MaxInt64-1))
	for _, w := range near(s, t) {
		if w[0].Cmp(at) <= 0 && at.Cmp(w[1]) < 0 && !slices.Contains(spans, cut(w)) {
			spans = append(spans, cut(w))
		}
	}
	sortSpans(spans)
	return spans
}

func sortSpans(spans []Span) {
	slices.SortFunc(spans, func(a, b Span) int {
		if a.Start != b.Start {
			return big.NewInt(a.Start).Cmp(big.NewInt(b.Start))
		}
		return big.NewInt(a.End).Cmp(big.NewInt(b.End))
	})
}

// anyTime is near the epoch, where a naive division goes wrong, or near an end of int64.
func anyTime(r *rand.Rand) int64 {
	switch r.IntN(4) {
	case 0:
		return math.MinInt64 + r.Int64N(80)
	case 1:
		return math.MaxInt64 - r.Int64N(80)
	}
	return r.Int64N(201) - 100
}

func TestWindowsAreThoseFoundByCounting(t *testing.T) {
	for seed := range uint64(20_000) {
		r := rand.New(rand.NewPCG(seed, 5))
		s, at := anySpec(r), anyTime(r)
		slice := s.Slice(at)
		if at < slice.Start || min(at, math.MaxInt64-1) >= slice.End {
			t.Fatalf("seed %d: %+v: %d is not in its slice %v", seed, *s, at, slice)
		}
		got, want := s.Windows(nil, slice), byHand(s, at)
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d: %+v: windows of %d, slice %v: %v, want %v", seed, *s, at, slice, got, want)
		}
		for _, w := range got {
			parts := s.Slices(nil, w)
			if !slices.Contains(parts, slice) {
				t.Fatalf("seed %d: %+v: window %v of %v lacks slice %v", seed, *s, w, parts, slice)
			}
			next := w.Start
			for _, p := range parts {
				if p.Start != next || s.Slice(p.Start) != p && p.Start != math.MinInt64 {
					t.Fatalf("seed %d: %+v: slices of %v: %v", seed, *s, w, parts)
				}
				next = p.End
			}
			if next != w.End {
				t.Fatalf("seed %d: %+v: slices of %v: %v", seed, *s, w, parts)
			}
		}
	}
}

// Two times have one slice if and only if they are in the same windows.
func TestASliceIsNoShorterThanItMustBe(t *testing.T) {
	for seed := range uint64(2_000) {
		r := rand.New(rand.NewPCG(seed, 6))
		s := anySpec(r)
		a := r.Int64N(201) - 100
		b := a + r.Int64N(9)
		one := s.Slice(a) == s.Slice(b)
		same := slices.Equal(byHand(s, a), byHand(s, b))
		if one && !same || s.Kind != Hop && same && !one {
			t.Fatalf("seed %d: %+v: %d and %d: one slice %v, same windows %v", seed, *s, a, b, one, same)
		}
	}
}

func TestNeededIsTheFirstOpenWindow(t *testing.T) {
	for seed := range uint64(5_000) {
		r := rand.New(rand.NewPCG(seed, 7))
		s := anySpec(r)
		sealed := r.Int64N(201) - 100
		want := Span{Start: math.MaxInt64}
		for _, w := range near(s, sealed) {
			if c := cut(w); c.End > sealed && c.Start < want.Start {
				want = c
			}
		}
		if got := s.Needed(sealed); got != want.Start {
			t.Fatalf("seed %d: %+v: of sealed %d is needed %d, want %d", seed, *s, sealed, got, want.Start)
		}
	}
}

func TestWindowsAsWritten(t *testing.T) {
	hop := &Spec{Kind: Hop, Size: 6, Step: 2}
	cumulate := &Spec{Kind: Cumulate, Size: 6, Step: 2}
	for _, c := range []struct {
		name  string
		spec  *Spec
		t     int64
		slice Span
		want  []Span
	}{
		{"tumble, first instant", &Spec{Kind: Tumble, Size: 10, Step: 10}, 10, Span{10, 20}, []Span{{10, 20}}},
		{"tumble, last instant", &Spec{Kind: Tumble, Size: 10, Step: 10}, 19, Span{10, 20}, []Span{{10, 20}}},
		{"tumble before 1970", &Spec{Kind: Tumble, Size: 10, Step: 10}, -1, Span{-10, 0}, []Span{{-10, 0}}},
		{"tumble, a border before 1970", &Spec{Kind: Tumble, Size: 10, Step: 10}, -10, Span{-10, 0}, []Span{{-10, 0}}},
		{"tumble aligned", &Spec{Kind: Tumble, Size: 10, Step: 10, Align: 3}, 2, Span{-7, 3}, []Span{{-7, 3}}},
		{"hop", hop, 4, Span{4, 6}, []Span{{0, 6}, {2, 8}, {4, 10}}},
		{"hop before 1970", hop, -1, Span{-2, 0}, []Span{{-6, 0}, {-4, 2}, {-2, 4}}},
		{"hop whose slide does not divide", &Spec{Kind: Hop, Size: 6, Step: 4}, 5, Span{4, 6}, []Span{{0, 6}, {4, 10}}},
		{"cumulate", cumulate, 2, Span{2, 4}, []Span{{0, 4}, {0, 6}}},
		{"cumulate begins anew", cumulate, 6, Span{6, 8}, []Span{{6, 8}, {6, 10}, {6, 12}}},
		{"the longest there is", &Spec{Kind: Cumulate, Size: math.MaxInt64, Step: math.MaxInt64}, 5, Span{0, math.MaxInt64}, []Span{{0, math.MaxInt64}}},
		{"no window", &Spec{}, 5, Span{}, []Span{{}}},
		{"session", &Spec{Kind: Session, Gap: 5}, 5, Span{5, 5}, nil},
	} {
		if got := c.spec.Slice(c.t); got != c.slice {
			t.Errorf("%s: slice %v, want %v", c.name, got, c.slice)
		}
		if got := c.spec.Windows(nil, c.slice); !slices.Equal(got, c.want) {
			t.Errorf("%s: windows %v, want %v", c.name, got, c.want)
		}
		if c.spec.Grain() == 0 && (c.spec.Needed(50) != Unknown || len(c.spec.Slices(nil, Span{0, 9})) != len(c.want)) {
			t.Errorf("%s: there are slices", c.name)
		}
	}
}

func TestAnEventAllocatesNothing(t *testing.T) {
	windows, fragments := make([]Span, 0, 8), make([]Fragment, 0, 8)
	session := &Spec{Kind: Session, Gap: 4}
	for _, s := range []*Spec{{Kind: Tumble, Size: 10, Step: 10}, {Kind: Hop, Size: 10, Step: 4}, {Kind: Cumulate, Size: 10, Step: 5}} {
		var p Progress
		at := int64(0)
		if n := testing.AllocsPerRun(200, func() {
			at += 3
			slice := s.Slice(at)
			p.Arrive(s, at)
			p.Verdict(s, slice.End)
			p.Advance(s, at, at)
			windows = s.Windows(windows[:0], slice)
			fragments, _, _ = session.Absorb(fragments[:min(len(fragments), 4)], at)
		}); n != 0 {
			t.Errorf("%v: %v allocations an event", s.Kind, n)
		}
	}
}
