package aggregate

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/expr"
)

// catalogueCalls are all aggregates. Their inputs are 0: none, 1: x, 2: x and by.
var catalogueCalls = []string{ // read-only
	"COUNT(*)", "COUNT(x)", "SUM(x)", "AVG(x)", "MIN(x)", "MAX(x)", "BOOL_AND(x)", "BOOL_OR(x)",
	"VAR_POP(x)", "VAR_SAMP(x)", "STDDEV_POP(x)", "STDDEV_SAMP(x)", "FIRST(x)", "LAST(x)", "COUNT(DISTINCT x)",
	"QUANTILE(x, 0.9)", "MEDIAN(x)", "TOPK(x, 3)", "COLLECT(x, 4)", "COLLECT(x, 2)",
	"ARG_MIN(x, y)", "ARG_MAX(x, y)", "TOP_BY(x, y, 3)", "TOP_BY(x, y, 1)",
}

// occurrence is an event as aggregates see it.
type occurrence struct {
	x, y expr.Value
	at   Stamp
}

func (e *occurrence) fold(c *Cells, place uint32) {
	c.Fold(place, 0, nil, &e.at)
	c.Fold(place, 1, []expr.Value{e.x}, &e.at)
	c.Fold(place, 2, []expr.Value{e.x, e.y}, &e.at)
}

func newRand(of ...uint64) *rand.Rand { return rand.New(rand.NewPCG(of[0], of[len(of)-1])) }

// world makes events.
type world struct {
	*rand.Rand
	doubles bool // some numbers are DOUBLE
	last    [4]edged.Sequence
}

func (w *world) occurrences(n int) []occurrence {
	out := make([]occurrence, n)
	for i := range out {
		log := w.IntN(len(w.last))
		w.last[log]++
		out[i] = occurrence{x: w.value(), y: w.value(), at: Stamp{
			Time: int64(w.IntN(5)) - 2, HLC: edged.Timestamp{Wall: int64(i), Logical: uint32(w.IntN(3))},
			Origin: edged.OriginID{byte(log / 2)}, Input: uint8(log % 2), Sequence: w.last[log],
		}}
	}
	return out
}

func (w *world) value() expr.Value {
	switch w.IntN(14) {
	case 0:
		return expr.Value{}
	case 1:
		return expr.OfBoolean(w.IntN(2) == 0)
	case 2:
		return expr.OfString(strings.Repeat("a\"", w.IntN(4)))
	case 3:
		return expr.OfTimestamp(int64(w.IntN(9)))
	case 4:
		return expr.OfJSON(fmt.Sprintf(`{"a":%d}`, w.IntN(5)))
	case 5:
		return expr.OfInteger(w.Int64() >> w.IntN(64) * (1 - 2*w.Int64N(2)))
	case 6:
		return expr.OfDecimal(w.Int64()>>(8+w.IntN(56))*(1-2*w.Int64N(2)), w.Uint64(), 38, w.IntN(39))
	case 7, 8:
		return expr.OfDecimal(0, uint64(w.IntN(1000)), 18, 2)
	case 9, 10, 11:
		if w.doubles {
			return expr.OfDouble((w.Float64() - 0.5) * math.Pow(10, float64(w.IntN(20))))
		}
	}
	return expr.OfInteger(int64(w.IntN(40) - 20))
}

func cellsOf(l *Layout, events []occurrence) (*Cells, uint32) {
	c := NewCells(l)
	place := c.Add()
	for i := range events {
		events[i].fold(c, place)
	}
	return c, place
}

// split gives the events of each log.
func split(events []occurrence) [][]occurrence {
	var logs [][]occurrence
	for len(events) > 0 {
		first := events[0].at
		var in, out []occurrence
		for _, e := range events {
			if e.at.sameLog(&first) {
				in = append(in, e)
			} else {
				out = append(out, e)
			}
		}
		logs, events = append(logs, in), out
	}
	slices.SortFunc(logs, func(a, b []occurrence) int {
		return slices.Compare([]byte{a[0].at.Origin[0], a[0].at.Input}, []byte{b[0].at.Origin[0], b[0].at.Input})
	})
	return logs
}

const lawCases = 4_000

// What is exact, and it is all but DOUBLEs, is the same to the byte, whoever folded it.
func TestFoldOfAllIsFoldsOfLogsMerged(t *testing.T) {
	l := NewLayout(calls(t, catalogueCalls...))
	for seed := range uint64(lawCases) {
		w := &world{Rand: newRand(1, seed)}
		events := w.occurrences(w.IntN(40))
		whole, place := cellsOf(l, events)
		merged := NewCells(l)
		at, back := merged.Add(), merged.Add()
		logs := split(events)
		for i := range logs {
			part, place := cellsOf(l, logs[i])
			if err := merged.Merge(at, part.Append(nil, place)); err != nil {
				t.Fatal(err)
			}
			part, place = cellsOf(l, logs[len(logs)-1-i])
			if err := merged.Merge(back, part.Append(nil, place)); err != nil {
				t.Fatal(err)
			}
		}
		for call := range catalogueCalls {
			want, got, other := shown(whole, place, call), shown(merged, at, call), shown(merged, back, call)
			if spreads(call) { // as DOUBLE
				if !near(want, got, 1e-9) || !near(want, other, 1e-9) {
					t.Fatalf("seed %d: %s is %s, merged %s, merged backwards %s", seed, catalogueCalls[call], want, got, other)
				}
				continue
			}
			if want != got || want != other {
				t.Fatalf("seed %d: %s is %s, merged %s, merged backwards %s", seed, catalogueCalls[call], want, got, other)
			}
		}
	}
}

