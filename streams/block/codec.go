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
	// compressFrom is the body size below which compression is not tried.
	compressFrom = 1 << 10
	// inflateMax bounds how much a body may grow: no codec of ours gains more on real bodies,
	// and a false length is refused before its memory is taken.
	inflateMax = 1024
)

// deflate compresses the body after dst if that saves a tenth; if not it returns dst as it is.
func deflate(dst, body []byte, c Codec) ([]byte, Codec) {
	if c == None || len(body) < compressFrom {
		return dst, None
	}
	at := len(dst)
	if c == S2 {
		need := s2.MaxEncodedLen(len(body))
		if cap(dst)-at < need {
			dst = append(make([]byte, 0, at+need), dst...)
		}
		dst = dst[:at+len(s2.Encode(dst[at:at+need], body))]
	} else {
		w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
		if err != nil {
			panic("block: zstd: " + err.Error()) // its options are constants
		}
		dst = w.EncodeAll(body, dst)
	}
	if packed := len(dst) - at; packed > len(body)-len(body)/10 || packed*inflateMax < len(body) {
		return dst[:at], None
	}
	return dst, c
}

// inflate gives the body before compression, exactly h.RawBodyBytes long.
func inflate(h *Header, stored []byte) ([]byte, error) {
	if h.Codec == None {
		return stored, nil
	}
	if h.RawBodyBytes > inflateMax*len(stored) {
		return nil, damaged(Codecs, "%d bytes from %d", h.RawBodyBytes, len(stored))
	}
	if h.Codec == S2 {
		n, err := s2.DecodedLen(stored)
		if err != nil || n != h.RawBodyBytes {
			return nil, damaged(Codecs, "s2 body of %d bytes, the header names %d", n, h.RawBodyBytes)
		}
		body, err := s2.Decode(make([]byte, n), stored)
		if err != nil {
			return nil, damaged(Codecs, "s2: %v", err)
		}
		return body, nil
	}
	return inflateZstd(h, stored)
}

func inflateZstd(h *Header, stored []byte) ([]byte, error) {
	var frame zstd.Header
	if err := frame.Decode(stored); err != nil || !frame.HasFCS || frame.FrameContentSize != uint64(h.RawBodyBytes) {
		return nil, damaged(Codecs, "zstd frame does not name %d bytes", h.RawBodyBytes)
	}
	r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(BytesMax), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		return nil, damaged(Codecs, "zstd: %v", err)
	}
	defer r.Close()
	body, err := r.DecodeAll(stored, make([]byte, 0, h.RawBodyBytes))
	if err != nil || len(body) != h.RawBodyBytes {
		return nil, damaged(Codecs, "zstd body of %d bytes, the header names %d: %v", len(body), h.RawBodyBytes, err)
	}
	return body, nil
}
