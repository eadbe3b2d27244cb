package sketch

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// spreads make numbers of several shapes.
var spreads = map[string]func(r *rand.Rand) float64{ // read-only
	"uniform": func(r *rand.Rand) float64 { return r.Float64() * 1000 },
	"normal":  func(r *rand.Rand) float64 { return r.NormFloat64() * 50 },
	"heavy":   func(r *rand.Rand) float64 { return math.Exp(r.NormFloat64() * 3) },
	"whole":   func(r *rand.Rand) float64 { return float64(r.IntN(20) - 5) },
	"tiny":    func(r *rand.Rand) float64 { return 5e-324 * float64(r.IntN(1000)) },
	"huge":    func(r *rand.Rand) float64 { return math.MaxFloat64 * (r.Float64()*0.1 + 0.9) },
}

func TestQuantilesAreWithinOnePercent(t *testing.T) {
	for name, next := range spreads {
		r := rand.New(rand.NewPCG(1, 1))
		for n := 1; n < 20_000; n = n*3 + 1 {
			q, exact := new(Quantiles), []float64{}
			for range n {
				x := next(r)
				q.Add(x)
				exact = append(exact, x)
			}
			slices.Sort(exact)
			for _, share := range []float64{0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1} {
				want := exact[max(0, int(math.Ceil(share*float64(n)-1e-9))-1)]
				got, ok := q.Quantile(share)
				if off := math.Abs(got - want); !ok || off > QuantilesError*math.Abs(want)*(1+1e-9) {
					t.Errorf("%s, %d of them: quantile %g is %g, want %g", name, n, share, got, want)
				}
			}
		}
	}
	if _, ok := new(Quantiles).Quantile(0.5); ok {
		t.Error("none have a median")
	}
}

// Past its bins the high quantiles stay right, and neither order nor splitting shows.
func TestQuantilesCollapseFromBelow(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	whole := new(Quantiles)
	var exact []float64
	parts := make([]*Quantiles, 5)
	for i := range parts {
		parts[i] = new(Quantiles)
	}
	for range 60_000 {
		x := math.Ldexp(r.Float64()+1, r.IntN(400)-200)
		if r.IntN(3) == 0 {
			x = -x
		}
		whole.Add(x)
		parts[r.IntN(len(parts))].Add(x)
		exact = append(exact, x)
	}
	if len(whole.keys) != BinsMax {
		t.Fatalf("%d bins", len(whole.keys))
	}
	for range 10 {
		merged := new(Quantiles)
		for _, i := range r.Perm(len(parts)) {
			merge(t, merged, written(parts[i]))
		}
		if !bytes.Equal(written(merged), written(whole)) {
			t.Fatal("the order of merging shows")
		}
	}
	slices.Sort(exact)
	for _, share := range []float64{0, 0.95, 0.99, 1} {
		want := exact[max(0, int(math.Ceil(share*float64(len(exact))))-1)]
		if got, _ := whole.Quantile(share); math.Abs(got-want) > QuantilesError*math.Abs(want) {
			t.Errorf("quantile %g is %g, want %g", share, got, want)
		}
	}
}

// Bins rise with numbers, each is found by its least number, and none is wider than 2 %.
func TestBinsRiseWithNumbers(t *testing.T) {
	for key := keyOf(math.SmallestNonzeroFloat64); key <= keyOf(math.MaxFloat64); key++ {
		lo, hi := lowest(key), lowest(key+1)
		if lo == hi {
			continue // nothing between numbers this small
		}
		if keyOf(lo) != key || keyOf(math.Nextafter(hi, 0)) != key || keyOf(-lo) != -key {
			t.Fatalf("bin %d is from %g to %g, but those are of %d and %d", key, lo, hi, keyOf(lo), keyOf(math.Nextafter(hi, 0)))
		}
		if lo > 1e-300 && hi < math.MaxFloat64 && hi/lo > 1.01/0.99 {
			t.Fatalf("bin %d is from %g to %g", key, lo, hi)
		}
	}
}
