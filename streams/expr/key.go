package expr

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
)

// errKey says that bytes are no key.
var errKey = errors.New("expr: the bytes are no key")

// AppendKey writes a value so that keys of tuples, one value after the other, compare by bytes as
// the tuples do by Compare: values of one group have one key, and no key begins another.
//
//	boolean           10 or 11
//	number            20 or 21, its magnitude rounded down to a DOUBLE (8 B), 00 if that is all;
//	                  else the exponent + 40 (hex), its digits two a byte + 1, 00; below zero all after 20 inverted
//	text, JSON        30, 40 or 70, the bytes with 00 as 00 FF, 00 01
//	time              50 or 60, 8 B with the sign turned
//	null              F0
func AppendKey(dst []byte, v Value) []byte {
	dst = append(dst, ranks[v.kind])
	switch v.kind {
	case Boolean:
		dst[len(dst)-1] += byte(v.bits)
	case Integer, Double, Decimal:
		return appendNumberKey(dst[:len(dst)-1], v)
	case String, Bytes, JSON:
		s := v.Text()
		for {
			i := strings.IndexByte(s, 0)
			if i < 0 {
				break
			}
			dst = append(append(dst, s[:i]...), 0, 0xff)
			s = s[i+1:]
		}
		return append(append(dst, s...), 0, 1)
	case Timestamp, Interval:
		return binary.BigEndian.AppendUint64(dst, v.bits^1<<63)
	}
	return dst
}

func appendNumberKey(dst []byte, v Value) []byte {
	at := len(dst)
	down, rest := float64(0), decimal{}
	switch v.kind {
	case Double:
		down = v.Double()
		rest.negative = down < 0
		down = math.Abs(down)
	case Integer, Decimal:
		rest = v.decimal()
		down = roundDown(rest)
	}
	dst = append(dst, rankNumber)
	dst = binary.BigEndian.AppendUint64(dst, math.Float64bits(down))
	if m := rest; v.kind != Double {
		if m.negative = false; m.compareDouble(down) != 0 {
			dst = appendKeyDigits(dst, rest)
		}
	}
	dst = append(dst, 0)
	if rest.negative {
		dst[at] = rankNegative
		for i := range dst[at+1:] {
			dst[at+1+i] ^= 0xff
		}
	}
	return dst
}

// roundDown is the largest DOUBLE that is not above the magnitude.
func roundDown(d decimal) float64 {
	d.negative = false
	f := d.float()
	if d.compareDouble(f) < 0 {
		f = math.Nextafter(f, 0)
	}
	return f
}

// appendKeyDigits writes 0.d1d2… and the exponent of ten that goes with it.
func appendKeyDigits(dst []byte, d decimal) []byte {
	var text [80]byte
	digits := d.appendDigits(text[:0], false)
	dst = append(dst, byte(len(digits)-d.scale+0x40))
	for len(digits) > 0 && digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
	}
	for ; len(digits) > 1; digits = digits[2:] {
		dst = append(dst, (digits[0]-'0')*10+digits[1]-'0'+1)
	}
	if len(digits) == 1 {
		dst = append(dst, (digits[0]-'0')*10+1)
	}
	return dst
}

// ReadKey reads what AppendKey wrote and gives what follows it. A number comes back as an INTEGER if
// it is one, else as a DOUBLE if that holds it exactly, else as a DECIMAL. Text points into key
// unless it holds a zero byte.
func ReadKey(key []byte) (v Value, rest []byte, err error) {
	if len(key) == 0 {
		return Value{}, nil, errKey
	}
	body := key[1:]
	switch rank := key[0]; rank {
	case rankNull:
		return Value{}, body, nil
	case rankFalse, rankTrue:
		return OfBoolean(rank == rankTrue), body, nil
	case rankNegative, rankNumber:
		return readNumberKey(key)
	case rankString, rankBytes:
		return readTextKey(String+Kind(rank-rankString)>>4, body)
	case rankJSON:
		if len(body) < 2 || body[0] != '{' && body[0] != '[' {
			return Value{}, nil, errKey
		}
		return readTextKey(JSON, body)
	case rankTimestamp, rankInterval:
		if len(body) < 8 {
			return Value{}, nil, errKey
		}
		v = OfTimestamp(int64(binary.BigEndian.Uint64(body) ^ 1<<63))
		if rank == rankInterval {
			v.kind = Interval
		}
		return v, body[8:], nil
	}
	return Value{}, nil, errKey
}

func readTextKey(kind Kind, body []byte) (Value, []byte, error) {
	var copied []byte
	from := 0
	for {
		i := from + strings.IndexByte(view(body[from:]), 0)
		if i < from || i+1 == len(body) {
			return Value{}, nil, errKey
		}
		switch {
		case body[i+1] == 1 && copied == nil:
			return ofText(kind, view(body[:i])), body[i+2:], nil
		case body[i+1] == 1:
			return ofText(kind, view(append(copied, body[from:i]...))), body[i+2:], nil
		case body[i+1] != 0xff:
			return Value{}, nil, errKey
		}
		copied = append(append(copied, body[from:i]...), 0)
		from = i + 2
	}
}

// readNumberKey takes a number apart and, since there is one key for it, makes the key again.
func readNumberKey(key []byte) (Value, []byte, error) {
	var flip byte
	if key[0] == rankNegative {
		flip = 0xff
	}
	if len(key) < 10 {
		return Value{}, nil, errKey
	}
	f := math.Float64frombits(binary.BigEndian.Uint64(key[1:]) ^ uint64(int64(int8(flip))))
	n := 9
	for n < len(key) && key[n]^flip != 0 && n < 9+2+digitsMax/2+1 {
		n++
	}
	if n == len(key) || key[n]^flip != 0 {
		return Value{}, nil, errKey
	}
	n++
	if f-f != 0 {
		return Value{}, nil, errKey
	}
	v, ok := numberOfKey(f, key[9:n-1], flip)
	if !ok {
		return Value{}, nil, errKey
	}
	var again [40]byte
	if string(appendNumberKey(again[:0], v)) != string(key[:n]) {
		return Value{}, nil, errKey
	}
	return v, key[n:], nil
}

// numberOfKey gives the DOUBLE, or the number whose digits follow it.
func numberOfKey(f float64, digits []byte, flip byte) (Value, bool) {
	if flip != 0 {
		f = -f
	}
	if len(digits) == 0 {
		if i, ok := integerOf(f); ok {
			return OfInteger(i), true
		}
		return OfDouble(f), true
	}
	d := decimal{negative: flip != 0}
	for _, b := range digits[1:] {
		pair := uint64((b ^ flip) - 1)
		var carry bool
		d.magnitude, carry = d.magnitude.times(100)
		d.magnitude = d.magnitude.plus(wide{pair})
		if pair > 99 || !carry {
			return Value{}, false
		}
	}
	d.scale = 2*(len(digits)-1) - (int(digits[0]^flip) - 0x40)
	if d.scale < 0 {
		d, _ = d.rescale(0)
	}
	d = d.trim()
	if i, ok := d.integer(); ok {
		return OfInteger(i), true
	}
	precision := max(d.scale, 1)
	for precision < digitsMax && !d.fits(precision) {
		precision++
	}
	if d.scale > digitsMax {
		return Value{}, false
	}
	return d.value(precision)
}
