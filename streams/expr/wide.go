package expr

import "math/bits"

// wide is an unsigned number of 256 bits, the lowest 64 first.
type wide [4]uint64

// wideOf gives a number of 128 bits.
func wideOf(hi, lo uint64) wide { return wide{lo, hi} }

// times multiplies by 64 bits, modulo 2^256, and says whether the product fits.
func (w wide) times(x uint64) (wide, bool) {
	var carry uint64
	for i := range w {
		hi, lo := bits.Mul64(w[i], x)
		var c uint64
		w[i], c = bits.Add64(lo, carry, 0)
		carry = hi + c
	}
	return w, carry == 0
}

// timesPower multiplies by 10^n, and says whether the product fits.
func (w wide) timesPower(n int) (wide, bool) {
	fits := true
	for ; n > 0 && fits; n -= 19 {
		w, fits = w.times(powers[min(n, 19)])
	}
	return w, fits
}

// product multiplies two numbers of 128 bits.
func product(a, b wide) wide {
	low, _ := wide{a[0], a[1]}.times(b[0])
	high, _ := wide{0, a[0], a[1]}.times(b[1])
	return low.plus(high)
}

// plus adds, modulo 2^256.
func (w wide) plus(x wide) wide {
	var carry uint64
	for i := range w {
		w[i], carry = bits.Add64(w[i], x[i], carry)
	}
	return w
}

// minus subtracts, modulo 2^256.
func (w wide) minus(x wide) wide {
	var borrow uint64
	for i := range w {
		w[i], borrow = bits.Sub64(w[i], x[i], borrow)
	}
	return w
}

func (w wide) compare(x wide) int {
	for i := len(w) - 1; i >= 0; i-- {
		switch {
		case w[i] < x[i]:
			return -1
		case w[i] > x[i]:
			return 1
		}
	}
	return 0
}

// len is the number of bits without leading zeros.
func (w wide) len() int {
	for i := len(w) - 1; i >= 0; i-- {
		if w[i] != 0 {
			return i*64 + bits.Len64(w[i])
		}
	}
	return 0
}

func (w wide) zero() bool { return w == wide{} }

// left shifts by n bits, modulo 2^256.
func (w wide) left(n int) wide {
	var out wide
	whole, part := n/64, uint(n%64)
	for i := len(w) - 1; i >= whole; i-- {
		out[i] = w[i-whole] << part
		if part > 0 && i > whole {
			out[i] |= w[i-whole-1] >> (64 - part)
		}
	}
	return out
}

// by divides by 64 bits, not zero.
func (w wide) by(x uint64) (quotient wide, rest uint64) {
	for i := len(w) - 1; i >= 0; i-- {
		quotient[i], rest = bits.Div64(rest, w[i], x)
	}
	return quotient, rest
}

// divide divides by x, not zero, a bit at a time: decimals meet it only where both have more than
// 64 bits.
func (w wide) divide(x wide) (quotient, rest wide) {
	if x.len() <= 64 {
		q, r := w.by(x[0])
		return q, wide{r}
	}
	for shift := w.len() - x.len(); shift >= 0; shift-- {
		if y := x.left(shift); w.compare(y) >= 0 {
			w = w.minus(y)
			quotient[shift/64] |= 1 << (shift % 64)
		}
	}
	return quotient, w
}

// powers are those of ten that fit 64 bits.
var powers = [20]uint64{ // read-only
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
}
