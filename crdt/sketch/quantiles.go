package sketch

import (
	"encoding/binary"
	"math"
	"slices"
)

const (
	// QuantilesError is the largest relative error of a quantile, but for values that were
	// collapsed.
	QuantilesError = 0.01
	// binsMax is the span of bins that one sign keeps: those of the smallest magnitudes become one.
	binsMax = 2_048
)

// Quantiles summarises numbers so that any quantile is known to 1 % (Masson, Rim, Lee, "DDSketch",
// 2019, with cubic interpolation between powers of two, so that no machine's logarithm takes part).
// The zero value is empty.
type Quantiles struct {
	count    uint64
	min, max float64
	zeros    uint64
	positive bins
	negative bins // of magnitudes
}

// bins are counts by bin, in rising order of bins.
type bins []bin

type bin struct {
	index int
	count uint64
}

// Observe adds a finite number.
func (q *Quantiles) Observe(v float64) {
	if q.count == 0 || v < q.min {
		q.min = v
	}
	if q.count == 0 || v > q.max {
		q.max = v
	}
	q.min, q.max = q.min+0, q.max+0 // no negative zero
	q.count++
	switch {
	case v > 0:
		q.positive.add(binOf(v), 1)
	case v < 0:
		q.negative.add(binOf(-v), 1)
	default:
		q.zeros++
	}
}

// Merge adds what another holds.
func (q *Quantiles) Merge(o *Quantiles) {
	switch {
	case o.count == 0:
		return
	case q.count == 0:
		q.min, q.max = o.min, o.max
	default:
		q.min, q.max = min(q.min, o.min), max(q.max, o.max)
	}
	q.count += o.count
	q.zeros += o.zeros
	q.positive.merge(o.positive)
	q.negative.merge(o.negative)
}

// Empty says that nothing was added.
func (q *Quantiles) Empty() bool { return q.count == 0 }

// Count is how many numbers were added.
func (q *Quantiles) Count() uint64 { return q.count }

// Min and Max are exact; 0 when nothing was added.
func (q *Quantiles) Min() float64 { return q.min }

// Max is the largest number added.
func (q *Quantiles) Max() float64 { return q.max }

// Quantile is about the least number that the share p, from 0 to 1, of the numbers does not exceed.
func (q *Quantiles) Quantile(p float64) float64 {
	rank := uint64(max(1, math.Ceil(float64(p*float64(q.count))))) - 1
	switch rank {
	case 0:
		return q.min
	case q.count - 1:
		return q.max
	}
	for _, b := range slices.Backward(q.negative) {
		if rank < b.count {
			return q.within(-middle(b.index))
		}
		rank -= b.count
	}
	if rank < q.zeros {
		return 0
	}
	rank -= q.zeros
	for _, b := range q.positive {
		if rank < b.count {
			return q.within(middle(b.index))
		}
		rank -= b.count
	}
	return q.max
}

func (q *Quantiles) within(v float64) float64 { return max(q.min, min(q.max, v)) }

// add counts in one bin. Bins more than binsMax below the highest fall together: what is left
// depends on what was counted, not on the order.
func (b *bins) add(index int, count uint64) {
	s := *b
	if n := len(s); n > 0 {
		index = max(index, s[n-1].index-binsMax+1)
	}
	i, there := slices.BinarySearchFunc(s, index, func(x bin, at int) int { return x.index - at })
	if there {
		s[i].count += count
		return
	}
	s = slices.Insert(s, i, bin{index, count})
	low := s[len(s)-1].index - binsMax + 1
	fall := 0
	var sum uint64
	for s[fall].index < low {
		sum += s[fall].count
		fall++
	}
	if fall > 0 {
		if s[fall].index != low {
			fall--
			s[fall] = bin{low, 0}
		}
		s = s[fall:]
		s[0].count += sum
	}
	*b = s
}

func (b *bins) merge(o bins) {
	for _, x := range slices.Backward(o) { // the highest first: nothing falls twice
		b.add(x.index, x.count)
	}
}

