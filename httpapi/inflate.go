package httpapi

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/edgedhq/edged"
)

// inflater undoes the Content-Encoding of bodies. What it needs is kept between requests. The
// zero inflater is ready.
type inflater struct {
	gzips sync.Pool // of *gzip.Reader
	zstds sync.Pool // of *zstd.Decoder, which start no goroutine
}

const (
	// inflateFree is how far any body may inflate, whatever it weighs.
	inflateFree = 64 << 10
	// zstdWindowMax is the least that RFC 8878 wants readers to take.
	zstdWindowMax = 8 << 20
)

// encoding is a Content-Encoding that is read.
type encoding uint8

const (
	identityEncoding encoding = iota
	gzipEncoding
	zstdEncoding
)

// encodingOf reads Content-Encoding: one encoding, of those that are read.
func encodingOf(h http.Header) (encoding, error) {
	values := h["Content-Encoding"]
	if len(values) == 0 {
		return identityEncoding, nil
	}
	if len(values) == 1 {
		switch name := strings.TrimSpace(values[0]); {
		case name == "", strings.EqualFold(name, "identity"):
			return identityEncoding, nil
		case strings.EqualFold(name, "gzip"), strings.EqualFold(name, "x-gzip"):
			return gzipEncoding, nil
		case strings.EqualFold(name, "zstd"):
			return zstdEncoding, nil
		}
	}
	return 0, edged.RefuseField(edged.UnsupportedMediaType, "header.Content-Encoding", cut(strings.Join(values, ", "), 100),
		"want gzip, zstd or identity, and one of them")
}

// errInflated stops a body that inflates past what it may.
var errInflated = errors.New("httpapi: the body inflates past its bound")

// inflate appends to dst what raw is the encoded form of, at most most bytes; errInflated past
// them. Memory grows with what comes out, not with what a header claims.
func (f *inflater) inflate(e encoding, raw, dst []byte, most int64) (_ []byte, err error) {
	switch e {
	case gzipEncoding:
		dst, err = f.gunzip(raw, dst, int(most))
	case zstdEncoding:
		dst, err = f.unzstd(raw, dst, int(most))
	}
	if err != nil && !errors.Is(err, errInflated) {
		why := strings.TrimSuffix(err.Error(), ": "+io.ErrUnexpectedEOF.Error())
		if errors.Is(err, io.ErrUnexpectedEOF) {
			why = "it is cut off"
		}
		return dst, edged.RefuseField(edged.BadRequest, "body", nil, "cannot be inflated as its Content-Encoding says: %s", why)
	}
	return dst, err
}

func (f *inflater) gunzip(raw, dst []byte, most int) ([]byte, error) {
	in := bytes.NewReader(raw)
	z, ok := f.gzips.Get().(*gzip.Reader)
	if !ok {
		z = new(gzip.Reader)
	}
	defer f.gzips.Put(z)
	if err := z.Reset(in); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return dst, err
	}
	for {
		dst = roomier(dst, 4*len(raw), most+1)
		n, err := z.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		switch {
		case len(dst) > most:
			return dst, errInflated
		case errors.Is(err, io.EOF):
			return dst, nil
		case err != nil:
			return dst, err
		}
	}
}

// unzstd decodes into room of its own choosing, and again into more: so neither the window nor the
// size that a frame claims is allocated on its word.
func (f *inflater) unzstd(raw, dst []byte, most int) ([]byte, error) {
	z, ok := f.zstds.Get().(*zstd.Decoder)
	if !ok {
		var err error
		z, err = zstd.NewReader(nil, zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderMaxWindow(zstdWindowMax),
			zstd.WithDecoderLowmem(true), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return dst, err
		}
	}
	defer f.zstds.Put(z)
	room := 8 * len(raw)
	var head zstd.Header
	if head.Decode(raw) == nil && head.HasFCS {
		room = int(min(head.FrameContentSize, uint64(most)))
	}
	for ; ; room = 4 * cap(dst) {
		if room = min(max(room, 4<<10), most); cap(dst) < room {
			dst = make([]byte, 0, room)
		}
		out, err := z.DecodeAll(raw, dst[:0:min(cap(dst), most)])
		switch {
		case err == nil:
			return out, nil
		case !isFull(err):
			return dst[:0], err
		case cap(dst) >= most:
			return dst[:0], errInflated
		}
	}
}

// isFull says whether a decoder wants more room. It has two words for that, one of them for
// damage too; that such damage is taken for size is no harm.
func isFull(err error) bool {
	return errors.Is(err, zstd.ErrDecoderSizeExceeded) || strings.HasPrefix(err.Error(), "output bigger than max block size")
}

// roomier gives dst room for more: for the first bytes first, then twice what it had, and never
// past most.
func roomier(dst []byte, first, most int) []byte {
	if len(dst) < cap(dst) {
		return dst
	}
	room := min(max(2*cap(dst), first, 4<<10), most)
	if room <= len(dst) {
		room = len(dst) + 1
	}
	return append(make([]byte, 0, room), dst...)
}
