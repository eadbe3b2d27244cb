package wire

import (
	"encoding/binary"
	"errors"
)

// Bounds of what a frame may hold.
const (
	listMax  = 65_536
	depthMax = 64
)

// decoder takes msgpack values from the front of in. After the first error it gives zeros.
type decoder struct {
	in  []byte
	err error
}

func (d *decoder) fail(why string) {
	if d.err == nil {
		d.err = errors.New(why)
	}
	d.in = nil
}

// take gives the next n bytes, shared; nil when there are fewer.
func (d *decoder) take(n uint64) []byte {
	if n > uint64(len(d.in)) {
		d.fail("cut off")
		return nil
	}
	p := d.in[:n:n]
	d.in = d.in[n:]
	return p
}

func (d *decoder) byte() byte {
	p := d.take(1)
	if p == nil {
		return 0
	}
	return p[0]
}

// number reads a big-endian number of 1, 2, 4 or 8 bytes.
func (d *decoder) number(size uint64) uint64 {
	p := d.take(size)
	if p == nil {
		return 0
	}
	switch size {
	case 1:
		return uint64(p[0])
	case 2:
		return uint64(binary.BigEndian.Uint16(p))
	case 4:
		return uint64(binary.BigEndian.Uint32(p))
	}
	return binary.BigEndian.Uint64(p)
}

// integer reads any form of integer, as two's complement; below says that it is below zero.
func (d *decoder) integer() (v uint64, below bool) {
	switch c := d.byte(); {
	case c < mapFix:
		return uint64(c), false
	case c >= negative:
		return uint64(int64(int8(c))), true
	case c >= uint8b && c <= uint64b:
		return d.number(1 << (c - uint8b)), false
	case c >= int8b && c <= int64b:
		size := uint64(1) << (c - int8b)
		shift := 64 - 8*size
		s := int64(d.number(size)<<shift) >> shift
		return uint64(s), s < 0
	}
	d.fail("want an integer")
	return 0, false
}

func (d *decoder) textLen() uint64 {
	switch c := d.byte(); {
	case c >= textFix && c < packNil:
		return uint64(c - textFix)
	case c >= text8 && c <= text32:
		return d.number(1 << (c - text8))
	}
	d.fail("want a string")
	return 0
}

func (d *decoder) binLen() uint64 {
	if c := d.byte(); c >= bin8 && c <= bin32 {
		return d.number(1 << (c - bin8))
	}
	d.fail("want a bin")
	return 0
}

func (d *decoder) arrayLen() uint64 {
	switch c := d.byte(); {
	case c >= arrayFix && c < textFix:
		return uint64(c - arrayFix)
	case c == array16, c == array32:
		return d.number(2 << (c - array16))
	}
	d.fail("want an array")
	return 0
}

// array enters an array.
func (d *decoder) array() array {
	n := d.arrayLen()
	return array{d, d.count(n, len(d.in))}
}

// count checks a number of values, each of at least a byte, against the bytes left for them.
func (d *decoder) count(n uint64, left int) int {
	if n > listMax || n > uint64(left) {
		d.fail("list longer than its frame")
		return 0
	}
	return int(n)
}

// skip takes one value of any kind, nested at most so deep.
func (d *decoder) skip(depth int) {
	if depth == 0 {
		d.fail("nested too deep")
		return
	}
	n := uint64(0) // values inside
	switch c := d.byte(); {
	case c < mapFix, c >= negative, c == packNil, c == isFalse, c == isTrue:
	case c < arrayFix:
		n = 2 * uint64(c-mapFix)
	case c < textFix:
		n = uint64(c - arrayFix)
	case c < packNil:
		d.take(uint64(c - textFix))
	case c >= bin8 && c <= bin32:
		d.take(d.number(1 << (c - bin8)))
	case c >= ext8 && c < float32b:
		d.take(d.number(1<<(c-ext8)) + 1)
	case c == float32b, c == float64b:
		d.take(4 << (c - float32b))
	case c >= uint8b && c <= uint64b:
		d.take(1 << (c - uint8b))
	case c >= int8b && c <= int64b:
		d.take(1 << (c - int8b))
	case c >= extFix && c < text8:
		d.take(1<<(c-extFix) + 1)
	case c >= text8 && c <= text32:
		d.take(d.number(1 << (c - text8)))
	case c == array16, c == array32:
		n = d.number(2 << (c - array16))
	case c == map16, c == map32:
		n = 2 * d.number(2<<(c-map16))
	default:
		d.fail("no msgpack")
	}
	for n := d.count(n, len(d.in)); n > 0 && d.err == nil; n-- {
		d.skip(depth - 1)
	}
}
