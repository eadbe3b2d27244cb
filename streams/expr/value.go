package expr

import (
	"math"
	"strings"
	"unsafe"
)

// Kind is what a value is.
type Kind uint8

// The kinds. Their numbers stand in stored bytes and never change.
const (
	Null Kind = iota
	Boolean
	Integer   // 64 bits
	Double    // finite, never -0
	Decimal   // up to 38 digits, of which some are a fraction
	String    // UTF-8
	Bytes     //
	Timestamp // nanoseconds since 1970, UTC
	Interval  // nanoseconds
	JSON      // an object or an array
)

// kindNames are the kinds as SQL writes them.
var kindNames = [...]string{ // read-only
	"NULL", "BOOLEAN", "INTEGER", "DOUBLE", "DECIMAL", "STRING", "BYTES", "TIMESTAMP", "INTERVAL", "JSON",
}

// String is the kind as SQL writes it.
func (k Kind) String() string { return kindNames[k] }

// number says whether values of the kind are numbers.
func (k Kind) number() bool { return k-Integer <= Decimal-Integer }

// Value is one datum, in 32 bytes. The zero Value is NULL. Its text points into memory that another
// owns, a block's or an Arena's, and is read only while that stands; Clone makes it independent.
type Value struct {
	_         [0]func() // values are compared by Equal, not by place
	at        *byte     // text; of a DOUBLE its digits as they were written, if known
	size      uint64    // length of the text; of a DECIMAL the high half
	bits      uint64    // a number's bits; of a DECIMAL the low half
	kind      Kind
	precision uint8
	scale     uint8
}

// Kind says what the value is.
func (v Value) Kind() Kind { return v.kind }

// IsNull says whether there is no value.
func (v Value) IsNull() bool { return v.kind == Null }

// OfBoolean gives TRUE or FALSE.
func OfBoolean(b bool) Value {
	v := Value{kind: Boolean}
	if b {
		v.bits = 1
	}
	return v
}

// OfInteger gives an INTEGER.
func OfInteger(i int64) Value { return Value{kind: Integer, bits: uint64(i)} }

// OfDouble gives a DOUBLE; NaN and the infinities are NULL, -0 is 0.
func OfDouble(f float64) Value {
	if f-f != 0 {
		return Value{}
	}
	return Value{kind: Double, bits: math.Float64bits(f + 0)}
}

// OfDecimal gives the number hi:lo, in two's complement, divided by 10^scale, as a
// DECIMAL(precision, scale). The number must have at most precision digits.
func OfDecimal(hi int64, lo uint64, precision, scale int) Value {
	return Value{kind: Decimal, size: uint64(hi), bits: lo, precision: uint8(precision), scale: uint8(scale)}
}

// OfString gives a STRING.
func OfString(s string) Value { return ofText(String, s) }

// OfBytes gives BYTES, which must not change after.
func OfBytes(b []byte) Value { return ofText(Bytes, view(b)) }

// OfTimestamp gives a TIMESTAMP, in nanoseconds since 1970.
func OfTimestamp(ns int64) Value { return Value{kind: Timestamp, bits: uint64(ns)} }

// OfInterval gives an INTERVAL, in nanoseconds.
func OfInterval(ns int64) Value { return Value{kind: Interval, bits: uint64(ns)} }

// OfJSON gives an object or an array. The text must be valid, and without spaces outside strings.
func OfJSON(text string) Value { return ofText(JSON, text) }

func ofText(k Kind, s string) Value {
	return Value{kind: k, at: unsafe.StringData(s), size: uint64(len(s))}
}

// view is b as a string that shares its bytes.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// bytesOf is s as bytes, which nobody may write to.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// Boolean is what a BOOLEAN holds.
func (v Value) Boolean() bool { return v.bits != 0 }

// Integer is what an INTEGER, TIMESTAMP or INTERVAL holds.
func (v Value) Integer() int64 { return int64(v.bits) }

// Double is what a DOUBLE holds.
func (v Value) Double() float64 { return math.Float64frombits(v.bits) }

// Decimal is what a DECIMAL holds: hi:lo in two's complement, divided by 10^scale.
func (v Value) Decimal() (hi int64, lo uint64, scale int) {
	return int64(v.size), v.bits, int(v.scale)
}

// Precision is the number of digits that a DECIMAL may have.
func (v Value) Precision() int { return int(v.precision) }

// Text is what a STRING, BYTES or JSON holds.
func (v Value) Text() string { return unsafe.String(v.at, int(v.size)) }

// digits are those that a DOUBLE was written with, or nothing.
func (v Value) digits() string { return unsafe.String(v.at, int(v.size)) }

// Number gives any number as the nearest DOUBLE, and whether the value is a number.
func (v Value) Number() (float64, bool) {
	switch v.kind {
	case Integer:
		return float64(int64(v.bits)), true
	case Double:
		return v.Double(), true
	case Decimal:
		return v.decimal().float(), true
	}
	return 0, false
}

// Clone gives the value with memory of its own. A DOUBLE forgets how it was written.
func (v Value) Clone() Value {
	switch v.kind {
	case String, Bytes, JSON:
		return ofText(v.kind, strings.Clone(v.Text()))
	case Double:
		v.at, v.size = nil, 0
	}
	return v
}
