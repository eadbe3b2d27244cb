package wire

import (
	"encoding/binary"
	"math"

	"github.com/edgedhq/edged"
)

// The first bytes of msgpack values.
const (
	mapFix   = 0x80
	arrayFix = 0x90
	textFix  = 0xa0
	packNil  = 0xc0
	isFalse  = 0xc2
	isTrue   = 0xc3
	bin8     = 0xc4
	bin16    = 0xc5
	bin32    = 0xc6
	ext8     = 0xc7
	float32b = 0xca
	float64b = 0xcb
	uint8b   = 0xcc
	uint16b  = 0xcd
	uint32b  = 0xce
	uint64b  = 0xcf
	int8b    = 0xd0
	int16b   = 0xd1
	int32b   = 0xd2
	int64b   = 0xd3
	extFix   = 0xd4
	text8    = 0xd9
	text16   = 0xda
	text32   = 0xdb
	array16  = 0xdc
	array32  = 0xdd
	map16    = 0xde
	map32    = 0xdf
	negative = 0xe0
)

func appendUint(b []byte, v uint64) []byte {
	switch {
	case v < 0x80:
		return append(b, byte(v))
	case v <= math.MaxUint8:
		return append(b, uint8b, byte(v))
	case v <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, uint16b), uint16(v))
	case v <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(b, uint32b), uint32(v))
	}
	return binary.BigEndian.AppendUint64(append(b, uint64b), v)
}

func appendInt[T int | int64](b []byte, v T) []byte {
	switch {
	case v >= 0:
		return appendUint(b, uint64(v))
	case v >= -32:
		return append(b, byte(v))
	case int64(v) >= math.MinInt8:
		return append(b, int8b, byte(v))
	case int64(v) >= math.MinInt16:
		return binary.BigEndian.AppendUint16(append(b, int16b), uint16(v))
	case int64(v) >= math.MinInt32:
		return binary.BigEndian.AppendUint32(append(b, int32b), uint32(v))
	}
	return binary.BigEndian.AppendUint64(append(b, int64b), uint64(v))
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, isTrue)
	}
	return append(b, isFalse)
}

func appendText(b []byte, s string) []byte {
	switch n := len(s); {
	case n < 32:
		b = append(b, textFix|byte(n))
	case n <= math.MaxUint8:
		b = append(b, text8, byte(n))
	case n <= math.MaxUint16:
		b = binary.BigEndian.AppendUint16(append(b, text16), uint16(n))
	default:
		b = binary.BigEndian.AppendUint32(append(b, text32), uint32(n))
	}
	return append(b, s...)
}

func appendBin(b, p []byte) []byte { return append(appendBinHead(b, len(p)), p...) }

// appendBinHead appends all of a bin of n bytes but the bytes.
func appendBinHead(b []byte, n int) []byte {
	switch {
	case n <= math.MaxUint8:
		return append(b, bin8, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, bin16), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(b, bin32), uint32(n))
}

// appendArray appends the head of an array of n elements.
func appendArray(b []byte, n int) []byte {
	switch {
	case n < 16:
		return append(b, arrayFix|byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, array16), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(b, array32), uint32(n))
}

func appendOrigin(b []byte, o edged.Origin) []byte {
	return appendText(appendBin(b, o.ID[:]), o.Label)
}

func appendTimestamp(b []byte, t edged.Timestamp) []byte {
	return appendUint(appendInt(b, t.Wall), uint64(t.Logical))
}
