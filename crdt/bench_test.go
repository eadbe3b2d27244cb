package crdt

import (
	"fmt"
	"testing"

	"github.com/edgedhq/edged"
)

// deltaOf is the delta of a request, made on a value that is left as it was.
func deltaOf(tb testing.TB, typ Type, v Value, at Place, body string) []byte {
	tb.Helper()
	ops, err := typ.Ops([]byte(body))
	if err != nil {
		tb.Fatal(err)
	}
	copied, err := typ.Parse(v.AppendTo(nil), Limits{})
	if err != nil {
		tb.Fatal(err)
	}
	change := copied.Begin(at)
	if err := change.Do(ops); err != nil {
		tb.Fatal(err)
	}
	return change.AppendDelta(nil)
}

func counterOf(origins int) *counter {
	c := &counter{}
	for i := range origins {
		c.rows.merge(rows{{origin: numbered(i), tally: tally{plus: 1000, minus: 10}}})
	}
	return c
}

func setOf(tb testing.TB, elements int) *set {
	s := newSet()
	for i := range elements {
		at := Place{Dot: Dot{originOf("a"), edged.Sequence(i + 1)}}
		if err := s.Fold(at, deltaOf(tb, setType{}, newSet(), at, fmt.Sprintf(`{"add":["user-%06d"]}`, i))); err != nil {
			tb.Fatal(err)
		}
	}
	return s
}

func BenchmarkCounterFold(b *testing.B) {
	c := counterOf(10)
	at := Place{Dot: Dot{numbered(7), 1001}}
	delta := deltaOf(b, counterType{}, c, at, `{"increment":1}`)
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Fold(at, delta); err != nil {
			b.Fatal(err)
		}
	}
}

// One update as a node does it: read, change, write, with the answer.
func BenchmarkCounterUpdate(b *testing.B) {
	state := counterOf(3).AppendTo(nil)
	ops, _ := counterType{}.Ops([]byte(`{"increment":1}`))
	var room []byte
	b.ReportAllocs()
	for b.Loop() {
		c, _ := counterType{}.Parse(state, Limits{})
		change := c.Begin(Place{Dot: Dot{numbered(1), 7}})
		if err := change.Do(ops); err != nil {
			b.Fatal(err)
		}
		room = c.AppendTo(c.AppendJSON(change.AppendDelta(room[:0])))
	}
}

func BenchmarkCounterOps(b *testing.B) {
	body := []byte(`{"increment":5}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (counterType{}).Ops(body); err != nil {
			b.Fatal(err)
		}
	}
}

// An element comes into 1,000 others and goes again.
func BenchmarkSetFold(b *testing.B) {
	s := setOf(b, 1000)
	at := Place{Dot: Dot{originOf("b"), 1}}
	add := deltaOf(b, setType{}, s, at, `{"add":["user-000500x"]}`)
	if err := s.Fold(at, add); err != nil {
		b.Fatal(err)
	}
	next := Place{Dot: Dot{originOf("b"), 2}}
	remove := deltaOf(b, setType{}, s, next, `{"remove":["user-000500x"]}`)
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Fold(next, remove); err != nil {
			b.Fatal(err)
		}
		if err := s.Fold(at, add); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSetParse(b *testing.B) {
	state := setOf(b, 1000).AppendTo(nil)
	b.SetBytes(int64(len(state)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (setType{}).Parse(state, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSetAppend(b *testing.B) {
	s := setOf(b, 1000)
	var room []byte
	b.ReportAllocs()
	for b.Loop() {
		room = s.AppendJSON(s.AppendTo(room[:0]))
	}
}

func BenchmarkRegisterUpdate(b *testing.B) {
	ops, _ := registerType{}.Ops([]byte(`{"assign":{"lat":59.9,"lon":10.7,"name":"Oslo"}}`))
	g := newRegister()
	at := Place{Dot: Dot{originOf("a"), 1}}
	b.ReportAllocs()
	for b.Loop() {
		at.Sequence++
		change := g.Begin(at)
		if err := change.Do(ops); err != nil {
			b.Fatal(err)
		}
		change.AppendDelta(nil)
	}
}

// Nothing is kept of a counter's delta but its numbers.
func TestCounterFoldTakesLittle(t *testing.T) {
	c := counterOf(10)
	at := Place{Dot: Dot{numbered(7), 1001}}
	delta := deltaOf(t, counterType{}, c, at, `{"increment":1}`)
	if n := testing.AllocsPerRun(100, func() { _ = c.Fold(at, delta) }); n > 2 {
		t.Errorf("folding a counter's delta allocates %v times", n)
	}
}
