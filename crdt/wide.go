package crdt

import (
	"math"
	"math/bits"
)

// wide is a whole number of 128 bits: sums of totals of many origins do not wrap in it.
type wide struct {
	high int64
	low  uint64
}

func (w wide) plus(n uint64) wide {
	low, carry := bits.Add64(w.low, n, 0)
	return wide{w.high + int64(carry), low}
}

func (w wide) minus(n uint64) wide {
	low, borrow := bits.Sub64(w.low, n, 0)
	return wide{w.high - int64(borrow), low}
}

// moved is the number after a step of either sign.
func (w wide) moved(n int64) wide {
	if n < 0 {
		return w.minus(magnitude(n))
	}
	return w.plus(uint64(n))
}

// fits says whether an int64 holds the number.
func (w wide) fits() bool {
	return w.high == 0 && w.low <= math.MaxInt64 || w.high == -1 && w.low > math.MaxInt64
}

// int64 is the number, or the int64 that is nearest.
func (w wide) int64() int64 {
	switch {
	case w.fits():
		return int64(w.low)
	case w.high < 0:
		return math.MinInt64
	}
	return math.MaxInt64
}

// magnitude is a number without its sign.
func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}
