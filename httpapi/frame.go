package httpapi

import (
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// The close codes of api.md.
const (
	closeBye       = 1000
	closeGoing     = 1001
	closeProtocol  = 1002
	closeNotUTF8   = 1007
	closeTooBig    = 1009
	closeFault     = 1011
	closeSlow      = 4000
	closeSilent    = 4002
	closeBadFrame  = 4500
	closeForbidden = 4503
	closeDeleted   = 4504
)

// violation is what a client must not send; it closes the socket.
type violation struct {
	code int
	why  string
}

// Error says code and reason.
func (v *violation) Error() string {
	return fmt.Sprintf("httpapi: websocket: close %d: %s", v.code, v.why)
}

func violate(code int, why string) error { return &violation{code, why} }

// headMax is the longest head of a client's frame: two bytes, eight of length, four of mask.
const headMax = 14

// parseHead reads the head of a client's frame and holds it to RFC 6455, section 5.2. n is its
// length, 0 when more bytes are needed.
func parseHead(b []byte) (h ws.Header, n int, err error) {
	if len(b) < 2 {
		return h, 0, nil
	}
	h.Fin, h.Rsv, h.OpCode = b[0]&0x80 != 0, b[0]>>4&7, ws.OpCode(b[0]&15)
	h.Masked, h.Length, n = b[1]&0x80 != 0, int64(b[1]&0x7f), 2
	switch {
	case h.Rsv != 0:
		return h, 0, violate(closeProtocol, "reserved bits are set, and no extension was agreed on")
	case h.OpCode.IsReserved():
		return h, 0, violate(closeProtocol, "the opcode is reserved")
	case !h.Masked:
		return h, 0, violate(closeProtocol, "frames of a client must be masked")
	case h.OpCode.IsControl() && (!h.Fin || h.Length > ws.MaxControlFramePayloadSize):
		return h, 0, violate(closeProtocol, "a control frame is one frame of at most 125 bytes")
	}
	switch h.Length {
	case 126:
		n += 2
	case 127:
		n += 8
	}
	if len(b) < n+4 {
		return h, 0, nil
	}
	switch n {
	case 4:
		h.Length = int64(binary.BigEndian.Uint16(b[2:]))
	case 10:
		h.Length = int64(binary.BigEndian.Uint64(b[2:]))
	}
	if h.Length < 0 {
		return h, 0, violate(closeProtocol, "the length's highest bit is set")
	}
	h.Mask = [4]byte(b[n:])
	return h, n + 4, nil
}

// message is room for one message of a client; it is lent by the server and grows with what
// comes, never with what is announced.
type message struct{ b []byte }

// messageKept bounds the room that is kept for the next message.
const messageKept = 64 << 10

func (f *feeds) message() *message {
	if m, ok := f.messages.Get().(*message); ok {
		return m
	}
	return new(message)
}

func (f *feeds) discard(m *message) {
	if m != nil && cap(m.b) <= messageKept {
		m.b = m.b[:0]
		f.messages.Put(m)
	}
}

// inlet takes frames off a connection. Its buffer is small because most sockets are silent; the
// payload of a larger frame is read past it.
type inlet struct {
	conn     net.Conn
	ahead    []byte // what came with the request; read first
	from, to int
	buf      [256]byte
}

// fill reads more; the buffer must not be full.
func (in *inlet) fill() error {
	if in.from > 0 {
		in.to = copy(in.buf[:], in.buf[in.from:in.to])
		in.from = 0
	}
	n, err := in.read(in.buf[in.to:])
	in.to += n
	if n > 0 {
		return nil
	}
	return err
}

func (in *inlet) read(p []byte) (int, error) {
	if len(in.ahead) > 0 {
		n := copy(p, in.ahead)
		if in.ahead = in.ahead[n:]; len(in.ahead) == 0 {
			in.ahead = nil
		}
		return n, nil
	}
	return in.conn.Read(p)
}

// head reads the head of the next frame.
func (in *inlet) head() (ws.Header, error) {
	for {
		h, n, err := parseHead(in.buf[in.from:in.to])
		if err != nil || n > 0 {
			in.from += n
			return h, err
		}
		if err := in.fill(); err != nil {
			return h, err
		}
	}
}

// payload appends the frame's payload, unmasked.
func (in *inlet) payload(dst []byte, h ws.Header) ([]byte, error) {
	at := len(dst)
	for n := int(h.Length); n > 0; {
		if in.from == in.to && n < len(in.buf) {
			if err := in.fill(); err != nil {
				return dst, err
			}
		}
		if in.from < in.to {
			k := min(n, in.to-in.from)
			dst = append(dst, in.buf[in.from:in.from+k]...)
			in.from, n = in.from+k, n-k
			continue
		}
		if len(dst) == cap(dst) {
			dst = slices.Grow(dst, min(n, max(len(dst), 4<<10)))
		}
		k, err := in.read(dst[len(dst) : len(dst)+min(n, cap(dst)-len(dst))])
		dst, n = dst[:len(dst)+k], n-k
		if k == 0 && err != nil {
			return dst, err
		}
	}
	ws.Cipher(dst[at:], h.Mask, 0)
	return dst, nil
}

// control reads the payload of a control frame, which is valid until the next read.
func (in *inlet) control(h ws.Header) ([]byte, error) {
	n := int(h.Length)
	for in.to-in.from < n {
		if err := in.fill(); err != nil {
			return nil, err
		}
	}
	p := in.buf[in.from : in.from+n]
	in.from += n
	ws.Cipher(p, h.Mask, 0)
	return p, nil
}

// fragmentsMax bounds the frames of one message.
const fragmentsMax = 4096

// assembly is a message on its way in.
type assembly struct {
	m         *message // nil between messages
	text      bool
	fragments int
	bytesMax  int
}

// begin holds a data frame's head to what may come now.
func (a *assembly) begin(f *feeds, h ws.Header) error {
	switch first := h.OpCode != ws.OpContinuation; {
	case first && a.m != nil:
		return violate(closeProtocol, "a message began inside another")
	case !first && a.m == nil:
		return violate(closeProtocol, "a continuation of nothing")
	case first:
		a.m, a.text, a.fragments = f.message(), h.OpCode == ws.OpText, 0
	}
	if a.fragments++; a.fragments > fragmentsMax {
		return violate(closeTooBig, fmt.Sprintf("a message has at most %d fragments", fragmentsMax))
	}
	if h.Length > int64(a.bytesMax-len(a.m.b)) {
		return violate(closeTooBig, fmt.Sprintf("a message has at most %d bytes", a.bytesMax))
	}
	return nil
}

// end gives the message away once it is whole.
func (a *assembly) end() (*message, error) {
	if a.text && !utf8.Valid(a.m.b) {
		return nil, violate(closeNotUTF8, "text is UTF-8")
	}
	m := a.m
	a.m = nil
	return m, nil
}

// closing reads a close frame: the code to answer with, 0 for none.
func closing(p []byte) (code int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(p) == 1 {
		return 0, violate(closeProtocol, "a close frame has no body, or a code of two bytes first")
	}
	code = int(binary.BigEndian.Uint16(p))
	known := code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006
	if !known && (code < 3000 || code > 4999) {
		return 0, violate(closeProtocol, "no such close code")
	}
	if !utf8.Valid(p[2:]) {
		return 0, violate(closeNotUTF8, "a reason is UTF-8")
	}
	return code, nil
}
