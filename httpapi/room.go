package httpapi

import (
	"errors"
	"io"
	"net/http"
	"os"

	"github.com/edgedhq/edged"
)

// bodyRoom is memory for the body of one request, and for that of the next.
type bodyRoom struct {
	raw   []byte // as it came
	plain []byte // inflated
}

// trim lets go of what an ordinary body does not need.
func (b *bodyRoom) trim() {
	const keptMax = 1 << 20
	if cap(b.raw) > keptMax {
		b.raw = nil
	}
	if cap(b.plain) > keptMax {
		b.plain = nil
	}
}

// readBody reads and inflates a body of at most most bytes; tooLarge refuses one that is longer,
// with what is known of its size.
func (s *Server) readBody(room *bodyRoom, r *http.Request, most int64, tooLarge func(size int64) error) ([]byte, error) {
	e, err := encodingOf(r.Header)
	if err != nil {
		return nil, err
	}
	if r.ContentLength > most {
		return nil, tooLarge(r.ContentLength)
	}
	if room.raw, err = readAll(room.raw[:0], r.Body, r.ContentLength, most); err != nil {
		if errors.Is(err, errTooLong) {
			return nil, tooLarge(0)
		}
		return nil, unreadBody(err)
	}
	if e == identityEncoding {
		return room.raw, nil
	}
	bound := min(most, max(inflateFree, int64(len(room.raw))*int64(s.opts.Limits.InflateRatioMax)))
	room.plain, err = s.inbox.inflater.inflate(e, room.raw, room.plain[:0], bound)
	switch {
	case errors.Is(err, errInflated) && bound == most:
		return nil, tooLarge(0)
	case errors.Is(err, errInflated):
		refusal := edged.RefuseField(edged.TooLarge, "body", nil,
			"inflates to more than %d times its %d bytes; send it as it is", s.opts.Limits.InflateRatioMax, len(room.raw))
		refusal.Limit, refusal.Size = bound, bound+1
		return nil, refusal
	}
	return room.plain, err
}

// errTooLong stops the reading of a body.
var errTooLong = errors.New("httpapi: the body is longer than it may be")

// readAll reads a body of at most most bytes. A length that was claimed is not allocated before
// its bytes come.
func readAll(dst []byte, body io.Reader, claimed, most int64) ([]byte, error) {
	const believed = 64 << 10
	hint := 4 << 10
	if claimed >= 0 {
		hint = int(min(claimed, believed)) + 1 // one more, to meet the end without growing
	}
	for {
		dst = roomier(dst, hint, int(most)+1)
		n, err := body.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		switch {
		case int64(len(dst)) > most:
			return dst, errTooLong
		case errors.Is(err, io.EOF):
			return dst, nil
		case err != nil:
			return dst, err
		}
	}
}

// unreadBody is the refusal of a body that could not be read to its end.
func unreadBody(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return edged.RefuseField(edged.BadRequest, "body", nil, "did not arrive in time")
	}
	return edged.RefuseField(edged.BadRequest, "body", nil, "ended before it was complete")
}
