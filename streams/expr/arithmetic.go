package expr

import (
	"math"
	"math/bits"
)

// arithmetic computes a op b, where op is + - * / % or, for DIV, \, and says whether the kinds go
// together. What no number can be, as a division by zero, is NULL.
func arithmetic(op byte, a, b Value) (Value, bool) {
	switch {
	case a.kind == Integer && b.kind == Integer:
		return integers(op, int64(a.bits), int64(b.bits)), true
	case a.kind == Null || b.kind == Null:
		return Value{}, true
	case !a.kind.number() || !b.kind.number():
		return times(op, a, b)
	case a.kind == Double || b.kind == Double:
		x, _ := a.Number()
		y, _ := b.Number()
		return OfDouble(doubles(op, x, y)), true
	}
	if v, ok := decimals(op, a.decimal(), b.decimal()); ok {
		return v, true
	}
	x, _ := a.Number()
	y, _ := b.Number()
	return OfDouble(doubles(op, x, y)), true
}

// integers goes on as DOUBLE where the result has more than 64 bits.
func integers(op byte, a, b int64) Value {
	switch op {
	case '+':
		if c := a + b; (c > a) == (b > 0) {
			return OfInteger(c)
		}
	case '-':
		if c := a - b; (c < a) == (b > 0) {
			return OfInteger(c)
		}
	case '*':
		if c, ok := multiply(a, b); ok {
			return OfInteger(c)
		}
	case '%':
		if b == 0 {
			return Value{}
		}
		return OfInteger(a % b)
	case '\\':
		if b == 0 {
			return Value{}
		}
		if a != math.MinInt64 || b != -1 {
			return OfInteger(a / b)
		}
	}
	return OfDouble(doubles(op, float64(a), float64(b)))
}

// multiply gives the product, and whether it fits.
func multiply(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	hi -= uint64(a>>63)&uint64(b) + uint64(b>>63)&uint64(a) // from unsigned to signed
	return int64(lo), int64(hi) == int64(lo)>>63
}

// doubles computes with DOUBLEs; division by zero gives no number.
func doubles(op byte, a, b float64) float64 {
	switch op {
	case '+':
		return a + b
	case '-':
		return a - b
	case '*':
		return float64(a * b)
	case '/':
		return a / b
	case '%':
		return math.Mod(a, b)
	}
	return math.Trunc(a / b)
}

// quotientScale is the least scale of a DECIMAL divided.
const quotientScale = 6

// decimals computes exactly, and rounds quotients; ok is false where 38 digits are not enough.
func decimals(op byte, a, b decimal) (Value, bool) {
	switch op {
	case '*':
		p := decimal{magnitude: product(a.magnitude, b.magnitude), scale: a.scale + b.scale, negative: a.negative != b.negative}
		if p.scale > digitsMax {
			p, _ = p.rescale(digitsMax)
		}
		return p.value(digitsMax)
	case '/':
		return quotient(a, b, max(a.scale, b.scale, quotientScale))
	}
	scale := max(a.scale, b.scale)
	a, fitsA := a.rescale(scale)
	b, fitsB := b.rescale(scale)
	if !fitsA || !fitsB {
		return Value{}, false
	}
	if op == '+' || op == '-' {
		b.negative = b.negative != (op == '-')
		return a.plus(b).value(digitsMax)
	}
	if b.magnitude.zero() {
		return Value{}, true
	}
	q, r := a.magnitude.divide(b.magnitude)
	if op == '%' {
		return decimal{magnitude: r, scale: scale, negative: a.negative}.value(digitsMax)
	}
	return decimal{magnitude: q, negative: a.negative != b.negative}.value(digitsMax)
}

// plus adds numbers of one scale.
func (d decimal) plus(x decimal) decimal {
	switch {
	case d.negative == x.negative:
		d.magnitude = d.magnitude.plus(x.magnitude)
	case d.magnitude.compare(x.magnitude) >= 0:
		d.magnitude = d.magnitude.minus(x.magnitude)
	default:
		x.magnitude = x.magnitude.minus(d.magnitude)
		return x
	}
	return d
}

// quotient divides to so many digits of a fraction, rounded half away from zero.
func quotient(a, b decimal, scale int) (Value, bool) {
	if b.magnitude.zero() {
		return Value{}, true
	}
	top, fits := a.magnitude.timesPower(scale + b.scale - a.scale)
	if !fits {
		return Value{}, false
	}
	q, r := top.divide(b.magnitude)
	if r.compare(b.magnitude.minus(r)) >= 0 {
		q = q.plus(wide{1})
	}
	return decimal{magnitude: q, scale: scale, negative: a.negative != b.negative}.value(digitsMax)
}

// negate gives -v, and whether v is a number or an interval.
func negate(v Value) (Value, bool) {
	switch v.kind {
	case Null:
		return v, true
	case Integer:
		return integers('-', 0, int64(v.bits)), true
	case Double:
		return OfDouble(-v.Double()), true
	case Decimal:
		d := v.decimal()
		d.negative = !d.negative
		return d.value(digitsMax)
	case Interval:
		return OfInterval(-int64(v.bits)), int64(v.bits) != math.MinInt64
	}
	return Value{}, false
}

// times computes with TIMESTAMPs and INTERVALs; what leaves their range is NULL.
func times(op byte, a, b Value) (Value, bool) {
	x, y := int64(a.bits), int64(b.bits)
	switch {
	case op == '+' && a.kind == Interval && b.kind == Timestamp:
		return times(op, b, a)
	case (op == '+' || op == '-') && b.kind == Interval && (a.kind == Timestamp || a.kind == Interval):
		return inRange(a.kind, integers(op, x, y)), true
	case op == '-' && a.kind == Timestamp && b.kind == Timestamp:
		return inRange(Interval, integers(op, x, y)), true
	case op == '*' && a.kind.number() && b.kind == Interval:
		return times(op, b, a)
	case (op == '*' || op == '/') && a.kind == Interval && b.kind.number():
		if op == '*' && b.kind == Integer {
			return inRange(Interval, integers(op, x, y)), true
		}
		f, _ := b.Number()
		return inRange(Interval, OfDouble(math.RoundToEven(doubles(op, float64(x), f)))), true
	case op == '/' && a.kind == Interval && b.kind == Interval:
		return OfDouble(float64(x) / float64(y)), true
	}
	return Value{}, false
}

// inRange gives a number of nanoseconds as a time, or NULL if it is too large for one.
func inRange(kind Kind, v Value) Value {
	if v.kind == Double {
		i, ok := integerOf(v.Double())
		if !ok {
			return Value{}
		}
		v = OfInteger(i)
	}
	if v.kind == Integer {
		v.kind = kind
	}
	return v
}
