package aggregate

import (
	"github.com/edgedhq/edged/streams/aggregate/sketch"
	"github.com/edgedhq/edged/streams/expr"
)

// state is how one kind of aggregate is held in a cell: in words of fixed number, and for kinds that
// grow in an object beside them. The zero words and a nil object, or one that was reset, are empty.
type state interface {
	// words is how many words the state takes; grows says whether it may need the object.
	words() int
	grows() bool

	// fold takes in an event whose arguments are not NULL, and says whether it could: false, if an
	// argument is of a wrong type.
	fold(w []uint64, o *object, args []expr.Value, at *Stamp) bool

	// append writes the state.
	append(dst []byte, w []uint64, o object) []byte

	// merge reads what append wrote and takes it in. After a fault of the reader the state is
	// anything.
	merge(w []uint64, o *object, r *sketch.Reader)

	// result computes what a call gives, and how far it may be off, relative; 0 is exact. Texts are
	// made in text.
	result(w []uint64, o object, c *Call, text *expr.Arena) (expr.Value, float64)
}

// object is what grows.
type object interface {
	bytes() int // of memory, about
	reset()     // empties it; its memory may be kept
}

// Layout says where the states of a cell lie.
type Layout struct {
	inputs  []input
	states  []place // of all inputs, as they are written
	calls   []reading
	words   int
	objects int
}

// input are the states that one input feeds: states[from:to].
type input struct{ from, to int }

// place is where a state lies.
type place struct {
	state
	word, wordEnd int
	object        int // -1 if the state does not grow
}

// reading is where a call finds its state.
type reading struct {
	call  Call
	state int
}

// NewLayout places the states of calls. An input is what is folded together: equal arguments and an
// equal FILTER, numbered from 0 without a hole; inputs[i] is that of call i. Calls on one input share
// what they can.
func NewLayout(calls []Call, inputs []int) *Layout {
	l := &Layout{calls: make([]reading, len(calls))}
	for in, more := 0, true; more; in++ {
		from := len(l.states)
		more = false
		for i := range calls {
			if inputs[i] == in {
				l.calls[i] = reading{calls[i], l.share(calls, inputs, i, from)}
			}
			more = more || inputs[i] > in
		}
		l.inputs = append(l.inputs, input{from, len(l.states)})
	}
	return l
}

// share finds the state of a call among those of its input, or makes it, large enough for all calls
// that share it.
func (l *Layout) share(calls []Call, inputs []int, i, from int) int {
	of := calls[i].of.of
	n := 0
	for j := range calls {
		if inputs[j] == inputs[i] && calls[j].of.of == of {
			if j < i {
				return l.calls[j].state
			}
			n = max(n, calls[j].n)
		}
	}
	l.add(calls[i].of.state(n))
	return len(l.states) - 1
}

func (l *Layout) add(s state) {
	p := place{state: s, word: l.words, wordEnd: l.words + s.words(), object: -1}
	l.words = p.wordEnd
	if s.grows() {
		p.object = l.objects
		l.objects++
	}
	l.states = append(l.states, p)
}
