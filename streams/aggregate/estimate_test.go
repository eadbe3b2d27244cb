package aggregate

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/edgedhq/edged/streams/aggregate/sketch"
	"github.com/edgedhq/edged/streams/expr"
)

// Past what cells hold exactly, the fold of all and the folds of logs merged are both within the error
// that they state.
func TestEstimatesAreWithinTheErrorTheyState(t *testing.T) {
	l := NewLayout(calls(t, "COUNT(DISTINCT x)", "MEDIAN(x)", "TOPK(x, 2)"))
	const logs, n = 3, 6_000
	for seed := range uint64(4) {
		r := newRand(8, seed)
		whole, merged := NewCells(l), NewCells(l)
		all, at := whole.Add(), merged.Add()
		var exact []float64
		for range logs {
			part := NewCells(l)
			place := part.Add()
			for range n {
				x := float64(r.IntN(1_000_000)) + 1
				if r.IntN(10) == 0 {
					x = 7 // comes often
				}
				exact = append(exact, x)
				whole.Fold(all, 0, []expr.Value{expr.OfDouble(x)}, &Stamp{})
				part.Fold(place, 0, []expr.Value{expr.OfDouble(x)}, &Stamp{})
			}
			if err := merged.Merge(at, part.Append(nil, place)); err != nil {
				t.Fatal(err)
			}
		}
		slices.Sort(exact)
		often := 0
		for _, x := range exact {
			if x == 7 {
				often++
			}
		}
		median, distinct := exact[logs*n/2-1], float64(len(slices.Compact(slices.Clone(exact))))
		for _, c := range []struct {
			*Cells
			place uint32
		}{{whole, all}, {merged, at}} {
			var text expr.Arena
			if v, off := c.Result(c.place, 0, &text); off != sketch.RegistersError || math.Abs(float64(v.Integer())/distinct-1) > 3*off {
				t.Errorf("seed %d: %d distinct, error %g, want %g", seed, v.Integer(), off, distinct)
			}
			if v, off := c.Result(c.place, 1, &text); off != sketch.QuantilesError || math.Abs(v.Double()/median-1) > off {
				t.Errorf("seed %d: the median is %g, error %g, want %g", seed, v.Double(), off, median)
			}
			v, off := c.Result(c.place, 2, &text)
			var count, more int
			if _, err := fmt.Sscanf(v.Text(), `[{"item":7,"count":%d,"error":%d},`, &count, &more); err != nil || count < often || count-more > often ||
				off != sketch.TopError || float64(count-often) > off*logs*n || strings.Count(v.Text(), "item") != 2 {
				t.Errorf("seed %d: 7 came %d times: %s, error %g", seed, often, v.Text(), off)
			}
		}
	}
}
