package block

import (
	"encoding/binary"
	"unsafe"

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

// appendRecord appends a draft as a record.
func appendRecord(dst []byte, d *edged.Draft, wall int64) []byte {
	at := len(dst)
	dst = append(dst, 0, 0) // the length, for most records one byte; the flags
	flags := byte(0)
	if d.HasTime && d.Time != wall {
		flags |= hasTime
		dst = binary.AppendVarint(dst, d.Time-wall)
	}
	if len(d.ID) > 0 {
		flags |= hasID
		dst = appendString(dst, d.ID)
	}
	if len(d.Key) > 0 {
		flags |= hasKey
		dst = appendString(dst, d.Key)
	}
	if len(d.Type) > 0 {
		flags |= hasType
		dst = appendString(dst, d.Type)
	}
	if len(d.ContentType) > 0 && string(d.ContentType) != jsonType {
		flags |= hasContentType
		dst = appendString(dst, d.ContentType)
	}
	if len(d.Headers) > 0 {
		flags |= hasHeaders
		dst = appendHeaders(dst, d.Headers)
	}
	if len(d.After) > 0 {
		flags |= hasExtension
		item := binary.AppendUvarint([]byte{tagAfter}, uint64(len(d.After)))
		dst = binary.AppendUvarint(dst, uint64(len(item)+len(d.After)))
		dst = append(append(dst, item...), d.After...)
	}
	dst[at+1] = flags
	dst = append(dst, d.Data...)
	return frame(dst, at)
}

// frame writes the length of the record that begins at at, and makes room if it takes more than
// the one byte kept for it.
func frame(dst []byte, at int) []byte {
	n := uint64(len(dst) - at - 1)
	if n < 0x80 {
		dst[at] = byte(n)
		return dst
	}
	var length [binary.MaxVarintLen64]byte
	wide := binary.PutUvarint(length[:], n)
	dst = append(dst, length[:wide-1]...)
	copy(dst[at+wide:], dst[at+1:at+1+int(n)])
	copy(dst[at:], length[:wide])
	return dst
}

func appendString[T string | []byte](dst []byte, s T) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

func appendHeaders(dst []byte, headers []edged.Header) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(headers)))
	for _, h := range headers {
		dst = appendString(dst, h.Name)
		dst = appendString(dst, h.Value)
	}
	return dst
}

// reader takes fields off a record. The first that is missing spoils it.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) uvarint() uint64 {
	if len(r.rest) > 0 && r.rest[0] < 0x80 {
		v := r.rest[0]
		r.rest = r.rest[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) bytes() []byte {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.bad, r.rest = true, nil
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

// text takes a string that points into the block: its bytes never change, and the garbage
// collector keeps them as long as the string.
func (r *reader) text() string {
	b := r.bytes()
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// record reads the fields of one record into e, whose HLC is set.
func (r *reader) record(e *edged.Event) {
	if len(r.rest) == 0 {
		r.bad = true
		return
	}
	flags := r.rest[0]
	r.rest = r.rest[1:]
	e.Time = e.HLC.Wall
	if flags&hasTime != 0 {
		e.Time += r.varint()
	}
	e.ID, e.Key, e.Type, e.ContentType, e.Headers = "", "", "", "", nil
	if flags&hasID != 0 {
		e.ID = r.text()
	}
	if flags&hasKey != 0 {
		e.Key = r.text()
	}
	if flags&hasType != 0 {
		e.Type = r.text()
	}
	if flags&(hasContentType|hasHeaders|hasProducer|hasExtension) != 0 {
		r.rare(flags, e)
	}
	e.Data = r.rest
}

// rare reads the fields that few records have.
func (r *reader) rare(flags byte, e *edged.Event) {
	if flags&hasContentType != 0 {
		e.ContentType = r.text()
	}
	if flags&hasHeaders != 0 {
		n := r.uvarint()
		if n > uint64(len(r.rest)/2) { // each takes two bytes at least
			r.bad, r.rest = true, nil
			return
		}
		e.Headers = make([]edged.Header, n)
		for i := range e.Headers {
			e.Headers[i] = edged.Header{Name: r.text(), Value: r.text()}
		}
	}
	if flags&hasProducer != 0 {
		r.bad, r.rest = true, nil // reserved: a block that uses it has another version
		return
	}
	if flags&hasExtension != 0 {
		items := reader{rest: r.bytes()}
		for len(items.rest) > 0 && !items.bad {
			items.uvarint()
			items.bytes()
		}
		r.bad = r.bad || items.bad
	}
}
