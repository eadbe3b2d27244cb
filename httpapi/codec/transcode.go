package codec

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
	"unsafe"

	"github.com/edgedhq/edged/httpapi/jsonscan"
)

// AppendValue appends a JSON text as the msgpack value it says: whole numbers up to 64 bits
// as integers, all others as floats. Bytes that are no JSON are appended as they are: a reader is
// given what was stored, whatever it is.
func AppendValue(b, text []byte) []byte {
	from := len(b)
	t := transcoder{text: text, read: jsonscan.NewReader(text)}
	b = t.value(b, 0)
	t.read.End()
	if t.failed || t.read.Failed() {
		return appendRaw(b[:from], text)
	}
	return b
}

// transcoder walks a JSON text once.
type transcoder struct {
	text   []byte
	read   jsonscan.Reader
	failed bool
}

func (t *transcoder) value(b []byte, depth int) []byte {
	if depth > jsonscan.DepthMax {
		t.failed = true
		return b
	}
	switch t.read.Peek() {
	case jsonscan.Object:
		return t.object(b, depth)
	case jsonscan.Array:
		return t.array(b, depth)
	}
	v := t.read.Value()
	switch v.Kind {
	case jsonscan.String:
		return t.string(b, v)
	case jsonscan.Number:
		return t.number(b, v.Bytes(t.text))
	case jsonscan.True:
		return append(b, packedTrue)
	case jsonscan.False:
		return append(b, packedFalse)
	}
	return append(b, packedNil)
}

func (t *transcoder) object(b []byte, depth int) []byte {
	at, n := len(b), 0
	b = append(b, 0) // the head, written once the members are counted
	for ok := t.read.Open('{'); ok && t.read.More('}') && !t.failed; n++ {
		b = t.string(b, t.read.NameValue())
		b = t.value(b, depth+1)
	}
	return head(b, at, appendMapLen(nil, n))
}

func (t *transcoder) array(b []byte, depth int) []byte {
	at, n := len(b), 0
	b = append(b, 0)
	for ok := t.read.Open('['); ok && t.read.More(']') && !t.failed; n++ {
		b = t.value(b, depth+1)
	}
	return head(b, at, AppendArrayLen(nil, n))
}

// head puts a container's head over the byte kept for it, and makes room if it takes more.
func head(b []byte, at int, h []byte) []byte {
	if more := len(h) - 1; more > 0 {
		end := len(b)
		b = append(b, h[1:]...)
		copy(b[at+1+more:], b[at+1:end])
	}
	copy(b[at:], h)
	return b
}

func (t *transcoder) string(b []byte, v jsonscan.Value) []byte {
	if t.read.Failed() {
		return b
	}
	if v.Marks&jsonscan.Escaped == 0 {
		return appendText(b, v.Content(t.text))
	}
	plain, err := jsonscan.Unescape(nil, v.Content(t.text))
	t.failed = t.failed || err != nil
	return appendText(b, plain)
}

// number appends a number. The text is the event's, which never changes.
func (t *transcoder) number(b, text []byte) []byte {
	if v, negative, whole := wholeNumber(text); whole {
		if negative {
			return appendNegative(b, -int64(v))
		}
		return appendUint(b, v)
	}
	f, _ := strconv.ParseFloat(unsafe.String(unsafe.SliceData(text), len(text)), 64) // past its range it is infinite, as near as a float comes
	return binary.BigEndian.AppendUint64(append(b, 0xcb), math.Float64bits(f))
}

// wholeNumber reads an integer of at most 18 digits, which fits whatever its sign; longer ones
// are floats to most who read JSON anyway.
func wholeNumber(text []byte) (v uint64, negative, whole bool) {
	if text[0] == '-' {
		negative, text = true, text[1:]
	}
	if len(text) > 18 {
		return longNumber(text, negative)
	}
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false, false
		}
		v = 10*v + uint64(c-'0')
	}
	return v, negative, true
}

// longNumber reads an integer of 19 or 20 digits that fits into 64 bits.
func longNumber(text []byte, negative bool) (v uint64, _, whole bool) {
	for _, c := range text {
		hi, lo := bits.Mul64(v, 10)
		sum, carry := bits.Add64(lo, uint64(c-'0'), 0)
		if c < '0' || c > '9' || hi != 0 || carry != 0 {
			return 0, false, false
		}
		v = sum
	}
	return v, negative, !negative || v <= 1<<63
}

// appendNegative appends an integer below zero, or zero when it was written as -0.
func appendNegative(b []byte, v int64) []byte {
	switch {
	case v >= 0:
		return appendUint(b, uint64(v))
	case v >= -32:
		return append(b, byte(v))
	case v >= math.MinInt8:
		return append(b, 0xd0, byte(v))
	case v >= math.MinInt16:
		return binary.BigEndian.AppendUint16(append(b, 0xd1), uint16(v))
	case v >= math.MinInt32:
		return binary.BigEndian.AppendUint32(append(b, 0xd2), uint32(v))
	}
	return binary.BigEndian.AppendUint64(append(b, 0xd3), uint64(v))
}