// Of the cubic that stands for the logarithm between two powers of two.
const (
	cubicA = 6.0 / 35
	cubicB = -3.0 / 5
	cubicC = 10.0 / 7
	// perTwo is how many bins lie between a power of two and the next: 0.7 / ln((1+e)/(1-e)) with
	// e = QuantilesError makes the widest of them as wide as the error allows.
	perTwo = 0.7 / 0.020000666706669545
)

// binOf is the bin of a positive number.
func binOf(v float64) int {
	fraction, exponent := math.Frexp(v)
	s := float64(2*fraction) - 1
	log := float64((float64((float64(cubicA*s)+cubicB)*s) + cubicC) * s)
	return int(math.Floor(float64((log + float64(exponent-1)) * perTwo)))
}

// middle is a number within QuantilesError of all in a bin. It is found by bisection over the
// floats, so that it fits binOf to the last bit.
func middle(index int) float64 {
	low, high := math.Float64bits(math.SmallestNonzeroFloat64), math.Float64bits(math.MaxFloat64)
	for low < high { // the least number that is in this bin or above
		mid := low + (high-low)/2
		if binOf(math.Float64frombits(mid)) >= index {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return min(math.MaxFloat64, float64(math.Float64frombits(low)*(1+QuantilesError)))
}

// Size is about the length of the encoding.
func (q *Quantiles) Size() int { return 24 + 4*(len(q.positive)+len(q.negative)) }

// AppendTo appends
//
//	count | smallest, largest: 8 bytes each | zeros | bins of positive, of negative numbers
//	bins: how many | the highest, zigzag | for each, from the highest down: distance, count
func (q *Quantiles) AppendTo(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, q.count)
	dst = binary.BigEndian.AppendUint64(dst, math.Float64bits(q.min))
	dst = binary.BigEndian.AppendUint64(dst, math.Float64bits(q.max))
	dst = binary.AppendUvarint(dst, q.zeros)
	return q.negative.appendTo(q.positive.appendTo(dst))
}

func (b bins) appendTo(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(b)))
	if len(b) == 0 {
		return dst
	}
	last := b[len(b)-1].index
	dst = binary.AppendVarint(dst, int64(last))
	for _, x := range slices.Backward(b) {
		dst = binary.AppendUvarint(dst, uint64(last-x.index))
		dst = binary.AppendUvarint(dst, x.count)
		last = x.index
	}
	return dst
}

// ParseQuantiles reads what AppendTo wrote, and gives what follows it.
func ParseQuantiles(in []byte) (q *Quantiles, rest []byte, err error) {
	r := reader{rest: in}
	q = &Quantiles{count: r.below(countEnd)}
	q.min, q.max = r.float(), r.float()
	left := q.count
	q.zeros = r.below(left + 1)
	left -= q.zeros
	for _, b := range []*bins{&q.positive, &q.negative} {
		*b = r.bins()
		for _, x := range *b {
			r.failed = r.failed || x.count > left
			left -= x.count
		}
	}
	r.failed = r.failed || left != 0 || !(q.min <= q.max) || q.count == 0 && (q.min != 0 || q.max != 0)
	rest, err = r.done()
	return q, rest, err
}

// float reads a finite number; there is no negative zero.
func (r *reader) float() float64 {
	raw := r.take(8)
	if r.failed {
		return 0
	}
	v := math.Float64frombits(binary.BigEndian.Uint64(raw))
	if math.IsNaN(v) || math.IsInf(v, 0) || v == 0 && math.Signbit(v) {
		r.failed = true
	}
	return v
}

func (r *reader) bins() bins {
	n := r.entries(2)
	if n == 0 {
		return nil
	}
	zigzag := r.uvarint()
	at := int(int64(zigzag>>1) ^ -int64(zigzag&1))
	const farthest = 1 << 17 // binOf stays below
	b := make(bins, n)
	for i := n - 1; i >= 0 && !r.failed; i-- {
		step := int(r.below(binsMax))
		at -= step
		b[i] = bin{at, r.uvarint()}
		r.failed = r.failed || (step == 0) != (i == n-1) || b[i].count == 0 || at > farthest || at < -farthest
	}
	r.failed = r.failed || b[n-1].index-b[0].index >= binsMax
	return b
}
