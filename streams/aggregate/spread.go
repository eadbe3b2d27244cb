package aggregate

import (
	"encoding/binary"
	"math"
	"strings"

	"github.com/edgedhq/edged/streams/aggregate/sketch"
	"github.com/edgedhq/edged/streams/expr"
)

// spread is how far numbers lie from their mean, all as DOUBLE: the count, the mean, and the sum of the
// squares of the distances, kept up to date one by one (Welford, 1962) and joined pairwise (Chan, Golub,
// LeVeque, 1979). Past the range of DOUBLE both are NaN for good.
type spread struct{}

func (spread) words() int  { return 3 }
func (spread) grows() bool { return false }

func (s spread) fold(w []uint64, _ *object, args []expr.Value, _ *Stamp) bool {
	x, ok := args[0].Number()
	if !ok {
		return false
	}
	w[0]++
	mean, squares := s.read(w)
	from := x - mean
	mean += from / float64(w[0])
	s.write(w, mean, squares+float64(from*(x-mean)))
	return true
}

func (spread) read(w []uint64) (mean, squares float64) {
	return math.Float64frombits(w[1]), math.Float64frombits(w[2])
}

func (spread) write(w []uint64, mean, squares float64) {
	if mean-mean != 0 || squares-squares != 0 {
		mean, squares = math.NaN(), math.NaN()
	}
	w[1], w[2] = math.Float64bits(mean+0), math.Float64bits(squares+0)
}

// append writes
//
//	count | mean, 8 B | squares, 8 B     the latter two only if there were any
func (s spread) append(dst []byte, w []uint64, _ object) []byte {
	dst = binary.AppendUvarint(dst, w[0])
	if w[0] == 0 {
		return dst
	}
	mean, squares := s.read(w)
	return sketch.AppendDouble(sketch.AppendDouble(dst, mean), squares)
}

func (s spread) merge(w []uint64, _ *object, r *sketch.Reader) {
	n := r.Below(sketch.CountEnd)
	if n == 0 {
		return
	}
	mean, squares := r.Double(), r.Double()
	if (mean != mean) != (squares != squares) || squares < 0 {
		r.Fail()
	}
	before := w[0]
	if w[0] += n; before == 0 {
		s.write(w, mean, squares)
		return
	}
	heldMean, heldSquares := s.read(w)
	from, part := mean-heldMean, float64(n)/float64(w[0])
	squares += heldSquares + float64(float64(from*from)*float64(float64(before)*part))
	s.write(w, heldMean+float64(from*part), squares)
}

func (s spread) result(w []uint64, _ object, c *Call, _ *expr.Arena) (expr.Value, float64) {
	n := w[0]
	if strings.HasSuffix(c.of.name, "_SAMP") && n > 0 {
		n--
	}
	if n == 0 {
		return expr.Value{}, 0
	}
	_, squares := s.read(w)
	v := squares / float64(n)
	if strings.HasPrefix(c.of.name, "STDDEV") {
		v = math.Sqrt(v)
	}
	return expr.OfDouble(v), 0
}
