package expr

import (
	"encoding/binary"
	"errors"
)

// errValue says that bytes are no value.
var errValue = errors.New("expr: the bytes are no value")

// Append writes a value for keeping: its kind, then
//
//	boolean                        1 B
//	integer, timestamp, interval   zigzag varint
//	double                         8 B, big-endian
//	decimal                        precision, scale, 16 B two's complement, big-endian
//	text, JSON                     length as varint, bytes
//
// Equal content of one kind has equal bytes. How a DOUBLE was written is not kept.
func Append(dst []byte, v Value) []byte {
	dst = append(dst, byte(v.kind))
	switch v.kind {
	case Boolean:
		return append(dst, byte(v.bits))
	case Integer, Timestamp, Interval:
		return binary.AppendVarint(dst, int64(v.bits))
	case Double:
		return binary.BigEndian.AppendUint64(dst, v.bits)
	case Decimal:
		dst = append(dst, v.precision, v.scale)
		dst = binary.BigEndian.AppendUint64(dst, v.size)
		return binary.BigEndian.AppendUint64(dst, v.bits)
	case String, Bytes, JSON:
		dst = binary.AppendUvarint(dst, v.size)
		return append(dst, v.Text()...)
	}
	return dst
}

// Read reads what Append wrote and gives what follows it. It allocates nothing: text points into
// from. JSON is taken at its word.
func Read(from []byte) (v Value, rest []byte, err error) {
	if len(from) == 0 || from[0] > byte(JSON) {
		return Value{}, nil, errValue
	}
	kind, body := Kind(from[0]), from[1:]
	switch kind {
	case Null:
		return Value{}, body, nil
	case Boolean:
		if len(body) == 0 || body[0] > 1 {
			return Value{}, nil, errValue
		}
		return OfBoolean(body[0] == 1), body[1:], nil
	case Integer, Timestamp, Interval:
		i, n := binary.Varint(body)
		if n <= 0 || n > 1 && body[n-1] == 0 {
			return Value{}, nil, errValue
		}
		return Value{kind: kind, bits: uint64(i)}, body[n:], nil
	case Double:
		return readDouble(body)
	case Decimal:
		return readDecimal(body)
	}
	size, n := binary.Uvarint(body)
	if n <= 0 || n > 1 && body[n-1] == 0 || size > uint64(len(body)-n) {
		return Value{}, nil, errValue
	}
	v = ofText(kind, view(body[n:n+int(size)]))
	if kind == JSON && (size < 2 || v.Text()[0] != '{' && v.Text()[0] != '[') {
		return Value{}, nil, errValue
	}
	return v, body[n+int(size):], nil
}

func readDouble(body []byte) (Value, []byte, error) {
	if len(body) < 8 {
		return Value{}, nil, errValue
	}
	v := Value{kind: Double, bits: binary.BigEndian.Uint64(body)}
	if normal := OfDouble(v.Double()); normal.kind != Double || normal.bits != v.bits {
		return Value{}, nil, errValue
	}
	return v, body[8:], nil
}

func readDecimal(body []byte) (Value, []byte, error) {
	if len(body) < 18 {
		return Value{}, nil, errValue
	}
	v := Value{
		kind: Decimal, precision: body[0], scale: body[1],
		size: binary.BigEndian.Uint64(body[2:]), bits: binary.BigEndian.Uint64(body[10:]),
	}
	if v.precision == 0 || v.precision > digitsMax || v.scale > v.precision || !v.decimal().fits(int(v.precision)) {
		return Value{}, nil, errValue
	}
	return v, body[18:], nil
}
