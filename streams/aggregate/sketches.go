package aggregate

import (
	"github.com/edgedhq/edged/streams/aggregate/sketch"
	"github.com/edgedhq/edged/streams/expr"
)

// distinct counts values that differ, by their digests. The object is a digests.
type distinct struct{}

type digests struct{ sketch.Distinct }

func (d *digests) bytes() int { return d.Bytes() }
func (d *digests) reset()     { d.Reset() }

func (distinct) words() int  { return 0 }
func (distinct) grows() bool { return true }

func (distinct) object(o *object) *digests {
	d, ok := (*o).(*digests)
	if !ok {
		d = new(digests)
		*o = d
	}
	return d
}

func (s distinct) fold(_ []uint64, o *object, args []expr.Value, _ *Stamp) bool {
	s.object(o).Put(expr.Hash(args[0]))
	return true
}

// append writes what Distinct.Append does.
func (s distinct) append(dst []byte, _ []uint64, o object) []byte { return s.object(&o).Append(dst) }

func (s distinct) merge(_ []uint64, o *object, r *sketch.Reader) { s.object(o).Merge(r) }

func (s distinct) result(_ []uint64, o object, _ *Call, _ *expr.Arena) (expr.Value, float64) {
	n, estimated := s.object(&o).Count()
	return expr.OfInteger(int64(n)), estimated
}

// quantiles are of numbers, as DOUBLE. The object is a bins.
type quantiles struct{}

type bins struct{ sketch.Quantiles }

func (b *bins) bytes() int { return b.Bytes() }
func (b *bins) reset()     { b.Reset() }

func (quantiles) words() int  { return 0 }
func (quantiles) grows() bool { return true }

func (quantiles) object(o *object) *bins {
	b, ok := (*o).(*bins)
	if !ok {
		b = new(bins)
		*o = b
	}
	return b
}

func (s quantiles) fold(_ []uint64, o *object, args []expr.Value, _ *Stamp) bool {
	x, ok := args[0].Number()
	if ok {
		s.object(o).Add(x)
	}
	return ok
}

// append writes what Quantiles.Append does.
func (s quantiles) append(dst []byte, _ []uint64, o object) []byte { return s.object(&o).Append(dst) }

func (s quantiles) merge(_ []uint64, o *object, r *sketch.Reader) { s.object(o).Merge(r) }

func (s quantiles) result(_ []uint64, o object, c *Call, _ *expr.Arena) (expr.Value, float64) {
	x, ok := s.object(&o).Quantile(c.share)
	if !ok {
		return expr.Value{}, 0
	}
	return expr.OfDouble(x), sketch.QuantilesError
}
