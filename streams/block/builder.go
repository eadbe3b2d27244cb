package block

import (
	"hash/crc32"
	"math"
	"slices"

	"github.com/edgedhq/edged"
)

// Place is where a block stands.
type Place struct {
	Log   edged.LogID
	First edged.Sequence
	HLC   edged.Timestamp // of the first event
	Prev  Chain
}

// scratchMax is the most memory that a Builder keeps for the next block: one huge event is no
// reason to hold its size for ever.
const scratchMax = 4 * BodyTarget

// Builder packs drafts into blocks: Start, Add for each draft, Seal; and again. Its memory is
// used again, what it seals is the block's own. The zero Builder is ready for Start.
type Builder struct {
	header Header
	body   []byte
	packer packer
}

// Start begins a block.
func (b *Builder) Start(at Place) {
	b.header = Header{
		Log: at.Log, First: at.First, HLC: at.HLC, Prev: at.Prev,
		TimeMin: math.MaxInt64, TimeMax: math.MinInt64,
	}
	if cap(b.body) > scratchMax {
		b.body = nil
	}
	b.body = b.body[:0]
}

// Fits says whether the block has room for d under CountMax and BytesMax. An event that does not
// fit into an empty block is too large for any.
func (b *Builder) Fits(d *edged.Draft) bool {
	s := shapeOf(d, b.header.HLC.Wall)
	return b.fits(s.size())
}

func (b *Builder) fits(size int) bool {
	return b.header.Count < CountMax && size <= bodyBytesMax-len(b.body)
}

// Add appends a draft. It keeps nothing of it. It panics when the draft does not fit: sequence
// and stamp are given out by then, and to leave the event out would be to lose it in silence.
func (b *Builder) Add(d *edged.Draft) {
	s := shapeOf(d, b.header.HLC.Wall)
	size := s.size()
	if !b.fits(size) {
		panic("block: an event was added to a block that has no room for it")
	}
	at := b.header.HLC.Wall + s.delta
	b.header.TimeMin, b.header.TimeMax = min(b.header.TimeMin, at), max(b.header.TimeMax, at)
	b.header.Count++
	from := len(b.body)
	if cap(b.body)-from < size {
		b.body = slices.Grow(b.body, size)
	}
	b.body = b.body[:from+size]
	s.put(b.body[from:], d)
}

// Len is the number of events added since Start.
func (b *Builder) Len() int { return b.header.Count }

// BodyBytes is the size of the body so far, before compression.
func (b *Builder) BodyBytes() int { return len(b.body) }

// Seal ends the block. It compresses the body if that saves a tenth. It panics on a block that no
// node would take: an empty one, or one whose sequences or stamps run over.
func (b *Builder) Seal(c Codec) Block {
	h := b.header
	stored, used := b.packer.pack(b.body, c)
	h.Codec, h.BodyBytes, h.RawBodyBytes = used, len(stored), len(b.body)
	if err := h.check(); err != nil {
		panic("block: built what no node would take: " + err.Error())
	}
	h.bodySum = crc32.Checksum(stored, castagnoli)
	raw := make([]byte, HeaderBytes+len(stored))
	copy(raw[HeaderBytes:], stored)
	h.put(raw)
	body := raw[HeaderBytes:]
	if used != None {
		body = append(make([]byte, 0, len(b.body)), b.body...)
	}
	b.header.Count, b.body = 0, b.body[:0]
	return Block{header: &h, raw: raw, body: body, chain: chainOf(raw), hashed: true}
}
