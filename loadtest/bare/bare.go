// Package bare is the yardstick for a fan-out: a WebSocket server that does nothing but write.
// Each line posted becomes one frame in a log in memory, and a subscriber that wakes writes all
// frames that wait for it in one system call. It keeps nothing, names no events and reads
// nothing from subscribers, so what a real server loses against it is what its work costs.
//
//	POST any path   lines ──▶ frames appended to the last segment ──▶ wake
//	GET  any path   upgraded; each subscriber is a place in the chain of segments
//
//	segment ──▶ segment ──▶ segment      a segment that every subscriber has left is garbage
//	   ▲ slow       ▲ the others
package bare

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"sync"
)

// segmentBytes is the size of a segment, and so of the largest write.
const segmentBytes = 1 << 20

// Server is an http.Handler. The zero Server is not ready; see New.
type Server struct {
	mu   sync.Mutex
	wake *sync.Cond // on mu: the log has grown, or the server is closed
	last *segment   // guarded by mu
	end  bool       // guarded by mu
}

// segment is a stretch of the log. Bytes below len(frames) never change.
type segment struct {
	frames []byte
	next   *segment
}

// New makes a server with an empty log.
func New() *Server {
	s := &Server{last: newSegment(segmentBytes)}
	s.wake = sync.NewCond(&s.mu)
	return s
}

func newSegment(size int) *segment { return &segment{frames: make([]byte, 0, size)} }

// ServeHTTP takes lines or a subscriber.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		lines := bufio.NewScanner(r.Body)
		for lines.Scan() {
			s.append(lines.Bytes())
		}
		s.wake.Broadcast()
		w.WriteHeader(http.StatusCreated)
		return
	}
	conn, err := upgrade(w, r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	at := place{s.last, len(s.last.frames)}
	s.mu.Unlock()
	go s.serve(conn, at)
}

// append adds one text frame.
func (s *Server) append(payload []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if need := len(payload) + 10; cap(s.last.frames)-len(s.last.frames) < need {
		s.last.next = newSegment(max(segmentBytes, need))
		s.last = s.last.next
	}
	b := append(s.last.frames, 0x81)
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	s.last.frames = append(b, payload...)
}

// place is where a subscriber stands.
type place struct {
	in   *segment
	from int
}

// serve writes to one subscriber until it is gone. It ends with the server or the connection.
func (s *Server) serve(conn net.Conn, at place) {
	defer func() { _ = conn.Close() }()
	for {
		waiting := s.await(&at)
		if waiting == nil {
			return
		}
		if _, err := conn.Write(waiting); err != nil {
			return
		}
	}
}

// await takes what stands after a place and moves it on; nil when the server is closed.
func (s *Server) await(at *place) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.end {
		switch n := len(at.in.frames); {
		case at.from < n:
			waiting := at.in.frames[at.from:n:n]
			at.from = n
			return waiting
		case at.in.next != nil:
			*at = place{in: at.in.next}
		default:
			s.wake.Wait()
		}
	}
	return nil
}

// Close ends all subscribers.
func (s *Server) Close() {
	s.mu.Lock()
	s.end = true
	s.mu.Unlock()
	s.wake.Broadcast()
}

// upgrade answers a WebSocket handshake and gives the connection alone.
func upgrade(w http.ResponseWriter, r *http.Request) (net.Conn, error) {
	key := r.Header.Get("Sec-Websocket-Key")
	if key == "" {
		return nil, fmt.Errorf("bare: no WebSocket handshake")
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, fmt.Errorf("bare: %w", err)
	}
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	_, err = fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(sum[:]))
	if err != nil {
		_ = conn.Close() // the first error says more
		return nil, fmt.Errorf("bare: %w", err)
	}
	return conn, nil
}
