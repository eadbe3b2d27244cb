package block

import (
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// Codec is how a body is compressed.
type Codec uint8

// The codecs.
const (
	None Codec = iota
	S2         // fast, the default of a broker
	Zstd       // smaller, several times the work
)

const (
	// compressOver is the body size up to which compression is not tried.
	compressOver = 1 << 10
	// compressShare is the part of a body that compression must save to be used: a tenth.
	compressShare = 10
	// claimFree is how far a named length may be above four times the bytes at hand before these
	// have to show that they can make it.
	claimFree = 64 << 10
	// windowBytes is how far back zstd looks; more only costs a builder memory.
	windowBytes = 1 << 20
)

// packer compresses bodies and keeps its memory for the next.
type packer struct {
	scratch []byte
	zstd    *zstd.Encoder
}

// pack gives the bytes to store for a body, and how they are compressed. They are good until the
// next call, or until body changes.
func (p *packer) pack(body []byte, c Codec) ([]byte, Codec) {
	if c == None || len(body) <= compressOver {
		return body, None
	}
	if cap(p.scratch) > scratchMax {
		p.scratch = nil
	}
	if c == S2 {
		p.scratch = s2.Encode(p.scratch[:cap(p.scratch)], body)
	} else {
		if p.zstd == nil {
			p.zstd = newEncoder()
		}
		p.scratch = p.zstd.EncodeAll(body, p.scratch[:0])
	}
	if len(p.scratch) > len(body)-len(body)/compressShare {
		return body, None
	}
	return p.scratch, c
}

// newEncoder makes one that names the length in the frame, and leaves the checksum to the header.
func newEncoder() *zstd.Encoder {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true),
		zstd.WithWindowSize(windowBytes), zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true))
	if err != nil {
		panic("block: zstd: " + err.Error()) // its options are constants
	}
	return w
}

// inflate gives the body before compression, exactly h.RawBodyBytes long. It takes memory only
// for a length that the stored bytes agree with and can make.
func inflate(h *Header, stored []byte) ([]byte, error) {
	switch h.Codec {
	case S2:
		return inflateS2(stored, h.RawBodyBytes)
	case Zstd:
		return inflateZstd(stored, h.RawBodyBytes)
	}
	return stored, nil
}

func inflateS2(stored []byte, size int) ([]byte, error) {
	if n, err := s2.DecodedLen(stored); err != nil || n != size {
		return nil, damaged(Codecs, "s2 body of %d bytes, the header names %d", n, size)
	}
	if size > 4*len(stored)+claimFree && s2Makes(stored) != size {
		return nil, damaged(Codecs, "%d bytes of s2 cannot make %d", len(stored), size)
	}
	body, err := s2.Decode(make([]byte, size), stored)
	if err != nil {
		return nil, damaged(Codecs, "s2: %v", err)
	}
	return body, nil
}

// inflateZstd makes a decoder each time, some 30 KiB: nothing may be shared here, and blocks
// compressed for distance are read much less often than they are sent.
func inflateZstd(stored []byte, size int) ([]byte, error) {
	if zstdRoom(stored, size) < size {
		return nil, damaged(Codecs, "%d bytes are no zstd frame of %d", len(stored), size)
	}
	r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(BytesMax), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		return nil, damaged(Codecs, "zstd: %v", err)
	}
	defer r.Close()
	body, err := r.DecodeAll(stored, make([]byte, 0, size))
	if err != nil || len(body) != size {
		return nil, damaged(Codecs, "zstd body of %d bytes, the header names %d: %v", len(body), size, err)
	}
	return body, nil
}
