package aggregate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/sql"
)

// calls compiles calls; each distinct text of arguments is an input.
func calls(t testing.TB, texts ...string) (out []Call, inputs []int) {
	t.Helper()
	seen := map[string]int{}
	for _, text := range texts {
		c := parsed(t, text)
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

func TestCallsOnOneInputShareStates(t *testing.T) {
	for text, want := range map[string]int{
		"COUNT(*)":                        1,
		"COUNT(*) COUNT(x)":               2,
		"SUM(x) AVG(x)":                   1,
		"SUM(x) AVG(y)":                   2,
		"MEDIAN(x) QUANTILE(x, 0.9)":      1,
		"VAR_POP(x) STDDEV_SAMP(x)":       1,
		"BOOL_AND(x) BOOL_OR(x)":          1,
		"COLLECT(x, 3) COLLECT(x, 7)":     1,
		"COUNT(x) COUNT(DISTINCT x)":      2,
		"FIRST(x) LAST(x) MIN(x) MAX(x)":  4,
		"TOP_BY(x, y, 3) ARG_MAX(x, y)":   2,
		"TOP_BY(x, y, 3) TOP_BY(x, y, 1)": 1,
	} {
		texts := strings.SplitAfter(text, ") ")
		if l := NewLayout(calls(t, texts...)); len(l.states) != want {
			t.Errorf("%s: %d states, want %d", text, len(l.states), want)
		}
	}
}

func TestCountAloneIsSmall(t *testing.T) {
	c := NewCells(NewLayout(calls(t, "COUNT(*)")))
	place := c.Add()
	for range 20_000 {
		c.Fold(place, 0, nil, &Stamp{})
	}
	if n := len(c.Append(nil, place)); n > 3 {
		t.Errorf("%d bytes", n)
	}
}

// A known cell takes an event with 0 allocations, whatever is folded.
func TestKnownCellTakesEventsWithoutAllocating(t *testing.T) {
	for _, x := range []expr.Value{
		expr.OfInteger(5), expr.OfDouble(2.5), expr.OfDecimal(0, 1999, 18, 2), expr.OfString("a text that is long"), expr.OfJSON(`{"a":1}`), expr.OfBoolean(true),
	} {
		l := NewLayout(calls(t, catalogueCalls...))
		c := NewCells(l)
		place := c.Add()
		args, at := []expr.Value{x, expr.OfInteger(1)}, &Stamp{}
		fold := func() {
			at.Time++
			at.Sequence++
			c.Fold(place, 0, nil, at)
			c.Fold(place, 1, args[:1], at)
			c.Fold(place, 2, args, at)
		}
		fold()
		if n := testing.AllocsPerRun(1000, fold); n != 0 {
			t.Errorf("an event with %s took %v allocations", x.Kind(), n)
		}
	}
}

// Cells that are received are merged with next to no allocation, and new ones share slabs.
func TestCellsAreMergedAndAddedCheaply(t *testing.T) {
	l := NewLayout(calls(t, "COUNT(*)", "SUM(x)", "MAX(x)", "FIRST(x)", "LAST(x)", "ARG_MAX(x, y)", "MEDIAN(x)", "COUNT(DISTINCT x)"))
	c := NewCells(l)
	from, to := c.Add(), c.Add()
	for i := range 40 {
		x := []expr.Value{expr.OfInteger(int64(i)), expr.OfInteger(1)}
		at := &Stamp{Time: int64(i)}
		c.Fold(from, 0, nil, at)
		c.Fold(from, 1, x[:1], at)
		c.Fold(from, 2, x, at)
	}
	in := c.Append(nil, from)
	merge := func() {
		if c.Load(to, in) != nil || c.Merge(to, in) != nil {
			t.Fatal("refused")
		}
	}
	merge()
	if n := testing.AllocsPerRun(100, merge); n != 0 {
		t.Errorf("a cell was merged with %v allocations", n)
	}
	few := NewCells(NewLayout(calls(t, "COUNT(*)", "SUM(x)")))
	if n := testing.AllocsPerRun(10_000, func() { few.Add() }); n > 1 {
		t.Errorf("a new cell took %v allocations", n)
	}
}

// What was removed is empty when it is given again, and memory goes down with it.
func TestPlacesComeBackEmpty(t *testing.T) {
	c := NewCells(NewLayout(calls(t, catalogueCalls...)))
	w := &world{Rand: newRand(9)}
	events := w.occurrences(3_000)
	empty := string(c.Append(nil, c.Add()))
	var places []uint32
	for round := range 3 {
		for i := range 20 {
			place := c.Add()
			places = append(places, place)
			for _, e := range events[:150*i+1] {
				e.fold(c, place)
			}
		}
		full := c.Bytes()
		if round == 1 {
			c.Reset()
			places = places[:0]
			c.Add()
		}
		for _, place := range places {
			c.Remove(place)
		}
		places = places[:0]
		if left := c.Bytes(); left > full/2 {
			t.Errorf("round %d: %d bytes full, %d bytes empty", round, full, left)
		}
		if again := c.Add(); string(c.Append(nil, again)) != empty {
			t.Errorf("round %d: place %d is not empty", round, again)
		}
	}
	if c.Mistyped == 0 {
		t.Error("no text was left out of a SUM")
	}
}

// A query may group without an aggregate.
func TestCellsMayHoldNothing(t *testing.T) {
	c := NewCells(NewLayout(nil, nil))
	place := c.Add()
	if b := c.Append(nil, place); len(b) > 0 || c.Load(place, b) != nil || c.Load(place, []byte{0}) == nil {
		t.Errorf("%x", b)
	}
}

func BenchmarkFold(b *testing.B) {
	for _, texts := range []string{
		"COUNT(*)", "COUNT(x) SUM(x) AVG(x)", "MIN(x) MAX(x)", "VAR_POP(x)", "LAST(x)", "ARG_MAX(x, y)", "TOP_BY(x, y, 10)",
		"COUNT(DISTINCT x)", "MEDIAN(x)", "TOPK(x, 10)",
	} {
		for _, kind := range []string{"INTEGER", "DOUBLE", "STRING"} {
			b.Run(fmt.Sprint(texts, "/", kind), func(b *testing.B) {
				l := NewLayout(calls(b, strings.SplitAfter(texts, ") ")...))
				c := NewCells(l)
				args, values := make([][]expr.Value, 1024), [][]expr.Value{nil, {expr.OfInteger(1)}, {expr.OfInteger(1), expr.OfInteger(1)}}
				n := len(l.calls[0].call.Args())
				r := newRand(1)
				for i := range args {
					args[i] = append(args[i], values[n]...)
					for j := range args[i] {
						switch x := r.IntN(1000); kind {
						case "INTEGER":
							args[i][j] = expr.OfInteger(int64(x))
						case "DOUBLE":
							args[i][j] = expr.OfDouble(float64(x) / 8)
						default:
							args[i][j] = expr.OfString(fmt.Sprint("item-", x))
						}
					}
				}
				place, at := c.Add(), &Stamp{}
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					at.Time++
					c.Fold(place, 0, args[i%1024], at)
				}
			})
		}
	}
}
