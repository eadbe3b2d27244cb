package edged

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
)

// Cursor is a reader's place in one stream: a vector, valid at every node. Outside it is an
// opaque word: base64url, without padding, of
//
//	version 1 | uvarint length, stream | uvarint generation | entries | CRC-32C, 4 bytes, little-endian
//	entry: origin, 10 bytes | uvarint n | n x (uvarint partition, uvarint sequence)
//
// A log may be named twice; the higher sequence counts. So readers who stand at one place share
// the bytes of their vector (a Base), and an event's cursor is the Base with one entry more.
type Cursor struct {
	Stream     string
	Generation Generation
	Vector     Vector
}

const cursorVersion = 1

// cursorBytesMax bounds a cursor's text: 16 KiB of bytes.
const cursorBytesMax = 22 << 10

var castagnoli = crc32.MakeTable(crc32.Castagnoli) // read-only

// String encodes the cursor.
func (c Cursor) String() string { return string(c.Base().AppendTo(nil)) }

// Base encodes all but the checksum, to be completed by Base.AppendTo or Base.AppendAt.
func (c Cursor) Base() Base {
	b := make([]byte, 0, 16+len(c.Stream)+14*len(c.Vector))
	b = append(b, cursorVersion)
	b = binary.AppendUvarint(b, uint64(len(c.Stream)))
	b = append(b, c.Stream...)
	b = binary.AppendUvarint(b, uint64(c.Generation))
	keys := c.Vector.Keys()
	for len(keys) > 0 {
		n := 1
		for n < len(keys) && keys[n].Origin == keys[0].Origin {
			n++
		}
		b = append(b, keys[0].Origin[:]...)
		b = binary.AppendUvarint(b, uint64(n))
		for _, k := range keys[:n] {
			b = binary.AppendUvarint(b, uint64(k.Partition))
			b = binary.AppendUvarint(b, uint64(c.Vector[k]))
		}
		keys = keys[n:]
	}
	return Base{raw: b, sum: crc32.Checksum(b, castagnoli)}
}

// Base is the encoded vector that a run of events shares.
type Base struct {
	raw []byte
	sum uint32
}

// AppendTo appends the text of the cursor that stands at the base itself.
func (p Base) AppendTo(dst []byte) []byte { return p.finish(dst, nil) }

// AppendAt appends the text of the cursor that stands just after event s of log k and at the
// base everywhere else.
func (p Base) AppendAt(dst []byte, k LogKey, s Sequence) []byte {
	var tail [32]byte
	t := append(tail[:0], k.Origin[:]...)
	t = append(t, 1)
	t = binary.AppendUvarint(t, uint64(k.Partition))
	t = binary.AppendUvarint(t, uint64(s))
	return p.finish(dst, t)
}

// AppendAfter appends the text of the cursor that stands just after the spans of one origin and
// at the base everywhere else.
func (p Base) AppendAfter(dst []byte, origin OriginID, spans []Span) []byte {
	var small [64]byte
	t := small[:0]
	if len(spans) > 0 {
		t = append(t, origin[:]...)
		t = binary.AppendUvarint(t, uint64(len(spans)))
	}
	for _, s := range spans {
		t = binary.AppendUvarint(t, uint64(s.Partition))
		t = binary.AppendUvarint(t, uint64(s.Last))
	}
	return p.finish(dst, t)
}

// With is the base of a reader that has moved on to event s of log k. It grows by one entry, so
// whoever chains many starts afresh from a Cursor now and then.
func (p Base) With(k LogKey, s Sequence) Base {
	b := make([]byte, 0, len(p.raw)+32)
	b = append(b, p.raw...)
	b = append(b, k.Origin[:]...)
	b = append(b, 1)
	b = binary.AppendUvarint(b, uint64(k.Partition))
	b = binary.AppendUvarint(b, uint64(s))
	return Base{raw: b, sum: crc32.Update(p.sum, castagnoli, b[len(p.raw):])}
}

// Bytes is the encoded vector without its checksum; it must not be changed.
func (p Base) Bytes() []byte { return p.raw }

// Cursor decodes the base.
func (p Base) Cursor() Cursor {
	c, err := decodeCursor(p.raw)
	if err != nil {
		panic("edged: a base of our own making does not decode")
	}
	return c
}

func (p Base) finish(dst, tail []byte) []byte {
	var small [256]byte
	b := append(append(small[:0], p.raw...), tail...)
	b = binary.LittleEndian.AppendUint32(b, checksum(p.sum, tail))
	return base64.RawURLEncoding.AppendEncode(dst, b)
}

// ParseCursor reads the text form. A damaged or foreign text is BadCursor; whether the stream is
// the right one is for the caller to ask.
func ParseCursor(text string) (Cursor, error) {
	if len(text) > cursorBytesMax {
		return Cursor{}, badCursor("it is longer than any that a node gives out")
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) < 7 {
		return Cursor{}, badCursor("it is not a cursor")
	}
	body, sum := b[:len(b)-4], binary.LittleEndian.Uint32(b[len(b)-4:])
	if crc32.Checksum(body, castagnoli) != sum {
		return Cursor{}, badCursor("its checksum does not match")
	}
	return decodeCursor(body)
}

func decodeCursor(body []byte) (Cursor, error) {
	if body[0] != cursorVersion {
		return Cursor{}, badCursor("it was made by a newer version")
	}
	r := cursorReader{rest: body[1:]}
	stream, generation := r.take(r.uvarint()), r.uvarint()
	// Walked once before anything is kept: what is refused has cost nothing.
	entries := r
	entries.each(func(LogKey, Sequence) {})
	if entries.failed {
		return Cursor{}, badCursor("it is cut off")
	}
	c := Cursor{Stream: string(stream), Generation: Generation(generation), Vector: Vector{}}
	r.each(c.Vector.Raise)
	return c, nil
}

func badCursor(why string) error {
	return RefuseField(BadCursor, "cursor", nil, "%s; pass on a cursor exactly as a node gave it", why)
}

// cursorReader takes fields off a byte slice and remembers whether one was missing.
type cursorReader struct {
	rest   []byte
	failed bool
}

// each calls yield for every entry of the vector.
func (r *cursorReader) each(yield func(LogKey, Sequence)) {
	for len(r.rest) > 0 && !r.failed {
		var k LogKey
		copy(k.Origin[:], r.take(uint64(len(k.Origin))))
		for n := r.uvarint(); n > 0 && !r.failed; n-- {
			k.Partition = Partition(r.uvarint())
			yield(k, Sequence(r.uvarint()))
		}
	}
}

func (r *cursorReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.failed, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *cursorReader) take(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.failed, r.rest = true, nil
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}
