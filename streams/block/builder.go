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

// Builder packs drafts into blocks: Start, Add for each draft, Seal; and again. Its memory is
// used again, what it seals is the block's own.
type Builder struct {
	header Header
	buf    []byte // room for the header, then the body
	packed []byte // room for the header, then the compressed body
}

// Start begins a block.
func (b *Builder) Start(at Place) {
	b.header = Header{
		Log: at.Log, First: at.First, HLC: at.HLC, Prev: at.Prev,
		TimeMin: math.MaxInt64, TimeMax: math.MinInt64,
	}
	if cap(b.buf) < HeaderBytes || cap(b.buf) > 4*BodyTarget { // one huge event is no reason to keep it
		b.buf = make([]byte, HeaderBytes, HeaderBytes+BodyTarget+BodyTarget/4)
	}
	b.buf = b.buf[:HeaderBytes]
}

// Add appends a draft. It keeps nothing of it. The caller keeps to CountMax and BytesMax.
func (b *Builder) Add(d *edged.Draft) {
	wall := b.header.HLC.Wall
	at := wall
	if d.HasTime {
		at = d.Time
	}
	b.header.TimeMin, b.header.TimeMax = min(b.header.TimeMin, at), max(b.header.TimeMax, at)
	b.buf = appendRecord(b.buf, d, wall)
	b.header.Count++
}

// Len is the number of events added since Start.
func (b *Builder) Len() int { return b.header.Count }

// BodyBytes is the size of the body so far, before compression.
func (b *Builder) BodyBytes() int { return len(b.buf) - HeaderBytes }

// Seal ends the block. It compresses the body if that saves a tenth.
func (b *Builder) Seal(c Codec) Block {
	h := b.header
	h.RawBodyBytes = b.BodyBytes()
	switch {
	case h.Count < 1 || h.Count > CountMax:
		panic("block: sealed with no event, or with too many")
	case len(b.buf) > BytesMax:
		panic("block: sealed with more bytes than a block may have")
	}
	if cap(b.packed) < HeaderBytes || cap(b.packed) > 4*BodyTarget {
		b.packed = make([]byte, HeaderBytes)
	}
	raw := b.packed[:HeaderBytes]
	raw, h.Codec = deflate(raw, b.buf[HeaderBytes:], c)
	var body []byte
	if h.Codec == None {
		raw = slices.Clone(b.buf)
		body = raw[HeaderBytes:]
	} else {
		b.packed = raw
		raw = slices.Clone(raw)
		body = slices.Clone(b.buf[HeaderBytes:])
	}
	h.BodyBytes = len(raw) - HeaderBytes
	h.bodySum = crc32.Checksum(raw[HeaderBytes:], castagnoli)
	h.put(raw)
	return Block{header: &h, raw: raw, body: body, chain: chainOf(raw)}
}
