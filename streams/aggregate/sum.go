package aggregate

import (
	"encoding/binary"
	"math"

	"github.com/edgedhq/edged/streams/aggregate/sketch"
	"github.com/edgedhq/edged/streams/expr"
)

// sum is that of numbers, and their count: INTEGER and DECIMAL exactly, at the largest scale of any
// DECIMAL so far, and beside them DOUBLE. Its words are
//
//	how many | exact, high | exact, low | DOUBLE | what rounding took | kinds seen
//
// and the object, if there is one, has the exact sum instead, because it outgrew 128 bits.
type sum struct{}

const (
	sumCount = iota
	sumHigh
	sumLow
	sumDouble
	sumLost
	sumSeen // scale of DECIMALs + 1, or 0; and doubleSeen
	sumWords
)

const doubleSeen = 1 << 8

func (sum) words() int  { return sumWords }
func (sum) grows() bool { return true }

func (s sum) fold(w []uint64, o *object, args []expr.Value, _ *Stamp) bool {
	switch v := &args[0]; v.Kind() {
	case expr.Integer:
		s.add(w, o, exactOf(v.Integer()), 0)
	case expr.Decimal:
		hi, lo, scale := v.Decimal()
		s.rescale(w, o, scale)
		s.add(w, o, exact{uint64(hi), lo}, scale)
	case expr.Double:
		w[sumSeen] |= doubleSeen
		s.setDoubles(w, s.doubles(w).plus(v.Double()))
	default:
		return false
	}
	w[sumCount]++
	return true
}

func (sum) doubles(w []uint64) compensated {
	return compensated{math.Float64frombits(w[sumDouble]), math.Float64frombits(w[sumLost])}
}

func (sum) setDoubles(w []uint64, c compensated) {
	w[sumDouble], w[sumLost] = math.Float64bits(c.sum), math.Float64bits(c.lost)
}

// scale is that of the exact sum.
func (sum) scale(w []uint64) int { return max(0, int(w[sumSeen]&0xff)-1) }

// rescale makes room for a DECIMAL of a scale.
func (s sum) rescale(w []uint64, o *object, scale int) {
	before := s.scale(w)
	if w[sumSeen]&0xff > uint64(scale) {
		return
	}
	w[sumSeen] = w[sumSeen]&^0xff | uint64(scale+1)
	if scale == before {
		return
	}
	if b := spilled(o); b != nil {
		b.Mul(&b.Int, tenTo(scale-before))
		return
	}
	x, ok := exact{w[sumHigh], w[sumLow]}.timesPower(scale - before)
	if !ok {
		b := s.spill(w, o)
		b.Mul(&b.Int, tenTo(scale-before))
		return
	}
	w[sumHigh], w[sumLow] = x.hi, x.lo
}

// add adds a number of a scale not larger than that of the sum.
func (s sum) add(w []uint64, o *object, x exact, scale int) {
	given, ok := x, true
	if more := s.scale(w) - scale; more > 0 {
		x, ok = x.timesPower(more)
	}
	if ok && spilled(o) == nil {
		if x, ok = x.plus(exact{w[sumHigh], w[sumLow]}); ok {
			w[sumHigh], w[sumLow] = x.hi, x.lo
			return
		}
	}
	b := s.spill(w, o)
	y := given.big()
	b.Add(&b.Int, y.Mul(y, tenTo(s.scale(w)-scale)))
}

// spilled is the exact sum if it outgrew the words.
func spilled(o *object) *wide {
	if b, ok := (*o).(*wide); ok && b.Sign() != 0 {
		return b
	}
	return nil
}

// spill moves the exact sum into the object.
func (sum) spill(w []uint64, o *object) *wide {
	b, ok := (*o).(*wide)
	if !ok {
		b = new(wide)
		*o = b
	}
	b.Add(&b.Int, exact{w[sumHigh], w[sumLow]}.big())
	w[sumHigh], w[sumLow] = 0, 0
	return b
}

// The head of a sum: how many bytes its digits have, in the low bits, or sumLong where the length
// follows, and
const (
	sumLong     = 7
	sumNegative = 1 << 3
	sumDecimals = 1 << 4 // the scale follows
	sumDoubles  = 1 << 5 // the DOUBLE follows
	sumLoss     = 1 << 6 // and what rounding took
)

// append writes
//
//	count | head | length | scale | digits of the exact sum, big-endian | DOUBLE, 8 B | lost, 8 B
//
// of which all behind the head are left out where it says so, and all behind a count of 0.
func (s sum) append(dst []byte, w []uint64, o object) []byte {
	dst = binary.AppendUvarint(dst, w[sumCount])
	if w[sumCount] == 0 {
		return dst
	}
	x, b := exact{w[sumHigh], w[sumLow]}, spilled(&o)
	if b != nil {
		var ok bool
		if x, ok = exactOfBig(&b.Int); ok {
			b = nil // it has come back
		}
	}
	n, head := x.bytes(), byte(0)
	if b != nil {
		n = (b.BitLen() + 7) / 8
	}
	if b == nil && int64(x.hi) < 0 || b != nil && b.Sign() < 0 {
		head |= sumNegative
	}
	d, scale := s.doubles(w), byte(w[sumSeen])
	if scale > 0 {
		head |= sumDecimals
	}
	if w[sumSeen]&doubleSeen != 0 {
		head |= sumDoubles
	}
	if d.lost != 0 {
		head |= sumLoss
	}
	dst = append(dst, head|byte(min(n, sumLong)))
	if n >= sumLong {
		dst = append(dst, byte(n))
	}
	if scale > 0 {
		dst = append(dst, scale-1)
	}
	if b != nil {
		dst = append(dst, b.Bytes()...)
	} else {
		dst = x.appendMagnitude(dst)
	}
	if head&sumDoubles != 0 {
		dst = sketch.AppendDouble(dst, d.sum)
	}
	if head&sumLoss != 0 {
		dst = sketch.AppendDouble(dst, d.lost)
	}
	return dst
}

func (s sum) merge(w []uint64, o *object, r *sketch.Reader) {
	n := r.Below(sketch.CountEnd)
	if n == 0 {
		return
	}
	w[sumCount] += n
	head := r.Byte()
	size := int(head & 7)
	if size == sumLong {
		if size = int(r.Byte()); size < sumLong || size > wideBytesMax {
			r.Fail()
		}
	}
	scale := 0
	if head&sumDecimals != 0 {
		if scale = int(r.Byte()); scale > 38 {
			r.Fail()
		}
	}
	x, more := readMagnitude(r, size, head&sumNegative != 0)
	if more != nil && more.CmpAbs(most(n, scale)) > 0 {
		r.Fail()
	}
	var d compensated
	if head&sumDoubles != 0 {
		d.sum = r.Double()
		w[sumSeen] |= doubleSeen
	}
	if head&sumLoss != 0 {
		if d.lost = r.Finite(); d.lost == 0 || head&sumDoubles == 0 || d.sum != d.sum {
			r.Fail()
		}
	}
	if head&0x80 != 0 {
		r.Fail()
	}
	if r.Err() != nil {
		return
	}
	if head&sumDecimals != 0 {
		s.rescale(w, o, scale)
	}
	if more == nil {
		s.add(w, o, x, scale)
	} else {
		b := s.spill(w, o)
		b.Add(&b.Int, more.Mul(more, tenTo(s.scale(w)-scale)))
	}
	s.setDoubles(w, s.doubles(w).merge(d))
}
