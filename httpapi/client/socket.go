package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/gobwas/ws"

	"github.com/edgedhq/edged"
)

// subprotocol is the one that this package speaks.
const subprotocol = "edged.v1.json"

// CloseError is a WebSocket that the node has closed.
type CloseError struct {
	Code   int
	Reason string
}

// Error says the code and the reason.
func (e *CloseError) Error() string {
	return fmt.Sprintf("client: the node closed the socket: %d %s", e.Code, e.Reason)
}

// Unwrap returns the kind that the code stands for, where there is one.
func (e *CloseError) Unwrap() error {
	switch e.Code {
	case 1001, 1012:
		return edged.Draining
	case 4500:
		return edged.BadRequest
	case 4501:
		return edged.Unauthenticated
	case 4503:
		return edged.Forbidden
	case 4504:
		return edged.StreamNotFound
	}
	return nil
}

// final says whether coming back is of no use.
func (e *CloseError) final() bool { return e.Code >= 4500 }

// socket is a WebSocket: one reader, any number of writers.
type socket struct {
	conn    net.Conn
	r       *bufio.Reader
	silence time.Duration
	payload []byte
	stop    func() bool // takes the connection off its context

	mu  sync.Mutex // guards out and the order of frames
	out []byte
}

// dial opens a WebSocket. It is closed when ctx ends.
func (c *Client) dial(ctx context.Context, path []string, query url.Values, silence time.Duration) (*socket, error) {
	u := c.address(path, query)
	u.Scheme = map[string]string{"http": "ws", "https": "wss"}[u.Scheme]
	header := http.Header{}
	c.sign(header)
	var refused error
	d := ws.Dialer{
		Timeout: 10 * time.Second, Protocols: []string{subprotocol}, Header: ws.HandshakeHeaderHTTP(header),
		OnStatusError: func(status int, _ []byte, r io.Reader) {
			if resp, err := http.ReadResponse(bufio.NewReader(r), nil); err == nil {
				refused = problemFrom(resp)
			}
		},
	}
	conn, r, _, err := d.Dial(ctx, u.String())
	if refused != nil {
		return nil, refused
	}
	if err != nil {
		return nil, fmt.Errorf("client: websocket: %w", err)
	}
	if r == nil {
		r = bufio.NewReaderSize(conn, 32<<10)
	}
	s := &socket{conn: conn, r: r, silence: silence}
	s.stop = context.AfterFunc(ctx, func() { conn.Close() })
	return s, nil
}

// close says good-bye and closes.
func (s *socket) close() {
	s.stop()
	_ = s.write(ws.OpClose, ws.NewCloseFrameBody(ws.StatusNormalClosure, ""))
	s.conn.Close()
}

// next gives the payload of the next message, valid until the next call. Pings are answered.
func (s *socket) next() ([]byte, error) {
	s.payload = s.payload[:0]
	for {
		if s.silence > 0 {
			_ = s.conn.SetReadDeadline(time.Now().Add(s.silence))
		}
		h, err := ws.ReadHeader(s.r)
		if err != nil {
			return nil, fmt.Errorf("client: websocket: %w", err)
		}
		if h.Masked || h.Length > lineBytesMax-int64(len(s.payload)) || h.OpCode.IsControl() && h.Length > 125 {
			return nil, errors.New("client: websocket: a frame that no node sends")
		}
		if h.OpCode.IsControl() {
			if err := s.control(h); err != nil {
				return nil, err
			}
			continue
		}
		if err := s.take(h.Length); err != nil {
			return nil, err
		}
		if h.Fin {
			return s.payload, nil
		}
	}
}

// take appends n bytes to the payload. It grows as bytes come, not as the header promises.
func (s *socket) take(n int64) error {
	const step = 32 << 10
	for n > 0 {
		part := int(min(n, step))
		at := len(s.payload)
		s.payload = slices.Grow(s.payload, part)[:at+part]
		if _, err := io.ReadFull(s.r, s.payload[at:]); err != nil {
			return fmt.Errorf("client: websocket: %w", err)
		}
		n -= int64(part)
	}
	return nil
}

func (s *socket) control(h ws.Header) error {
	var small [125]byte
	p := small[:h.Length]
	if _, err := io.ReadFull(s.r, p); err != nil {
		return fmt.Errorf("client: websocket: %w", err)
	}
	switch h.OpCode {
	case ws.OpPing:
		return s.write(ws.OpPong, p)
	case ws.OpClose:
		code, reason := ws.ParseCloseFrameData(p)
		return &CloseError{Code: int(code), Reason: reason}
	}
	return nil
}

// write sends one masked frame.
func (s *socket) write(op ws.OpCode, payload []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	mask := ws.NewMask()
	w := sliceWriter{s.out[:0]}
	if err := ws.WriteHeader(&w, ws.Header{Fin: true, OpCode: op, Masked: true, Mask: mask, Length: int64(len(payload))}); err != nil {
		return fmt.Errorf("client: websocket: %w", err)
	}
	head := len(w.b)
	s.out = append(w.b, payload...)
	ws.Cipher(s.out[head:], mask, 0)
	_ = s.conn.SetWriteDeadline(time.Now().Add(10 * time.Second))
	if _, err := s.conn.Write(s.out); err != nil {
		return fmt.Errorf("client: websocket: %w", err)
	}
	return nil
}

type sliceWriter struct{ b []byte }

func (w *sliceWriter) Write(p []byte) (int, error) {
	w.b = append(w.b, p...)
	return len(p), nil
}

// socketSource is a feed over a WebSocket of its own.
type socketSource struct {
	socket *socket
	asked  time.Duration
}

func (c *Client) openSocketSource(ctx context.Context, at *place, silence time.Duration) (source, error) {
	s, err := c.dial(ctx, at.path, at.values(), silence)
	if err != nil {
		return nil, err
	}
	return &socketSource{socket: s}, nil
}

func (s *socketSource) close() { s.socket.close() }

func (s *socketSource) next() (Delivery, time.Duration, error) {
	frame, err := s.socket.next()
	if err != nil {
		return Delivery{}, s.asked, err
	}
	if !isNotice(frame) {
		return Delivery{Cursor: cursorOf(frame), Data: frame}, s.asked, nil
	}
	d, asked, err := notice(frame)
	s.asked = max(s.asked, asked)
	return d, s.asked, err
}
