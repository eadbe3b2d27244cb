package codec

import (
	"encoding/binary"
	"math"
	"strconv"

	"github.com/edgedhq/edged"
)

// The msgpack codes in use.
const (
	packedNil   = 0xc0
	packedFalse = 0xc2
	packedTrue  = 0xc3
)

// msgpack appends what the shape asks for: the event's envelope, its data alone, a change or a row.
func (x *Encoder) msgpack(b []byte, e *edged.Event, shape Shape, withCursor bool) []byte {
	if shape.keyed() {
		return x.keyedMsgpack(b, e, shape, withCursor)
	}
	kind := x.kinds.of(e)
	if shape.DataOnly {
		return dataMsgpack(b, e, kind)
	}
	withCursor = withCursor && x.marked
	withData := kind != jsonData || len(e.Data) > 0
	b = append(b, 0x80|8+one(e.Key != "")+one(e.Type != "")+one(len(e.Headers) > 0)+one(withData)+one(withCursor))
	b = append(b, "\xa2id"...)
	if e.ID != "" {
		b = appendText(b, e.ID)
	} else {
		b = e.AppendID(append(b, 0xa0|26)) // a ULID
	}
	b = append(b, x.place...)
	b = appendUint(b, uint64(e.Sequence))
	b = append(b, "\xa3hlc"...)
	b = x.hlcMsgpack(b, e)
	b = append(b, "\xa4time"...)
	at := len(b)
	b = x.event.append(append(b, 0), e.Time)
	b[at] = 0xa0 | byte(len(b)-at-1) // 20 to 30 bytes
	if e.Key != "" {
		b = appendText(append(b, "\xa3key"...), e.Key)
	}
	if e.Type != "" {
		b = appendText(append(b, "\xa4type"...), e.Type)
	}
	b = append(b, "\xaccontent_type"...)
	if e.ContentType == "" {
		b = append(b, "\xb0application/json"...)
	} else {
		b = appendText(b, e.ContentType)
	}
	if len(e.Headers) > 0 {
		b = appendMapLen(append(b, "\xa7headers"...), len(e.Headers))
		for _, h := range e.Headers {
			b = appendText(appendText(b, h.Name), h.Value)
		}
	}
	if withData {
		b = dataMsgpack(append(b, "\xa4data"...), e, kind)
	}
	if withCursor {
		b = x.cursorMsgpack(append(b, "\xa6cursor"...), e)
	}
	return b
}

// placeMsgpack is the members between id and the number of seq, the same for all events of a run.
func (x *Encoder) placeMsgpack(b []byte) []byte {
	b = appendText(append(b, "\xa6stream"...), x.name.Stream)
	b = appendUint(append(b, "\xa9partition"...), uint64(x.name.Partition))
	b = appendText(append(b, "\xa6origin"...), x.name.Origin.String())
	return append(b, "\xa3seq"...)
}

func (x *Encoder) hlcMsgpack(b []byte, e *edged.Event) []byte {
	at := len(b)
	b = append(x.accept.append(append(b, 0xd9, 0), e.HLC.Wall), '+')
	b = strconv.AppendUint(b, uint64(e.HLC.Logical), 10)
	b[at+1] = byte(len(b) - at - 2) // 22 to 41 bytes
	return b
}

func (x *Encoder) cursorMsgpack(b []byte, e *edged.Event) []byte {
	at := len(b)
	b = x.cursor(append(b, 0xda, 0, 0), e)
	binary.BigEndian.PutUint16(b[at+1:], uint16(len(b)-at-3)) // a cursor has at most 22 KiB
	return b
}

func dataMsgpack(b []byte, e *edged.Event, kind dataKind) []byte {
	switch {
	case kind == jsonData && len(e.Data) == 0:
		return append(b, packedNil)
	case kind == jsonData:
		return AppendValue(b, e.Data)
	case kind == textData:
		return appendText(b, e.Data)
	default:
		return appendRaw(b, e.Data)
	}
}

func one(is bool) byte {
	if is {
		return 1
	}
	return 0
}

// appendText appends a string.
func appendText[T string | []byte](b []byte, s T) []byte {
	switch n := len(s); {
	case n < 32:
		b = append(b, 0xa0|byte(n))
	case n <= math.MaxUint8:
		b = append(b, 0xd9, byte(n))
	case n <= math.MaxUint16:
		b = binary.BigEndian.AppendUint16(append(b, 0xda), uint16(n))
	default:
		b = binary.BigEndian.AppendUint32(append(b, 0xdb), uint32(n))
	}
	return append(b, s...)
}

// appendRaw appends bytes.
func appendRaw(b, p []byte) []byte {
	switch n := len(p); {
	case n <= math.MaxUint8:
		b = append(b, 0xc4, byte(n))
	case n <= math.MaxUint16:
		b = binary.BigEndian.AppendUint16(append(b, 0xc5), uint16(n))
	default:
		b = binary.BigEndian.AppendUint32(append(b, 0xc6), uint32(n))
	}
	return append(b, p...)
}

func appendUint(b []byte, v uint64) []byte {
	switch {
	case v < 128:
		return append(b, byte(v))
	case v <= math.MaxUint8:
		return append(b, 0xcc, byte(v))
	case v <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, 0xcd), uint16(v))
	case v <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(b, 0xce), uint32(v))
	default:
		return binary.BigEndian.AppendUint64(append(b, 0xcf), v)
	}
}

// AppendArrayLen appends the head of a msgpack array of n elements.
func AppendArrayLen(b []byte, n int) []byte {
	switch {
	case n < 16:
		return append(b, 0x90|byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, 0xdc), uint16(n))
	default:
		return binary.BigEndian.AppendUint32(append(b, 0xdd), uint32(n))
	}
}

func appendMapLen(b []byte, n int) []byte {
	switch {
	case n < 16:
		return append(b, 0x80|byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, 0xde), uint16(n))
	default:
		return binary.BigEndian.AppendUint32(append(b, 0xdf), uint32(n))
	}
}
