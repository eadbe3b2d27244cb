package aggregate

import (
	"math"

	"github.com/edgedhq/edged/streams/aggregate/sketch"
	"github.com/edgedhq/edged/streams/expr"
)

// extreme is the least (sign -1) or the largest (sign 1) value, and of equal values, as 1 and 1.0, the
// one whose kind comes first. Its words are
//
//	kind, precision << 8, scale << 16 | number; of a DECIMAL its low half | high half
//
// A kind of 0 is no value. The object has the text of texts.
type extreme struct{ sign int }

func (extreme) words() int  { return 3 }
func (extreme) grows() bool { return true }

func (e extreme) fold(w []uint64, o *object, args []expr.Value, _ *Stamp) bool {
	v := args[0]
	if w[0] != 0 {
		held := e.value(w, *o)
		c := e.sign * expr.Compare(v, held)
		if c < 0 || c == 0 && !before(v, held) {
			return true
		}
	}
	switch v.Kind() {
	case expr.String, expr.Bytes, expr.JSON:
		t, ok := (*o).(*text)
		if !ok {
			t = new(text)
			*o = t
		}
		t.data = expr.Append(t.data[:0], v)
		w[0], w[1], w[2] = uint64(v.Kind()), 0, 0
	case expr.Decimal:
		hi, lo, scale := v.Decimal()
		w[0], w[1], w[2] = uint64(expr.Decimal)|uint64(v.Precision())<<8|uint64(scale)<<16, lo, uint64(hi)
	case expr.Double:
		w[0], w[1], w[2] = uint64(expr.Double), math.Float64bits(v.Double()), 0
	case expr.Boolean:
		w[0], w[1], w[2] = uint64(expr.Boolean), 0, 0
		if v.Boolean() {
			w[1] = 1
		}
	default:
		w[0], w[1], w[2] = uint64(v.Kind()), uint64(v.Integer()), 0
	}
	return true
}

// before orders equal values, so that which is kept does not depend on which came first.
func before(v, held expr.Value) bool {
	if v.Kind() != expr.Decimal || held.Kind() != expr.Decimal {
		return v.Kind() < held.Kind()
	}
	_, _, a := v.Decimal()
	_, _, b := held.Decimal()
	return a < b || a == b && v.Precision() < held.Precision()
}

// value is what is held. Its text is the object's.
func (extreme) value(w []uint64, o object) expr.Value {
	switch kind := expr.Kind(w[0]); kind {
	case expr.Boolean:
		return expr.OfBoolean(w[1] != 0)
	case expr.Integer:
		return expr.OfInteger(int64(w[1]))
	case expr.Double:
		return expr.OfDouble(math.Float64frombits(w[1]))
	case expr.Decimal:
		return expr.OfDecimal(int64(w[2]), w[1], int(w[0]>>8&0xff), int(w[0]>>16))
	case expr.Timestamp:
		return expr.OfTimestamp(int64(w[1]))
	case expr.Interval:
		return expr.OfInterval(int64(w[1]))
	case expr.String, expr.Bytes, expr.JSON:
		v, _, _ := expr.Read(o.(*text).data)
		return v
	}
	return expr.Value{}
}

// append writes the value as expr.Append does, NULL for none.
func (e extreme) append(dst []byte, w []uint64, o object) []byte {
	return expr.Append(dst, e.value(w, o))
}

func (e extreme) merge(w []uint64, o *object, r *sketch.Reader) {
	if v := readValue(r); !v.IsNull() {
		e.fold(w, o, []expr.Value{v}, nil)
	}
}

func (e extreme) result(w []uint64, o object, _ *Call, text *expr.Arena) (expr.Value, float64) {
	return copied(e.value(w, o), text), 0
}

// text is a value that is kept as bytes.
type text struct{ data []byte }

func (t *text) bytes() int { return 24 + cap(t.data) }
func (t *text) reset()     { t.data = t.data[:0] }

// readValue reads a value; its text stays where it is.
func readValue(r *sketch.Reader) expr.Value {
	v, rest, err := expr.Read(r.Rest)
	if err != nil {
		r.Fail()
		return expr.Value{}
	}
	r.Rest = rest
	return v
}

// copied gives a value whose text is in the arena.
func copied(v expr.Value, text *expr.Arena) expr.Value {
	write := func(dst []byte) []byte { return append(dst, v.Text()...) }
	switch v.Kind() {
	case expr.String:
		return expr.OfString(text.Write(write))
	case expr.JSON:
		return expr.OfJSON(text.Write(write))
	case expr.Bytes:
		return v.Clone()
	}
	return v
}
