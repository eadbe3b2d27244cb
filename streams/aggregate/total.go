package aggregate

import (
	"math/big"

	"github.com/edgedhq/edged/streams/expr"
)

// result is SUM or AVG: INTEGER or DECIMAL while only those were met and the digits suffice, else
// DOUBLE. An average of INTEGERs is DOUBLE, one of DECIMALs has six digits of a fraction at least, as
// the operator / gives.
func (s sum) result(w []uint64, o object, c *Call, _ *expr.Arena) (expr.Value, float64) {
	n := w[sumCount]
	if n == 0 {
		return expr.Value{}, 0
	}
	x, scale := exact{w[sumHigh], w[sumLow]}, s.scale(w)
	total, whole := x.big(), int64(x.hi) == int64(x.lo)>>63
	if b := spilled(&o); b != nil {
		total.Set(&b.Int)
		whole = total.IsInt64()
		x.lo = uint64(total.Int64())
	}
	average := c.of.name == "AVG"
	switch {
	case w[sumSeen]&doubleSeen != 0:
		f := s.doubles(w).plus(nearest(total, scale)).value()
		if average {
			f /= float64(n)
		}
		return expr.OfDouble(f), 0
	case w[sumSeen] != 0 && average:
		v, ok := quotient(total, n, scale)
		if !ok {
			v = expr.OfDouble(nearest(total, scale) / float64(n))
		}
		return v, 0
	case w[sumSeen] != 0:
		v, ok := decimalOf(total, scale)
		if !ok {
			v = expr.OfDouble(nearest(total, scale))
		}
		return v, 0
	case average:
		f, _ := new(big.Rat).SetFrac(total, new(big.Int).SetUint64(n)).Float64()
		return expr.OfDouble(f), 0
	case whole:
		return expr.OfInteger(int64(x.lo)), 0
	}
	return expr.OfDouble(nearest(total, 0)), 0
}

// nearest is the DOUBLE nearest to an exact number.
func nearest(total *big.Int, scale int) float64 {
	f, _ := new(big.Rat).SetFrac(total, tenTo(scale)).Float64()
	return f
}

// decimalOf gives a DECIMAL, if 38 digits suffice.
func decimalOf(total *big.Int, scale int) (expr.Value, bool) {
	if new(big.Int).Abs(total).Cmp(tenTo(digitsMax)) >= 0 {
		return expr.Value{}, false
	}
	x, _ := exactOfBig(total)
	return expr.OfDecimal(int64(x.hi), x.lo, digitsMax, scale), true
}

// digitsMax is the most digits that a DECIMAL has; averageScale is the least scale of an average.
const (
	digitsMax    = 38
	averageScale = 6
)

// quotient divides, rounded half away from zero.
func quotient(total *big.Int, n uint64, scale int) (expr.Value, bool) {
	to := max(scale, averageScale)
	by := new(big.Int).SetUint64(n)
	top := new(big.Int).Mul(total, tenTo(to-scale))
	q, rest := top.QuoRem(top, by, new(big.Int))
	if rest.Abs(rest); rest.Cmp(by.Sub(by, rest)) >= 0 {
		q.Add(q, big.NewInt(int64(total.Sign())))
	}
	return decimalOf(q, to)
}
