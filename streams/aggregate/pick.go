package aggregate

import (
	"github.com/edgedhq/edged/streams/aggregate/sketch"
	"github.com/edgedhq/edged/streams/expr"
)

// pick is the value of one event: the first or last by stamp, or that of the least or largest by, of
// equals the first. The object is a kept.
type pick struct {
	sign int  // 1 for what is larger, -1 for what is less
	by   bool // by the second argument
}

func (pick) words() int  { return 0 }
func (pick) grows() bool { return true }

// args is how many arguments there are.
func (p pick) args() int {
	if p.by {
		return 2
	}
	return 1
}

func (p pick) fold(_ []uint64, o *object, args []expr.Value, at *Stamp) bool {
	k, ok := (*o).(*kept)
	if !ok {
		k = new(kept)
		*o = k
	}
	if len(k.data) == 0 || p.better(k, args, at) {
		k.set(args, at)
	}
	return true
}

// better says whether an event takes the place of what is kept.
func (p pick) better(k *kept, args []expr.Value, at *Stamp) bool {
	if !p.by {
		return p.sign*at.Compare(&k.stamp) > 0
	}
	c := p.sign * expr.Compare(args[1], k.by)
	return c > 0 || c == 0 && at.Compare(&k.stamp) < 0
}

// append writes
//
//	00                            nothing
//	01 | value | by | stamp       as kept.append
func (pick) append(dst []byte, _ []uint64, o object) []byte {
	k, ok := o.(*kept)
	if !ok || len(k.data) == 0 {
		return append(dst, 0)
	}
	return k.append(append(dst, 1), &Stamp{})
}

func (p pick) merge(w []uint64, o *object, r *sketch.Reader) {
	if r.Below(2) == 0 {
		return
	}
	var args [2]expr.Value
	at := readKept(r, args[:p.args()], &Stamp{})
	if r.Err() == nil {
		p.fold(w, o, args[:p.args()], &at)
	}
}

func (pick) result(_ []uint64, o object, _ *Call, text *expr.Arena) (expr.Value, float64) {
	k, ok := o.(*kept)
	if !ok || len(k.data) == 0 {
		return expr.Value{}, 0
	}
	return copied(k.value, text), 0
}
