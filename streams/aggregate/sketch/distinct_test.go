package sketch

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/edgedhq/edged/streams/expr"
)

func written(s interface{ Append([]byte) []byte }) []byte { return s.Append(nil) }

// merge reads bytes into a sketch.
func merge(t testing.TB, s interface{ Merge(*Reader) }, in ...[]byte) {
	t.Helper()
	for _, b := range in {
		r := &Reader{Rest: b}
		if s.Merge(r); r.Err() != nil || len(r.Rest) > 0 {
			t.Fatalf("%v, %d bytes left", r.Err(), len(r.Rest))
		}
	}
}

func numbered(from, to int) *Distinct {
	s := new(Distinct)
	for i := from; i < to; i++ {
		s.Put(expr.Hash(expr.OfInteger(int64(i))))
	}
	return s
}

func TestDistinctIsExactToItsBoundAndNearBeyond(t *testing.T) {
	for _, n := range []int{0, 1, 2, 100, DigestsMax, DigestsMax + 1, 3_000, 10_000, 50_000, 200_000, 1_000_000} {
		s := numbered(0, n)
		for i := range min(n, 2_000) {
			s.Put(expr.Hash(expr.OfInteger(int64(i)))) // again
		}
		got, estimated := s.Count()
		if exact := n <= DigestsMax; exact != (estimated == 0) || exact && got != uint64(n) {
			t.Errorf("%d values: %d, error %g", n, got, estimated)
		}
		if off := math.Abs(float64(got)-float64(n)) / float64(max(n, 1)); off > 3*RegistersError {
			t.Errorf("%d values: %d, off by %.4f", n, got, off)
		}
	}
}

// The standard error is what is stated: over many counts, the root of the mean square.
func TestDistinctErrsAsItStates(t *testing.T) {
	for _, n := range []int{1_500, 5_000, 40_000} {
		const rounds = 60
		squares := 0.0
		for i := range rounds {
			got, _ := numbered(i*n*2, i*n*2+n).Count()
			off := float64(got)/float64(n) - 1
			squares += off * off
		}
		if off := math.Sqrt(squares / rounds); off > 1.25*RegistersError {
			t.Errorf("%d values: off by %.4f", n, off)
		}
	}
}

// Exact cells stay exact, and which are merged first leaves no trace.
func TestDistinctMergesInAnyOrder(t *testing.T) {
	parts := [][]byte{
		written(numbered(0, 900)), written(numbered(500, 1_400)), written(numbered(3_000, 3_010)), written(new(Distinct)),
		written(numbered(0, 5_000)), written(numbered(2_000, 30_000)),
	}
	all := new(Distinct)
	merge(t, all, parts[:4]...)
	if n, estimated := all.Count(); n != 1_410 || estimated != 0 {
		t.Errorf("exact cells merged to %d, error %g", n, estimated)
	}
	merge(t, all, parts[4:]...)
	want := written(all)
	r := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		r.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		left, right, both := new(Distinct), new(Distinct), new(Distinct)
		merge(t, left, parts[:3]...)
		merge(t, right, parts[3:]...)
		merge(t, both, written(right), written(left))
		if !bytes.Equal(written(both), want) {
			t.Fatal("the order of merging shows")
		}
	}
	if n := len(written(numbered(0, 1_025))); n > 3_100 {
		t.Errorf("1,025 values took %d bytes", n)
	}
	if n := len(want); n != 3+packedBytes {
		t.Errorf("many values took %d bytes", n)
	}
}

// Digests that all fall to one place are found too, and stay in order.
func TestDistinctBearsDigestsThatCrowd(t *testing.T) {
	s := new(Distinct)
	for i := range uint64(600) {
		s.Put(math.MaxUint64 - 3*i)
		s.Put(i / 2)
	}
	if n, _ := s.Count(); n != 600+299 { // 0 and 1 are one
		t.Errorf("got %d", n)
	}
	again := new(Distinct)
	merge(t, again, written(s))
	if !bytes.Equal(written(again), written(s)) {
		t.Error("it was read as something else")
	}
}
