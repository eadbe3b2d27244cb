package aggregate

import (
	"github.com/edgedhq/edged/streams/aggregate/sketch"
	"github.com/edgedhq/edged/streams/expr"
)

// truths says which truths were met, in one word.
type truths struct{}

const (
	metTrue  = 1
	metFalse = 2
)

func (truths) words() int  { return 1 }
func (truths) grows() bool { return false }

func (truths) fold(w []uint64, _ *object, args []expr.Value, _ *Stamp) bool {
	switch v := &args[0]; {
	case v.Kind() != expr.Boolean:
		return false
	case v.Boolean():
		w[0] |= metTrue
	default:
		w[0] |= metFalse
	}
	return true
}

// append writes a byte.
func (truths) append(dst []byte, w []uint64, _ object) []byte { return append(dst, byte(w[0])) }

func (truths) merge(w []uint64, _ *object, r *sketch.Reader) {
	b := r.Byte()
	if b > metTrue|metFalse {
		r.Fail()
	}
	w[0] |= uint64(b)
}

func (truths) result(w []uint64, _ object, c *Call, _ *expr.Arena) (expr.Value, float64) {
	switch {
	case w[0] == 0:
		return expr.Value{}, 0
	case c.of.name == "BOOL_AND":
		return expr.OfBoolean(w[0]&metFalse == 0), 0
	}
	return expr.OfBoolean(w[0]&metTrue != 0), 0
}
