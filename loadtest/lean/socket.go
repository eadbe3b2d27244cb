package lean

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
)

// The opcodes of RFC 6455.
const (
	Text   byte = 1
	Binary byte = 2
	closed byte = 8
	ping   byte = 9
	pong   byte = 10
)

// Upgrade says where and how to open a WebSocket.
type Upgrade struct {
	Address     string // host:port
	Path        string // with the query
	Subprotocol string
	Header      string // more header lines, each ended by CR LF
}

// Join opens a WebSocket and returns the connection with what came after the handshake.
func (u Upgrade) Join(ctx context.Context) (*net.TCPConn, []byte, error) {
	c, err := Dial(ctx, u.Address)
	if err != nil {
		return nil, nil, err
	}
	c.buf = make([]byte, 1<<10)
	request := "GET " + u.Path + " HTTP/1.1\r\nHost: " + u.Address +
		"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n" + u.Header
	if u.Subprotocol != "" {
		request += "Sec-WebSocket-Protocol: " + u.Subprotocol + "\r\n"
	}
	a, err := c.Do([]byte(request + "\r\n"))
	if err == nil && a.Status != 101 {
		err = fmt.Errorf("lean: upgrade of %s answered %d: %s", u.Path, a.Status, a.Body)
	}
	if err != nil {
		_ = c.Close() // the first error says more
		return nil, nil, err
	}
	return c.tcp, c.Rest(), nil
}

// Socket is a WebSocket that one goroutine reads; another may write.
type Socket struct {
	tcp   *net.TCPConn
	buf   []byte
	start int
	end   int
}

// DialSocket opens a WebSocket.
func DialSocket(ctx context.Context, u Upgrade) (*Socket, error) {
	tcp, early, err := u.Join(ctx)
	if err != nil {
		return nil, err
	}
	s := &Socket{tcp: tcp, buf: make([]byte, 64<<10)}
	s.end = copy(s.buf, early)
	return s, nil
}

// TCP is the connection below.
func (s *Socket) TCP() *net.TCPConn { return s.tcp }

// Close ends the connection without a close frame.
func (s *Socket) Close() error { return s.tcp.Close() }

// Write sends bytes that AppendFrame made.
func (s *Socket) Write(frames []byte) error {
	if _, err := s.tcp.Write(frames); err != nil {
		return fmt.Errorf("lean: write: %w", err)
	}
	return nil
}

// Next gives the payload of the next data frame, valid until the next call. Pings are answered;
// a close frame is an error that tells its code. Fragments are given as they come.
func (s *Socket) Next() ([]byte, error) {
	for {
		h, ok := parseFrame(s.buf[s.start:s.end])
		if !ok || s.end-s.start < h.bytes+h.length {
			if err := s.more(h); err != nil {
				return nil, err
			}
			continue
		}
		payload := s.buf[s.start+h.bytes : s.start+h.bytes+h.length]
		s.start += h.bytes + h.length
		switch h.opcode {
		case ping:
			if err := s.Write(AppendFrame(nil, pong, payload)); err != nil {
				return nil, err
			}
		case closed:
			return nil, closeError(payload)
		case pong:
		default:
			return payload, nil
		}
	}
}

// Waiting says whether a whole frame has been read already.
func (s *Socket) Waiting() bool {
	h, ok := parseFrame(s.buf[s.start:s.end])
	return ok && s.end-s.start >= h.bytes+h.length
}

func (s *Socket) more(h frame) error {
	if s.start > 0 {
		s.end = copy(s.buf, s.buf[s.start:s.end])
		s.start = 0
	}
	if want := h.bytes + h.length; want > len(s.buf) {
		s.buf = append(s.buf, make([]byte, want-len(s.buf))...)
	}
	n, err := s.tcp.Read(s.buf[s.end:])
	s.end += n
	if n > 0 {
		return nil
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("lean: read: %w", err)
}

// CloseError is a close frame of the server.
type CloseError struct {
	Code   int
	Reason string
}

// Error says code and reason.
func (e *CloseError) Error() string {
	return fmt.Sprintf("lean: closed by server: %d %s", e.Code, e.Reason)
}

func closeError(payload []byte) error {
	if len(payload) < 2 {
		return &CloseError{Code: 1005}
	}
	return &CloseError{Code: int(binary.BigEndian.Uint16(payload)), Reason: string(bytes.Clone(payload[2:]))}
}

// frame is the header of a frame from a server.
type frame struct {
	opcode byte
	bytes  int // of the header
	length int // of the payload
}

// parseFrame reads a header; false when more bytes are needed. Servers do not mask.
func parseFrame(b []byte) (frame, bool) {
	if len(b) < 2 {
		return frame{}, false
	}
	h := frame{opcode: b[0] & 15, bytes: 2, length: int(b[1] & 127)}
	switch h.length {
	case 126:
		if len(b) < 4 {
			return frame{}, false
		}
		h.bytes, h.length = 4, int(binary.BigEndian.Uint16(b[2:]))
	case 127:
		if len(b) < 10 {
			return frame{}, false
		}
		h.bytes, h.length = 10, int(binary.BigEndian.Uint64(b[2:])&(1<<30-1))
	}
	return h, true
}

// AppendFrame appends a whole frame as a client sends it. Its masking key is zero: the payload
// stands as it is, and the server still has to do its work.
func AppendFrame(dst []byte, opcode byte, payload []byte) []byte {
	dst = append(dst, 0x80|opcode)
	switch n := len(payload); {
	case n < 126:
		dst = append(dst, 0x80|byte(n))
	case n < 1<<16:
		dst = append(dst, 0x80|126)
		dst = binary.BigEndian.AppendUint16(dst, uint16(n))
	default:
		dst = append(dst, 0x80|127)
		dst = binary.BigEndian.AppendUint64(dst, uint64(n))
	}
	dst = append(dst, 0, 0, 0, 0)
	return append(dst, payload...)
}