func spreads(call int) bool {
	return strings.HasPrefix(catalogueCalls[call], "VAR") || strings.HasPrefix(catalogueCalls[call], "STDDEV")
}

// shown is a result with its kind, as text.
func shown(c *Cells, place uint32, call int) string {
	var text expr.Arena
	v, estimated := c.Result(place, call, &text)
	return fmt.Sprintf("%s %s %v", v.Kind(), expr.AppendJSON(nil, v), estimated)
}

// near says whether two results differ by rounding only. Numbers with a spread of 1e-30 of their size
// have no digits of it.
func near(a, b string, within float64) bool {
	var kindA, kindB string
	var x, y float64
	if a == b {
		return true
	}
	if n, _ := fmt.Sscan(a, &kindA, &x); n < 2 {
		return false
	}
	if n, _ := fmt.Sscan(b, &kindB, &y); n < 2 {
		return false
	}
	return kindA == kindB && math.Abs(x-y) <= within*math.Max(1, math.Max(math.Abs(x), math.Abs(y)))
}

// DOUBLEs add up alike but for rounding.
func TestDoublesOfLogsAddUp(t *testing.T) {
	l := NewLayout(calls(t, "SUM(x)", "AVG(x)", "VAR_POP(x)", "STDDEV_SAMP(x)"))
	for seed := range uint64(lawCases / 4) {
		w := &world{Rand: newRand(2, seed)}
		whole, merged := NewCells(l), NewCells(l)
		all, at := whole.Add(), merged.Add()
		for range 3 {
			part := NewCells(l)
			place := part.Add()
			for range w.IntN(30) {
				x := []expr.Value{expr.OfDouble(w.NormFloat64() * 1000)}
				whole.Fold(all, 0, x, &Stamp{})
				part.Fold(place, 0, x, &Stamp{})
			}
			if err := merged.Merge(at, part.Append(nil, place)); err != nil {
				t.Fatal(err)
			}
		}
		for call := range 4 {
			if want, got := shown(whole, all, call), shown(merged, at, call); !near(want, got, 1e-12) {
				t.Fatalf("seed %d: call %d is %s, merged %s", seed, call, want, got)
			}
		}
	}
}

// A cell that is written and read between events ends with the bytes of one that is not.
func TestSamePrefixInAnyRunsHasEqualBytes(t *testing.T) {
	l := NewLayout(calls(t, catalogueCalls...))
	for seed := range uint64(lawCases) {
		w := &world{Rand: newRand(3, seed), doubles: true}
		events := w.occurrences(w.IntN(40))
		whole, place := cellsOf(l, events)
		want := whole.Append(nil, place)
		if again := whole.Append(nil, place); !bytes.Equal(again, want) {
			t.Fatalf("seed %d: %x, written again %x", seed, want, again)
		}
		runs := NewCells(l)
		at := runs.Add()
		for i := range events {
			if w.IntN(8) == 0 {
				in := runs.Append(nil, at)
				if w.IntN(2) == 0 { // into a place that was used
					events[0].fold(runs, at)
					runs.Remove(at)
					at = runs.Add()
				}
				if err := runs.Load(at, in); err != nil {
					t.Fatal(err)
				}
				if out := runs.Append(nil, at); !bytes.Equal(in, out) {
					t.Fatalf("seed %d: %x was read as %x", seed, in, out)
				}
				clear(in) // nothing of it is kept
			}
			events[i].fold(runs, at)
		}
		if got := runs.Append(nil, at); !bytes.Equal(got, want) {
			t.Fatalf("seed %d: %x in one run, %x in several", seed, want, got)
		}
	}
}

// Content has one form, in whatever order it came: every aggregate but DOUBLEs.
func TestEqualContentHasEqualBytes(t *testing.T) {
	var texts []string
	for i, text := range catalogueCalls {
		if !spreads(i) {
			texts = append(texts, text)
		}
	}
	l := NewLayout(calls(t, texts...))
	for seed := range uint64(lawCases / 2) {
		w := &world{Rand: newRand(4, seed)}
		events := w.occurrences(w.IntN(40))
		c, place := cellsOf(l, events)
		want := c.Append(nil, place)
		w.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		if c, place = cellsOf(l, events); !bytes.Equal(c.Append(nil, place), want) {
			t.Fatalf("seed %d: %x, in another order %x", seed, want, c.Append(nil, place))
		}
	}
}
