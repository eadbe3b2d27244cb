package aggregate

import (
	"testing"

	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/sql"
)

// calls compiles calls; each distinct text of arguments is an input.
func calls(t testing.TB, texts ...string) (out []Call, inputs []int) {
	t.Helper()
	seen := map[string]int{}
	for _, text := range texts {
		e, err := sql.ParseExpr(text)
		if err != nil {
			t.Fatal(err)
		}
		c := e.(*sql.Call)
		call, fault := NewCall(c, make([]expr.Type, len(c.Args)))
		if fault != nil {
			t.Fatal(fault)
		}
		key := ""
		for _, i := range call.Args() {
			key += sql.Print(c.Args[i].Expr) + ","
		}
		if _, ok := seen[key]; !ok {
			seen[key] = len(seen)
		}
		out, inputs = append(out, call), append(inputs, seen[key])
	}
	return out, inputs
}

func TestKnownCellTakesNumbersWithoutAllocating(t *testing.T) {
	c := NewCells(NewLayout(calls(t, "COUNT(*)", "SUM(x)", "AVG(x)", "MIN(x)", "MAX(x)")))
	place := c.Add()
	args, at := []expr.Value{expr.OfInteger(5)}, &Stamp{}
	if n := testing.AllocsPerRun(1000, func() {
		c.Fold(place, 0, nil, at)
		c.Fold(place, 1, args, at)
	}); n != 0 {
		t.Errorf("an event took %v allocations", n)
	}
	var text expr.Arena
	for i, want := range []expr.Value{expr.OfInteger(1001), expr.OfInteger(5005), expr.OfDouble(5), expr.OfInteger(5), expr.OfInteger(5)} {
		if got, _ := c.Result(place, i, &text); got.Kind() != want.Kind() || !expr.Equal(got, want) {
			t.Errorf("call %d gave %s, want %s", i, expr.AppendJSON(nil, got), expr.AppendJSON(nil, want))
		}
	}
}

func BenchmarkFold(b *testing.B) {
	c := NewCells(NewLayout(calls(b, "COUNT(x)", "SUM(x)", "AVG(x)")))
	place := c.Add()
	args, at := []expr.Value{expr.OfInteger(5)}, &Stamp{}
	b.ReportAllocs()
	for b.Loop() {
		c.Fold(place, 0, args, at)
	}
}
