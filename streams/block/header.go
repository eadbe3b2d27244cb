package block

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/edgedhq/edged"
)

// Sizes of the format.
const (
	HeaderBytes = 100
	CountMax    = 10_000    // events in one block
	BodyTarget  = 256 << 10 // bytes of body at which a builder's caller closes a block
	BytesMax    = 16 << 20  // of a block, as stored and as it would be without compression
)

// Chain is the root's word, for those who build and verify blocks.
type Chain = edged.Chain

// Header is what a block says of itself.
type Header struct {
	Log     edged.LogID
	First   edged.Sequence
	Count   int
	HLC     edged.Timestamp // of the first event; event i has HLC.Plus(i)
	TimeMin int64           // smallest event time, Unix nanoseconds
	TimeMax int64           // largest event time
	Prev    Chain           // of the block before

	Codec        Codec
	BodyBytes    int // as stored
	RawBodyBytes int // before compression

	bodySum uint32
}

// Last is the sequence of the last event.
func (h *Header) Last() edged.Sequence { return h.First + edged.Sequence(h.Count) - 1 }

// Newest is the stamp of the last event.
func (h *Header) Newest() edged.Timestamp { return h.HLC.Plus(h.Count - 1) }

// Form is the version of blocks that this release writes, and the highest that it reads.
const Form = 1

const (
	magic        = "EDB1"
	bodyBytesMax = BytesMax - HeaderBytes
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli) // read-only

// put writes the header over b[:HeaderBytes].
func (h *Header) put(b []byte) {
	le := binary.LittleEndian
	copy(b, magic)
	b[4], b[5] = Form, byte(h.Codec)
	le.PutUint16(b[6:], HeaderBytes)
	copy(b[8:], h.Log[:])
	le.PutUint64(b[24:], uint64(h.First))
	le.PutUint32(b[32:], uint32(h.Count))
	le.PutUint32(b[36:], uint32(h.BodyBytes))
	le.PutUint32(b[40:], uint32(h.RawBodyBytes))
	le.PutUint32(b[44:], h.bodySum)
	le.PutUint64(b[48:], uint64(h.HLC.Wall))
	le.PutUint32(b[56:], h.HLC.Logical)
	le.PutUint64(b[60:], uint64(h.TimeMin))
	le.PutUint64(b[68:], uint64(h.TimeMax))
	copy(b[76:], h.Prev[:])
	le.PutUint32(b[92:], 0)
	le.PutUint32(b[96:], crc32.Checksum(b[:96], castagnoli))
}

// ParseHeader reads and checks a block's header; the body may be missing.
func ParseHeader(raw []byte) (Header, error) {
	le := binary.LittleEndian
	var h Header
	switch {
	case len(raw) < HeaderBytes:
		return h, damaged(Short, "%d bytes are no header", len(raw))
	case string(raw[:4]) != magic:
		return h, damaged(Magic, "it begins with %q", raw[:4])
	case raw[4] != Form:
		return h, damaged(Version, "version %d, this node reads %d", raw[4], Form)
	case crc32.Checksum(raw[:96], castagnoli) != le.Uint32(raw[96:]):
		return h, damaged(HeaderSum, "the header's checksum does not match")
	}
	h = Header{
		First:        edged.Sequence(le.Uint64(raw[24:])),
		Count:        number(raw[32:]),
		HLC:          edged.Timestamp{Wall: int64(le.Uint64(raw[48:])), Logical: le.Uint32(raw[56:])},
		TimeMin:      int64(le.Uint64(raw[60:])),
		TimeMax:      int64(le.Uint64(raw[68:])),
		Codec:        Codec(raw[5]),
		BodyBytes:    number(raw[36:]),
		RawBodyBytes: number(raw[40:]),
		bodySum:      le.Uint32(raw[44:]),
	}
	copy(h.Log[:], raw[8:])
	copy(h.Prev[:], raw[76:])
	if length, zero := le.Uint16(raw[6:]), le.Uint32(raw[92:]); length != HeaderBytes || zero != 0 {
		return h, damaged(Lengths, "header length %d, reserved %d", length, zero)
	}
	return h, h.check()
}

// number reads a length. One beyond what any field may be is cut to that, and so refused: a small
// machine's int would make it negative.
func number(b []byte) int { return int(min(binary.LittleEndian.Uint32(b), 1<<31-1)) }

// check refuses numbers that no builder writes.
func (h *Header) check() error {
	switch {
	case h.Codec > Zstd:
		return damaged(Lengths, "flags %#x", byte(h.Codec))
	case h.Count < 1 || h.Count > CountMax:
		return damaged(Lengths, "%d events", h.Count)
	case h.First < 1 || h.First+edged.Sequence(h.Count) < h.First:
		return damaged(Lengths, "first sequence %d", h.First)
	case h.HLC.Logical+uint32(h.Count-1) < h.HLC.Logical:
		return damaged(Lengths, "counter %d with %d events", h.HLC.Logical, h.Count)
	case h.BodyBytes > bodyBytesMax || h.RawBodyBytes > bodyBytesMax:
		return damaged(Lengths, "body of %d bytes, %d before compression", h.BodyBytes, h.RawBodyBytes)
	case h.Codec == None && h.BodyBytes != h.RawBodyBytes:
		return damaged(Lengths, "uncompressed, but %d and %d bytes", h.BodyBytes, h.RawBodyBytes)
	case h.Codec != None && h.BodyBytes >= h.RawBodyBytes:
		return damaged(Lengths, "compressed from %d bytes to %d", h.RawBodyBytes, h.BodyBytes)
	case h.TimeMin > h.TimeMax:
		return damaged(Lengths, "event times %d to %d", h.TimeMin, h.TimeMax)
	case h.RawBodyBytes < h.Count*recordBytesMin:
		return damaged(Lengths, "%d events in %d bytes", h.Count, h.RawBodyBytes)
	}
	return nil
}
