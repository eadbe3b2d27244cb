package expr

import (
	"math"
	"math/bits"
	"strconv"
)

// digitsMax is the most digits that a DECIMAL has.
const digitsMax = 38

// decimal is an exact number: magnitude / 10^scale, with a sign. An INTEGER is one too.
type decimal struct {
	magnitude wide // below 2^128, but within a computation
	scale     int
	negative  bool
}

// decimal is an INTEGER or a DECIMAL as an exact number.
func (v Value) decimal() decimal {
	hi, lo := v.size, v.bits
	if v.kind == Integer {
		hi = uint64(int64(lo) >> 63)
	}
	d := decimal{scale: int(v.scale)}
	if int64(hi) < 0 {
		d.negative = true
		var borrow uint64
		lo, borrow = bits.Sub64(0, lo, 0)
		hi, _ = bits.Sub64(0, hi, borrow)
	}
	d.magnitude = wideOf(hi, lo)
	return d
}

// value gives a DECIMAL, and whether the number has at most precision digits.
func (d decimal) value(precision int) (Value, bool) {
	if !d.fits(precision) {
		return Value{}, false
	}
	hi, lo := d.magnitude[1], d.magnitude[0]
	if d.negative {
		var borrow uint64
		lo, borrow = bits.Sub64(0, lo, 0)
		hi, _ = bits.Sub64(0, hi, borrow)
	}
	return OfDecimal(int64(hi), lo, precision, d.scale), true
}

// fits says whether the number has at most so many digits.
func (d decimal) fits(precision int) bool {
	limit, _ := wide{1}.timesPower(precision)
	return d.magnitude.compare(limit) < 0
}

// trim drops the zeros at the end of the fraction.
func (d decimal) trim() decimal {
	for d.scale > 0 {
		q, r := d.magnitude.by(10)
		if r != 0 {
			return d
		}
		d.magnitude = q
		d.scale--
	}
	return d
}

// integer gives the number as an INTEGER, if it is one.
func (d decimal) integer() (int64, bool) {
	d = d.trim()
	switch m := d.magnitude; {
	case d.scale > 0 || m.len() > 64:
		return 0, false
	case d.negative:
		return int64(-m[0]), m[0] <= 1<<63
	default:
		return int64(m[0]), m[0] < 1<<63
	}
}

// rescale gives the number with another scale, rounded half away from zero, and whether it fits.
func (d decimal) rescale(scale int) (decimal, bool) {
	fits := true
	if d.magnitude.zero() {
		d.scale = scale // however far
	}
	if scale >= d.scale {
		d.magnitude, fits = d.magnitude.timesPower(scale - d.scale)
	} else {
		d.magnitude = shorten(d.magnitude, d.scale-scale)
	}
	d.scale = scale
	return d, fits
}

// shorten divides by 10^n, n > 0, rounded half away from zero: the first digit dropped decides.
func shorten(w wide, n int) wide {
	for n--; n > 0; n -= 19 {
		w, _ = w.by(powers[min(n, 19)])
	}
	w, digit := w.by(10)
	if digit >= 5 {
		w = w.plus(wide{1})
	}
	return w
}

// compare orders exact numbers.
func (d decimal) compare(x decimal) int {
	if d.negative != x.negative {
		switch {
		case d.magnitude.zero() && x.magnitude.zero():
			return 0
		case d.negative:
			return -1
		}
		return 1
	}
	d.magnitude, _ = d.magnitude.timesPower(max(0, x.scale-d.scale))
	x.magnitude, _ = x.magnitude.timesPower(max(0, d.scale-x.scale))
	if d.negative {
		return x.magnitude.compare(d.magnitude)
	}
	return d.magnitude.compare(x.magnitude)
}

// compareDouble orders an exact number and a finite DOUBLE, exactly.
func (d decimal) compareDouble(f float64) int {
	if d.negative {
		d.negative = false
		return -d.compareDouble(-f)
	}
	if near := d.float(); near != f || f == 0 {
		switch {
		case near < f:
			return -1
		case near > f || !d.magnitude.zero():
			return 1
		}
		return 0
	}
	// Both are near, so that the products below stay under 256 bits.
	fraction, exponent := math.Frexp(f)
	m, e := wide{uint64(math.Ldexp(fraction, 53))}, exponent-53
	m, _ = m.timesPower(d.scale)
	if e < 0 {
		return d.magnitude.left(-e).compare(m)
	}
	return d.magnitude.compare(m.left(e))
}

// float is the nearest DOUBLE, of two the even one.
func (d decimal) float() float64 {
	f := 0.0
	if m := d.magnitude; m.len() <= 53 && d.scale <= 22 {
		f = float64(m[0]) / exact[d.scale]
	} else {
		var text [digitsMax + 48]byte
		f, _ = strconv.ParseFloat(view(d.appendDigits(text[:0], true)), 64)
	}
	if d.negative {
		return -f
	}
	return f
}

// exact are the powers of ten that a DOUBLE holds exactly.
var exact = [23]float64{ // read-only
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// append writes the number with all digits of its scale.
func (d decimal) append(dst []byte) []byte {
	if d.negative && !d.magnitude.zero() {
		dst = append(dst, '-')
	}
	return d.appendDigits(dst, true)
}

// appendDigits writes the digits, with the point or without it and the zeros before.
func (d decimal) appendDigits(dst []byte, point bool) []byte {
	var out [80]byte // the longest number of 256 bits has 78 digits
	at := len(out)
	for m := d.magnitude; !m.zero() || len(out)-at <= d.scale && point; {
		var r uint64
		m, r = m.by(10)
		at--
		out[at] = '0' + byte(r)
	}
	if !point || d.scale == 0 {
		return append(dst, out[at:]...)
	}
	whole := len(out) - d.scale
	dst = append(dst, out[at:whole]...)
	dst = append(dst, '.')
	return append(dst, out[whole:]...)
}
