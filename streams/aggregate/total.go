package aggregate

import (
	"math/big"

	"github.com/edgedhq/edged/streams/expr"
)

// result is SUM or AVG: INTEGER or DECIMAL while only those were met and the digits suffice, else
// DOUBLE. An average of INTEGERs is DOUBLE, one of DECIMALs has six digits of a fraction at least, as
// the operator / gives.
func (s sum) result(w []uint64, o object, c *Call, _ *expr.Arena) (expr.Value, float64) {
	x, average := exact{w[sumHigh], w[sumLow]}, c.of.name == "AVG"
	if w[sumCount] == 0 {
		return expr.Value{}, 0
	}
	if spilled(&o) == nil {
		if v, ok := s.short(w, x, average); ok {
			return v, 0
		}
	}
	total := x.big()
	if b := spilled(&o); b != nil {
		total.Add(total, &b.Int)
	}
	return s.long(w, total, average), 0
}

// short computes what needs no more than a word or two, which is nearly always.
func (s sum) short(w []uint64, x exact, average bool) (expr.Value, bool) {
	i := int64(x.lo)
	word := x == exactOf(i)
	const wholeMax = 1 << 53 // up to here a DOUBLE holds each
	switch seen := w[sumSeen]; {
	case seen == doubleSeen && x == exact{}:
		f := s.doubles(w).value()
		if average {
			f /= float64(w[sumCount])
		}
		return expr.OfDouble(f), true
	case seen == 0 && average && word && i <= wholeMax && i >= -wholeMax && w[sumCount] <= wholeMax:
		return expr.OfDouble(float64(i) / float64(w[sumCount])), true
	case seen == 0 && !average && word:
		return expr.OfInteger(i), true
	case seen&doubleSeen == 0 && seen != 0 && !average && word:
		return expr.OfDecimal(int64(x.hi), x.lo, digitsMax, s.scale(w)), true
	}
	return expr.Value{}, false
}

// long computes with as many digits as there are.
func (s sum) long(w []uint64, total *big.Int, average bool) expr.Value {
	scale, n := s.scale(w), w[sumCount]
	switch {
	case w[sumSeen]&doubleSeen != 0:
		f := s.doubles(w).plus(nearest(total, scale)).value()
		if average {
			f /= float64(n)
		}
		return expr.OfDouble(f)
	case w[sumSeen] == 0 && average:
		f, _ := new(big.Rat).SetFrac(total, new(big.Int).SetUint64(n)).Float64()
		return expr.OfDouble(f)
	case w[sumSeen] == 0 && total.IsInt64():
		return expr.OfInteger(total.Int64())
	case w[sumSeen] == 0:
		return expr.OfDouble(nearest(total, 0))
	case average:
		if v, ok := quotient(total, n, scale); ok {
			return v
		}
		return expr.OfDouble(nearest(total, scale) / float64(n))
	}
	if v, ok := decimalOf(total, scale); ok {
		return v
	}
	return expr.OfDouble(nearest(total, scale))
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
