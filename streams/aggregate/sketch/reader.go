package sketch

import (
	"encoding/binary"
	"errors"
	"math"
)

// ErrEncoding says that bytes are not what an aggregate or a sketch was written as.
var ErrEncoding = errors.New("aggregate: the bytes are no state")

// CountEnd bounds what is read as a count: nothing is counted as often, and a false number cannot
// make a count begin again at 0.
const CountEnd = 1 << 62

// Reader reads an encoding from its front. After the first fault it gives zeros. Only the shortest
// form of a number is taken, so that equal content stays equal bytes.
type Reader struct {
	Rest   []byte
	failed bool
}

// Fail notes a fault.
func (r *Reader) Fail() { r.failed, r.Rest = true, nil }

// Err is ErrEncoding after a fault.
func (r *Reader) Err() error {
	if r.failed {
		return ErrEncoding
	}
	return nil
}

// Below reads a number that must be less than end.
func (r *Reader) Below(end uint64) uint64 {
	v, n := binary.Uvarint(r.Rest)
	if n <= 0 || n > 1 && r.Rest[n-1] == 0 || v >= end {
		r.Fail()
		return 0
	}
	r.Rest = r.Rest[n:]
	return v
}

// Varint reads a number with a sign.
func (r *Reader) Varint() int64 {
	v, n := binary.Varint(r.Rest)
	if n <= 0 || n > 1 && r.Rest[n-1] == 0 {
		r.Fail()
		return 0
	}
	r.Rest = r.Rest[n:]
	return v
}

// Byte reads one.
func (r *Reader) Byte() byte {
	if b := r.Take(1); b != nil {
		return b[0]
	}
	return 0
}

// Take reads n bytes, which stay where they are.
func (r *Reader) Take(n int) []byte {
	if n > len(r.Rest) {
		r.Fail()
		return nil
	}
	b := r.Rest[:n:n]
	r.Rest = r.Rest[n:]
	return b
}

// noNumber are the bits that stand for all NaNs.
const noNumber = 0x7ff8000000000001

// Double reads a finite number that is not -0, or the one NaN that AppendDouble writes.
func (r *Reader) Double() float64 {
	b := r.Take(8)
	if b == nil {
		return 0
	}
	bits := binary.BigEndian.Uint64(b)
	f := math.Float64frombits(bits)
	if f-f != 0 && bits != noNumber || bits == 1<<63 {
		r.Fail()
		return 0
	}
	return f
}

// Finite reads a number that is no NaN.
func (r *Reader) Finite() float64 {
	f := r.Double()
	if f != f {
		r.Fail()
		return 0
	}
	return f
}

// AppendDouble writes what Double reads: -0 as 0, and what is not finite as one NaN.
func AppendDouble(dst []byte, f float64) []byte {
	if f-f != 0 {
		return binary.BigEndian.AppendUint64(dst, noNumber)
	}
	return binary.BigEndian.AppendUint64(dst, math.Float64bits(f+0))
}
