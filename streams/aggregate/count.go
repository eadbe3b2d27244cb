package aggregate

import (
	"encoding/binary"

	"github.com/edgedhq/edged/streams/aggregate/sketch"
	"github.com/edgedhq/edged/streams/expr"
)

// count is that of events, or of values that are not NULL: one word.
type count struct{}

func (count) words() int  { return 1 }
func (count) grows() bool { return false }

func (count) fold(w []uint64, _ *object, _ []expr.Value, _ *Stamp) bool {
	w[0]++
	return true
}

// append writes the count as a varint.
func (count) append(dst []byte, w []uint64, _ object) []byte { return binary.AppendUvarint(dst, w[0]) }

func (count) merge(w []uint64, _ *object, r *sketch.Reader) { w[0] += r.Below(sketch.CountEnd) }

func (count) result(w []uint64, _ object, _ *Call, _ *expr.Arena) (expr.Value, float64) {
	return expr.OfInteger(int64(w[0])), 0
}
