package wire

import (
	"math"
	"slices"

	"github.com/edgedhq/edged"
)

// array is what is left of an array that is being read. Its methods take one element each: the
// zero value when none is left.
type array struct {
	d    *decoder
	left int
}

func (a *array) next() bool {
	if a.left == 0 || a.d.err != nil {
		return false
	}
	a.left--
	return true
}

// end skips the elements that nobody has asked for.
func (a *array) end() {
	for a.next() {
		a.d.skip(depthMax)
	}
}

func (a *array) int64() int64 {
	if !a.next() {
		return 0
	}
	v, below := a.d.integer()
	if !below && v > math.MaxInt64 {
		a.d.fail("integer out of range")
	}
	return int64(v)
}

func (a *array) uint64() uint64 {
	if !a.next() {
		return 0
	}
	v, below := a.d.integer()
	if below {
		a.d.fail("integer below zero")
	}
	return v
}

func (a *array) uint32() uint32 {
	v := a.uint64()
	if v > math.MaxUint32 {
		a.d.fail("integer out of range")
	}
	return uint32(v)
}

func (a *array) int() int {
	v := a.int64()
	if int64(int(v)) != v {
		a.d.fail("integer out of range")
	}
	return int(v)
}

func (a *array) sequence() edged.Sequence { return edged.Sequence(a.uint64()) }

func (a *array) bool() bool {
	if !a.next() {
		return false
	}
	c := a.d.byte()
	if c != isTrue && c != isFalse {
		a.d.fail("want a bool")
	}
	return c == isTrue
}

func (a *array) text() string {
	if !a.next() {
		return ""
	}
	return string(a.d.take(a.d.textLen()))
}

// bin copies the bytes; nil when there are none.
func (a *array) bin() []byte { return slices.Clip(append([]byte(nil), a.binShared()...)) }

// binShared gives the bytes where they are.
func (a *array) binShared() []byte {
	if !a.next() {
		return nil
	}
	return a.d.take(a.d.binLen())
}

// fixed fills dst, which a bin has to fit.
func (a *array) fixed(dst []byte) {
	if !a.next() {
		return
	}
	n := a.d.binLen()
	if n != uint64(len(dst)) {
		a.d.fail("bin of a wrong length")
	}
	copy(dst, a.d.take(n))
}

func (a *array) origin() (o edged.Origin) {
	a.fixed(o.ID[:])
	o.Label = a.text()
	return o
}

func (a *array) timestamp() edged.Timestamp {
	return edged.Timestamp{Wall: a.int64(), Logical: a.uint32()}
}

// list enters a list of elements of at least so many bytes each.
func (a *array) list(bytesMin int) array {
	if !a.next() {
		return array{d: a.d}
	}
	l := a.d.array()
	if l.left > len(a.d.in)/bytesMin {
		a.d.fail("list longer than its frame")
		l.left = 0
	}
	return l
}

// element enters an element of a list, an array of at least so many fields.
func (a *array) element(fields int) array {
	if !a.next() {
		return array{d: a.d}
	}
	e := a.d.array()
	if e.left < fields {
		a.d.fail("element of a list not whole")
	}
	return e
}
