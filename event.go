package edged

import (
	"encoding/binary"
	"time"
)

// Header is one name and value that travels with an event.
type Header struct {
	Name, Value string
}

// Event is one immutable fact with its place. Its strings and Data point into a block's bytes,
// which never change; a reader may keep them, and must not write to them.
type Event struct {
	Stream      string
	Log         LogID
	Partition   Partition
	Origin      Origin
	Sequence    Sequence
	HLC         Timestamp
	Time        int64  // event time, Unix nanoseconds
	ID          string // the producer's; empty when the node derives it, see AppendID
	Key         string
	Type        string
	ContentType string // empty is application/json
	Headers     []Header
	Data        []byte
}

// AppendID appends the event's id: the producer's, or a ULID derived from its place: 48 bits of
// HLC milliseconds, the first 4 bytes of the log id, the low 6 bytes of the sequence.
func (e *Event) AppendID(dst []byte) []byte {
	if e.ID != "" {
		return append(dst, e.ID...)
	}
	var u [16]byte
	binary.BigEndian.PutUint64(u[:8], uint64(e.HLC.Wall/int64(time.Millisecond))<<16)
	copy(u[6:10], e.Log[:4])
	var s [8]byte
	binary.BigEndian.PutUint64(s[:], uint64(e.Sequence))
	copy(u[10:], s[2:])
	return appendULID(dst, u)
}

// appendULID writes 16 bytes as the 26 characters of Crockford's base 32.
func appendULID(dst []byte, u [16]byte) []byte {
	const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	hi, lo := binary.BigEndian.Uint64(u[:8]), binary.BigEndian.Uint64(u[8:])
	var out [26]byte
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = digits[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return append(dst, out[:]...)
}

// Draft is an event that has no place yet, as a publisher gives it. Its bytes are the
// publisher's, and are not kept after Append has returned.
type Draft struct {
	ID          []byte
	Key         []byte
	Type        []byte
	ContentType []byte // empty is application/json
	Headers     []Header
	Time        int64 // event time, Unix nanoseconds, if HasTime; else the accept time
	HasTime     bool
	After       []byte // what the author had seen: Base.Bytes of a cursor; nil when not said
	Data        []byte
}
