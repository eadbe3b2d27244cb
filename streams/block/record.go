package block

import (
	"math/bits"

	"github.com/edgedhq/edged"
)

// The flag bits of a record.
const (
	hasTime = 1 << iota
	hasID
	hasKey
	hasType
	hasContentType
	hasHeaders
	hasProducer
	hasExtension
)

// tagAfter is the extension item that holds what the author had seen.
const tagAfter = 2

// recordBytesMin is the shortest record: its length, its flags.
const recordBytesMin = 2

// jsonType is the content type that is not written.
const jsonType = "application/json"

// shape is a record measured before it is written, so that its length can go first.
type shape struct {
	flags byte
	delta int64 // event time less the HLC wall time; wraps, as the reader's sum does
	rest  int   // bytes after the length
}

func shapeOf(d *edged.Draft, wall int64) shape {
	s := shape{rest: 1 + len(d.Data)}
	if d.HasTime && d.Time != wall {
		s.flags, s.delta = hasTime, d.Time-wall
		s.rest += uvarintBytes(zigzag(s.delta))
	}
	if len(d.ID) > 0 {
		s.flags |= hasID
		s.rest += stringBytes(len(d.ID))
	}
	if len(d.Key) > 0 {
		s.flags |= hasKey
		s.rest += stringBytes(len(d.Key))
	}
	if len(d.Type) > 0 {
		s.flags |= hasType
		s.rest += stringBytes(len(d.Type))
	}
	if len(d.ContentType) > 0 && string(d.ContentType) != jsonType {
		s.flags |= hasContentType
		s.rest += stringBytes(len(d.ContentType))
	}
	if len(d.Headers) > 0 {
		s.flags |= hasHeaders
		s.rest += headersBytes(d.Headers)
	}
	if len(d.After) > 0 {
		s.flags |= hasExtension
		s.rest += stringBytes(extensionBytes(d))
	}
	return s
}

// size is the length of the whole record.
func (s *shape) size() int { return uvarintBytes(uint64(s.rest)) + s.rest }

// put writes d, whose shape s is, as a record over out, which has exactly its size.
func (s *shape) put(out []byte, d *edged.Draft) {
	at := putUvarint(out, 0, uint64(s.rest))
	out[at] = s.flags
	at++
	if s.flags&hasTime != 0 {
		at = putUvarint(out, at, zigzag(s.delta))
	}
	if s.flags&hasID != 0 {
		at = putString(out, at, d.ID)
	}
	if s.flags&hasKey != 0 {
		at = putString(out, at, d.Key)
	}
	if s.flags&hasType != 0 {
		at = putString(out, at, d.Type)
	}
	if s.flags&hasContentType != 0 {
		at = putString(out, at, d.ContentType)
	}
	if s.flags&hasHeaders != 0 {
		at = putUvarint(out, at, uint64(len(d.Headers)))
		for i := range d.Headers {
			at = putString(out, at, d.Headers[i].Name)
			at = putString(out, at, d.Headers[i].Value)
		}
	}
	if s.flags&hasExtension != 0 {
		at = putUvarint(out, at, uint64(extensionBytes(d)))
		out[at] = tagAfter
		at = putString(out, at+1, d.After)
	}
	copy(out[at:], d.Data)
}

// extensionBytes is the length of the extension's items: a tag of one byte, and a string.
func extensionBytes(d *edged.Draft) int { return 1 + stringBytes(len(d.After)) }

func headersBytes(headers []edged.Header) int {
	n := uvarintBytes(uint64(len(headers)))
	for i := range headers {
		n += stringBytes(len(headers[i].Name)) + stringBytes(len(headers[i].Value))
	}
	return n
}

func putString[T string | []byte](out []byte, at int, s T) int {
	at = putUvarint(out, at, uint64(len(s)))
	return at + copy(out[at:], s)
}

func putUvarint(out []byte, at int, v uint64) int {
	for v >= 0x80 {
		out[at] = byte(v) | 0x80
		v >>= 7
		at++
	}
	out[at] = byte(v)
	return at + 1
}

// stringBytes is the size of a string of n bytes with its length.
func stringBytes(n int) int { return uvarintBytes(uint64(n)) + n }

func uvarintBytes(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }

func zigzag(v int64) uint64 { return uint64(v)<<1 ^ uint64(v>>63) }
