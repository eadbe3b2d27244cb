package sketch

import (
	"encoding/binary"
	"math"
	"slices"
)

const (
	// QuantilesError is the largest error of a quantile, relative to the value, but for those low ones
	// that were collapsed.
	QuantilesError = 0.01
	// BinsMax is how many bins are kept: past it the two lowest become one.
	BinsMax = 2048
)

// Quantiles counts numbers by bins of 1 % relative width (Masson, Rim, Lee, "DDSketch", 2019; the
// logarithm is interpolated by cubics between powers of two, so that every machine finds the same
// bin). Which bins are left is a function of the numbers alone: the 2,048 highest that were met,
// negative ones before 0 and positive ones. The zero value is empty.
type Quantiles struct {
	count    uint64
	min, max float64
	keys     []int32 // rising
	counts   []uint64
}

// Add takes in a finite number.
func (q *Quantiles) Add(x float64) {
	x += 0 // no -0
	if q.count == 0 {
		q.min, q.max = x, x
	}
	q.min, q.max = min(q.min, x), max(q.max, x)
	q.count++
	q.add(keyOf(x), 1)
}

func (q *Quantiles) add(key int32, n uint64) {
	i, met := slices.BinarySearch(q.keys, key)
	switch {
	case met:
		q.counts[i] += n
	case len(q.keys) < BinsMax:
		q.keys, q.counts = slices.Insert(q.keys, i, key), slices.Insert(q.counts, i, n)
	case i == 0:
		q.counts[0] += n
	default: // the new one goes in, then the lowest two become one
		if i == 1 {
			n += q.counts[0]
		} else {
			q.counts[1] += q.counts[0]
		}
		copy(q.keys, q.keys[1:i])
		copy(q.counts, q.counts[1:i])
		q.keys[i-1], q.counts[i-1] = key, n
	}
}

const (
	// perOctave is how many bins a power of two has: at least 7/10 / ln(1.01/0.99), for the cubic is
	// flattest, 10/7 per unit, at a power of two.
	perOctave = 35
	// keyOfOne is the key of 1. Those of the least numbers are still above 0.
	keyOfOne = 38_000
)

// keyOf is the bin of a number: 0 for 0, rising as numbers do.
func keyOf(x float64) int32 {
	switch {
	case x < 0:
		return -keyOf(-x)
	case x == 0:
		return 0
	}
	f, e := math.Frexp(x)
	s := 2*f - 1
	p := float64((float64((float64(6.0/35*s)-3.0/5)*s) + 10.0/7) * s)
	return keyOfOne + int32(math.Floor(float64((p+float64(e-1))*perOctave)))
}

// lowest is the least positive number of a bin.
func lowest(key int32) float64 {
	lo, hi := uint64(1), math.Float64bits(math.Inf(1))
	for lo < hi {
		mid := (lo + hi) / 2
		if keyOf(math.Float64frombits(mid)) < key {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return math.Float64frombits(lo)
}

// within is a number that none of a bin differs from by more than 1 %.
func within(key int32) float64 {
	switch {
	case key < 0:
		return -within(-key)
	case key == 0:
		return 0
	}
	lo, hi := lowest(key), lowest(key+1)
	return float64(lo * (2 / (1 + lo/hi)))
}

// Quantile is about the least number that a share of the numbers, from 0 to 1, does not exceed, and
// whether there are any.
func (q *Quantiles) Quantile(share float64) (float64, bool) {
	if q.count == 0 {
		return 0, false
	}
	// 0.07 x 100 is 7, not a little more.
	rank := uint64(max(1, math.Ceil(float64(share*float64(q.count)*(1-1e-15)))))
	switch {
	case rank <= 1:
		return q.min, true
	case rank >= q.count:
		return q.max, true
	}
	at := 0
	for ; at < len(q.keys)-1 && rank > q.counts[at]; at++ {
		rank -= q.counts[at]
	}
	return min(max(within(q.keys[at]), q.min), q.max), true
}

// Append writes
//
//	count | smallest, largest, 8 B each | bins: how many | the lowest, zigzag | its count
//	      | each, rising: distance - 1 | count                   all behind a count of 0 is left out
func (q *Quantiles) Append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, q.count)
	if q.count == 0 {
		return dst
	}
	dst = AppendDouble(AppendDouble(dst, q.min), q.max)
	dst = binary.AppendUvarint(dst, uint64(len(q.keys)))
	for i, key := range q.keys {
		if i == 0 {
			dst = binary.AppendVarint(dst, int64(key))
		} else {
			dst = binary.AppendUvarint(dst, uint64(key-q.keys[i-1]-1))
		}
		dst = binary.AppendUvarint(dst, q.counts[i])
	}
	return dst
}

// Merge reads what Append wrote and takes it in.
func (q *Quantiles) Merge(r *Reader) {
	count := r.Below(CountEnd)
	if count == 0 {
		return
	}
	low, high := r.Finite(), r.Finite()
	bins := r.Below(BinsMax + 1)
	if len(q.keys) == 0 {
		q.keys, q.counts = slices.Grow(q.keys, int(bins)), slices.Grow(q.counts, int(bins))
	}
	key, total := int64(0), uint64(0)
	for i := range bins {
		if i == 0 {
			key = r.Varint()
			if first := int64(keyOf(low)); key < first || key > first && bins < BinsMax {
				r.Fail()
			}
		} else {
			key += int64(r.Below(3*keyOfOne)) + 1
		}
		n := r.Below(CountEnd)
		if n == 0 || n > count-total || key > int64(keyOf(high)) || r.Err() != nil {
			r.Fail()
			return
		}
		total += n
		q.add(int32(key), n)
	}
	if total != count || key != int64(keyOf(high)) || low > high || low == high && bins > 1 {
		r.Fail()
		return
	}
	if q.count == 0 {
		q.min, q.max = low, high
	}
	q.min, q.max = min(q.min, low), max(q.max, high)
	q.count += count
}

// Bytes is how much memory it takes.
func (q *Quantiles) Bytes() int { return 72 + 4*cap(q.keys) + 8*cap(q.counts) }

// Reset empties it.
func (q *Quantiles) Reset() { q.count, q.keys, q.counts = 0, q.keys[:0], q.counts[:0] }
