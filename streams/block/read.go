package block

import (
	"encoding/binary"
	"math/bits"
	"unsafe"

	"github.com/edgedhq/edged"
)

// record gives what follows the length of the record at a place, at least its flags, and where
// the next record begins: -1 when it is cut off.
func record(body []byte, at int) (rec []byte, next int) {
	n, at := uvarint(body, at)
	if at < 0 || n == 0 || n > uint64(len(body)-at) {
		return nil, -1
	}
	next = at + int(n)
	return body[at:next:next], next // data ends there, also for who appends to it
}

// decode reads a record into the fields of e that a record has, all but Headers: of these it
// gives the number, and the bytes that begin with the first. Strings and data point into rec.
func decode(rec []byte, wall int64, e *edged.Event) (headers []byte, n int, ok bool) {
	flags, at := rec[0], 1
	e.Time, e.ID, e.Key, e.Type, e.ContentType = wall, "", "", "", ""
	if flags&hasTime != 0 {
		var delta uint64
		delta, at = uvarint(rec, at)
		e.Time += int64(delta>>1) ^ -int64(delta&1)
	}
	if flags&hasID != 0 {
		e.ID, at = text(rec, at)
	}
	if flags&hasKey != 0 {
		e.Key, at = text(rec, at)
	}
	if flags&hasType != 0 {
		e.Type, at = text(rec, at)
	}
	if flags&(hasContentType|hasHeaders|hasProducer|hasExtension) != 0 {
		if flags&hasContentType != 0 {
			e.ContentType, at = text(rec, at)
		}
		if flags&hasHeaders != 0 {
			headers, n, at = skipHeaders(rec, at)
		}
		if flags&hasProducer != 0 { // its bytes are not settled, so what follows cannot be found
			return nil, 0, false
		}
		if flags&hasExtension != 0 {
			at = skipExtension(rec, at)
		}
	}
	if at < 0 {
		return nil, 0, false
	}
	e.Data = rec[at:]
	return headers, n, true
}

// skipHeaders gives the bytes that begin with the first header, their number, and where they end.
func skipHeaders(rec []byte, at int) (headers []byte, n int, end int) {
	claim, at := uvarint(rec, at)
	if at < 0 || claim > uint64(len(rec)-at)/2 { // each takes two bytes at least
		return nil, 0, -1
	}
	headers, n = rec[at:], int(claim)
	for range 2 * n {
		_, at = text(rec, at)
	}
	return headers, n, at
}

// readHeaders makes the n headers that skipHeaders found.
func readHeaders(raw []byte, n int) []edged.Header {
	headers := make([]edged.Header, n)
	at := 0
	for i := range headers {
		headers[i].Name, at = text(raw, at)
		headers[i].Value, at = text(raw, at)
	}
	return headers
}

// skipExtension says where the extension ends. Its items have to be whole, whatever their tags.
func skipExtension(rec []byte, at int) (end int) {
	field, end := text(rec, at)
	if end < 0 {
		return -1
	}
	items := rec[end-len(field) : end]
	for at = 0; at < len(items); {
		if _, at = uvarint(items, at); at < 0 { // the tag
			return -1
		}
		if _, at = text(items, at); at < 0 {
			return -1
		}
	}
	return end
}

// text reads a string and says where it ends: -1 when it is cut off. A place of -1 stays -1, so
// a chain of fields needs one check, at its end.
func text(b []byte, at int) (s string, end int) {
	n, at := uvarint(b, at)
	if at < 0 || n > uint64(len(b)-at) {
		return "", -1
	}
	end = at + int(n)
	return alias(b[at:end]), end
}

// uvarint reads a number and says where it ends: -1 when it is cut off or too big.
func uvarint(b []byte, at int) (v uint64, end int) {
	if uint(at) < uint(len(b)) { // nearly all take one byte or two
		low := b[at]
		if low < 0x80 {
			return uint64(low), at + 1
		}
		if at+1 < len(b) && b[at+1] < 0x80 {
			return uint64(low&0x7f) | uint64(b[at+1])<<7, at + 2
		}
	}
	return uvarintLong(b, at)
}

// uvarintLong reads numbers of up to 8 bytes at once: event times take 5 or 6, and byte by byte
// they would be a third of the cost of an event.
func uvarintLong(b []byte, at int) (v uint64, end int) {
	if at < 0 || at > len(b) {
		return 0, -1
	}
	if len(b)-at >= 8 {
		v = binary.LittleEndian.Uint64(b[at:])
		if ends := ^v & 0x8080808080808080; ends != 0 { // the last byte has no high bit
			v &= ends ^ (ends - 1)
			v = v&0x007f007f007f007f | v&0x7f007f007f007f00>>1
			v = v&0x00003fff00003fff | v&0x3fff00003fff0000>>2
			v = v&0x000000000fffffff | v&0x0fffffff00000000>>4
			return v, at + bits.TrailingZeros64(ends)/8 + 1
		}
	}
	v, n := binary.Uvarint(b[at:])
	if n <= 0 {
		return 0, -1
	}
	return v, at + n
}

// alias is a string over the bytes of a block. Nothing writes to them once there is a Block
// (Parse takes them over, Seal makes its own), which is all that a string asks for, and the
// collector keeps them as long as the string. To copy instead would cost every reader an
// allocation for every field of every event.
func alias(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
