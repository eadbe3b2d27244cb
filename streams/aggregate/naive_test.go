package aggregate

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/edgedhq/edged/streams/expr"
)

// Results against plain ones that share no code with the states: all values are kept in a list.
func TestResultsAreThoseOfAPlainEvaluator(t *testing.T) {
	l := NewLayout(calls(t, catalogueCalls...))
	for seed := range uint64(1_000) {
		w := &world{Rand: newRand(5, seed)}
		events := w.occurrences(w.IntN(30))
		c, place := cellsOf(l, events)
		for call, text := range catalogueCalls {
			want, ok := plain(text, events)
			if !ok {
				continue
			}
			if got := shown(c, place, call); got != want {
				t.Fatalf("seed %d: %s is %s, want %s", seed, text, got, want)
			}
		}
	}
}

// plain computes one call; ok is false for those that other tests hold to a bound.
func plain(call string, events []occurrence) (shown string, ok bool) {
	show := func(v expr.Value) (string, bool) {
		return fmt.Sprintf("%s %s 0", v.Kind(), expr.AppendJSON(nil, v)), true
	}
	array := func(of []occurrence, n int) (string, bool) {
		if len(of) == 0 {
			return show(expr.Value{})
		}
		var texts []string
		for _, e := range of[:min(n, len(of))] {
			texts = append(texts, string(expr.AppendJSON(nil, e.x)))
		}
		return show(expr.OfJSON("[" + strings.Join(texts, ",") + "]"))
	}
	one := func(of []occurrence) (string, bool) {
		if len(of) == 0 {
			return show(expr.Value{})
		}
		return show(of[0].x)
	}
	all := len(events)
	events = slices.DeleteFunc(slices.Clone(events), func(e occurrence) bool { return e.x.IsNull() })
	byStamp := slices.SortedFunc(slices.Values(events), func(a, b occurrence) int { return a.at.Compare(&b.at) })
	with := slices.DeleteFunc(slices.Clone(byStamp), func(e occurrence) bool { return e.y.IsNull() })
	rising := slices.SortedStableFunc(slices.Values(with), func(a, b occurrence) int { return expr.Compare(a.y, b.y) })
	falling := slices.SortedStableFunc(slices.Values(with), func(a, b occurrence) int { return expr.Compare(b.y, a.y) })
	switch call {
	case "COUNT(*)":
		return show(expr.OfInteger(int64(all)))
	case "COUNT(x)":
		return show(expr.OfInteger(int64(len(events))))
	case "SUM(x)":
		return show(plainSum(events))
	case "FIRST(x)":
		return one(byStamp)
	case "LAST(x)":
		slices.Reverse(byStamp)
		return one(byStamp)
	case "COLLECT(x, 4)":
		return array(byStamp, 4)
	case "COLLECT(x, 2)":
		return array(byStamp, 2)
	case "ARG_MIN(x, y)":
		return one(rising)
	case "ARG_MAX(x, y)":
		return one(falling)
	case "TOP_BY(x, y, 3)":
		return array(falling, 3)
	case "TOP_BY(x, y, 1)":
		return array(falling, 1)
	case "COUNT(DISTINCT x)":
		byValue := slices.SortedFunc(slices.Values(events), func(a, b occurrence) int { return expr.Compare(a.x, b.x) })
		return show(expr.OfInteger(int64(len(slices.CompactFunc(byValue, func(a, b occurrence) bool { return expr.Equal(a.x, b.x) })))))
	case "BOOL_AND(x)", "BOOL_OR(x)":
		var truths []bool
		for _, e := range events {
			if e.x.Kind() == expr.Boolean {
				truths = append(truths, e.x.Boolean())
			}
		}
		if len(truths) == 0 {
			return show(expr.Value{})
		}
		return show(expr.OfBoolean(slices.Contains(truths, true) && (call == "BOOL_OR(x)" || !slices.Contains(truths, false))))
	}
	return "", false
}

// plainSum adds as fractions.
func plainSum(events []occurrence) expr.Value {
	total, scale, some := new(big.Rat), -1, false
	for _, e := range events {
		if k := e.x.Kind(); k != expr.Integer && k != expr.Decimal {
			continue
		}
		some = true
		x, _ := new(big.Rat).SetString(string(expr.AppendJSON(nil, e.x)))
		total.Add(total, x)
		if e.x.Kind() == expr.Decimal {
			_, _, s := e.x.Decimal()
			scale = max(scale, s)
		}
	}
	f, _ := total.Float64()
	switch digits := strings.Replace(total.FloatString(max(0, scale)), ".", "", 1); {
	case !some:
		return expr.Value{}
	case scale < 0 && total.Num().IsInt64():
		return expr.OfInteger(total.Num().Int64())
	case scale < 0 || len(strings.TrimLeft(digits, "-0")) > 38:
		return expr.OfDouble(f)
	default:
		n, _ := new(big.Int).SetString(digits, 10)
		low := new(big.Int).And(n, new(big.Int).SetUint64(1<<64-1)).Uint64()
		return expr.OfDecimal(new(big.Int).Rsh(n, 64).Int64(), low, 38, scale)
	}
}
