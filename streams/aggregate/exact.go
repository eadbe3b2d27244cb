package aggregate

import (
	"math/big"
	"math/bits"

	"github.com/edgedhq/edged/streams/aggregate/sketch"
)

// exact is a whole number of 128 bits in two's complement, in two words of a cell: high, low.
type exact struct{ hi, lo uint64 }

// exactOf is an INTEGER.
func exactOf(i int64) exact { return exact{uint64(i >> 63), uint64(i)} }

// plus adds, and says whether the sum fits.
func (x exact) plus(y exact) (exact, bool) {
	lo, carry := bits.Add64(x.lo, y.lo, 0)
	hi, _ := bits.Add64(x.hi, y.hi, carry)
	return exact{hi, lo}, int64((x.hi^hi)&(y.hi^hi)) >= 0
}

// timesPower multiplies by 10^n, and says whether the product fits.
func (x exact) timesPower(n int) (exact, bool) {
	if x == (exact{}) {
		return x, true
	}
	negative := int64(x.hi) < 0
	if negative {
		x = x.negated()
	}
	for ; n > 0; n -= 19 {
		p := powers[min(n, 19)]
		over, hi := bits.Mul64(x.hi, p)
		carry, lo := bits.Mul64(x.lo, p)
		sum, c := bits.Add64(hi, carry, 0)
		if over != 0 || c != 0 || int64(sum) < 0 {
			return exact{}, false
		}
		x = exact{sum, lo}
	}
	if negative {
		x = x.negated()
	}
	return x, int64(x.hi) < 0 == negative
}

func (x exact) negated() exact {
	lo, borrow := bits.Sub64(0, x.lo, 0)
	hi, _ := bits.Sub64(0, x.hi, borrow)
	return exact{hi, lo}
}

// big gives the number without a bound.
func (x exact) big() *big.Int {
	b := new(big.Int).SetUint64(x.hi)
	if int64(x.hi) < 0 {
		b.Sub(b, new(big.Int).Lsh(big.NewInt(1), 64))
	}
	return b.Add(b.Lsh(b, 64), new(big.Int).SetUint64(x.lo))
}

// exactOfBig gives a number of 128 bits, and whether it is one.
func exactOfBig(b *big.Int) (exact, bool) {
	if b.BitLen() > 127 {
		return exact{}, false
	}
	var a [16]byte
	new(big.Int).Abs(b).FillBytes(a[:])
	x := exact{bigEndian(a[:8]), bigEndian(a[8:])}
	if b.Sign() < 0 {
		x = x.negated()
	}
	return x, true
}

func bigEndian(b []byte) (v uint64) {
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	return v
}

// tenTo is 10^n.
func tenTo(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// powers are those of ten that fit 64 bits.
var powers = [20]uint64{ // read-only
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
}

// wide is what of an exact sum has more than 128 bits. Less than 2^62 DECIMALs of 38 digits, at a scale
// of up to 38, stay under 2^316.
type wide struct{ big.Int }

// wideBytesMax is how many bytes the digits of a sum have at most.
const wideBytesMax = 40

// most is the largest sum of n numbers at a scale.
func most(n uint64, scale int) *big.Int {
	x := tenTo(digitsMax + scale)
	return x.Mul(x, new(big.Int).SetUint64(n))
}

func (w *wide) bytes() int { return 32 + 8*cap(w.Bits()) }
func (w *wide) reset()     { w.SetInt64(0) }

// appendMagnitude writes a number without its sign, in as few bytes as it has, big-endian.
func (x exact) appendMagnitude(dst []byte) []byte {
	if int64(x.hi) < 0 {
		x = x.negated()
	}
	for i := (x.bytes() - 1) * 8; i >= 0; i -= 8 {
		if i >= 64 {
			dst = append(dst, byte(x.hi>>(i-64)))
		} else {
			dst = append(dst, byte(x.lo>>i))
		}
	}
	return dst
}

// bytes is how many bytes appendMagnitude writes of a number.
func (x exact) bytes() int {
	if int64(x.hi) < 0 {
		x = x.negated()
	}
	if x.hi != 0 {
		return 8 + (bits.Len64(x.hi)+7)/8
	}
	return (bits.Len64(x.lo) + 7) / 8
}

// readMagnitude reads n bytes of a magnitude.
func readMagnitude(r *sketch.Reader, n int, negative bool) (x exact, more *big.Int) {
	b := r.Take(n)
	if n == 0 && negative || n > 0 && (b == nil || b[0] == 0) {
		r.Fail()
		return exact{}, nil
	}
	if n > 16 || n == 16 && b[0] >= 0x80 {
		more = new(big.Int).SetBytes(b)
		if negative {
			more.Neg(more)
		}
		return exact{}, more
	}
	if n > 8 {
		x.hi, b = bigEndian(b[:n-8]), b[n-8:]
	}
	x.lo = bigEndian(b)
	if negative {
		x = x.negated()
	}
	return x, nil
}
