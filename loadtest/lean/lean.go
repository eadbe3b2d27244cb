// Package lean talks to servers from outside at the least cost in CPU: requests are bytes made
// beforehand, answers are looked at no closer than counting needs. A load generator shares the
// machine with the server that it measures, so each microsecond it spends is missing there.
//
//	Conn     one HTTP/1.1 connection: request bytes out, status and body back
//	Socket   one WebSocket from the client's side: frames out, frames back
//	Crowd    many connections that only receive; a Counter for each says what an event is
//	Frames, Lines   Counters for WebSocket frames and for lines of a chunked HTTP body
//
// # Not here
//
// What is sent, how fast, and what is measured: loadtest. Other protocols: loadtest/peers.
package lean

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// headerBytesMax bounds the header of an answer.
const headerBytesMax = 64 << 10

var errHeader = errors.New("lean: the answer is no HTTP/1.1 header that can be understood")

// Conn is one HTTP/1.1 connection, used by one goroutine at a time.
type Conn struct {
	tcp  *net.TCPConn
	buf  []byte
	held int // bytes in buf
	used int // of them, those of the answer given last
}

// Dial connects to host:port.
func Dial(ctx context.Context, address string) (*Conn, error) {
	d := net.Dialer{Timeout: 5 * time.Second}
	c, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("lean: %w", err)
	}
	return &Conn{tcp: c.(*net.TCPConn), buf: make([]byte, 16<<10)}, nil
}

// TCP is the connection below, for deadlines and half-closing.
func (c *Conn) TCP() *net.TCPConn { return c.tcp }

// Close ends the connection.
func (c *Conn) Close() error { return c.tcp.Close() }

// Answer is a response; Body stays valid until the next call.
type Answer struct {
	Status  int
	Chunked bool // the body came, or with Open comes, in chunks
	Body    []byte
}

// Do writes one request and reads its answer.
func (c *Conn) Do(request []byte) (Answer, error) {
	a, length, err := c.begin(request)
	if err != nil || a.Status == 101 {
		return a, err
	}
	if a.Chunked {
		return a, c.chunks(&a)
	}
	for c.held < c.used+length {
		if err := c.fill(c.used + length); err != nil {
			return Answer{}, err
		}
	}
	a.Body = c.buf[c.used : c.used+length]
	c.used += length
	return a, nil
}

// Open writes one request and reads the header of its answer; the body is left to Rest and the
// connection.
func (c *Conn) Open(request []byte) (Answer, error) {
	a, _, err := c.begin(request)
	return a, err
}

// begin writes a request and reads a header.
func (c *Conn) begin(request []byte) (Answer, int, error) {
	if _, err := c.tcp.Write(request); err != nil {
		return Answer{}, 0, fmt.Errorf("lean: write: %w", err)
	}
	c.held = copy(c.buf, c.buf[c.used:c.held])
	c.used = 0
	end, err := c.header()
	if err != nil {
		return Answer{}, 0, err
	}
	c.used = end
	return parseHeader(c.buf[:end])
}

// chunks reads a chunked body to its end.
func (c *Conn) chunks(a *Answer) error {
	for {
		line, err := c.line()
		if err != nil {
			return err
		}
		digits, _, _ := bytes.Cut(line, []byte(";"))
		size, err := strconv.ParseUint(string(bytes.TrimSpace(digits)), 16, 30)
		if err != nil {
			return fmt.Errorf("%w: %q", errChunk, line)
		}
		for c.held < c.used+int(size)+2 {
			if err := c.fill(c.used + int(size) + 2); err != nil {
				return err
			}
		}
		a.Body = append(a.Body, c.buf[c.used:c.used+int(size)]...)
		c.used += int(size) + 2
		if size == 0 {
			return nil
		}
	}
}

// line takes one line off the connection.
func (c *Conn) line() ([]byte, error) {
	for {
		if at := bytes.IndexByte(c.buf[c.used:c.held], '\n'); at >= 0 {
			line := c.buf[c.used : c.used+at]
			c.used += at + 1
			return line, nil
		}
		if err := c.fill(c.held + 1); err != nil {
			return nil, err
		}
	}
}

// Rest gives the bytes that came after the last answer, and forgets them.
func (c *Conn) Rest() []byte {
	rest := bytes.Clone(c.buf[c.used:c.held])
	c.held, c.used = 0, 0
	return rest
}

// header reads until the empty line and returns where the body begins.
func (c *Conn) header() (int, error) {
	for from := 0; ; {
		if at := bytes.Index(c.buf[from:c.held], []byte("\r\n\r\n")); at >= 0 {
			return from + at + 4, nil
		}
		if c.held > headerBytesMax {
			return 0, errHeader
		}
		from = max(0, c.held-3)
		if err := c.fill(c.held + 1); err != nil {
			return 0, err
		}
	}
}

// fill reads once, with room for at least want bytes in all.
func (c *Conn) fill(want int) error {
	if want > len(c.buf) {
		c.buf = append(c.buf[:c.held], make([]byte, max(want, 2*len(c.buf))-c.held)...)
	}
	n, err := c.tcp.Read(c.buf[c.held:])
	c.held += n
	if n > 0 {
		return nil
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("lean: read: %w", err)
}

// parseHeader takes status and length out of a whole header.
func parseHeader(h []byte) (a Answer, length int, err error) {
	if len(h) < 12 || !bytes.HasPrefix(h, []byte("HTTP/1.")) {
		return a, 0, errHeader
	}
	if a.Status, err = strconv.Atoi(string(h[9:12])); err != nil {
		return a, 0, errHeader
	}
	if v, ok := field(h, "content-length"); ok {
		length, err = strconv.Atoi(string(v))
		if err != nil || length < 0 || length > 1<<30 {
			return a, 0, errHeader
		}
	}
	v, ok := field(h, "transfer-encoding")
	a.Chunked = ok && bytes.EqualFold(v, []byte("chunked"))
	return a, length, nil
}

// field finds the value of a header field; name is in lower case.
func field(h []byte, name string) ([]byte, bool) {
	for {
		at := bytes.Index(h, []byte("\r\n"))
		if at < 0 || len(h) < at+2+len(name)+1 {
			return nil, false
		}
		h = h[at+2:]
		if h[len(name)] == ':' && bytes.EqualFold(h[:len(name)], []byte(name)) {
			end := max(bytes.IndexByte(h, '\r'), len(name)+1)
			return bytes.TrimSpace(h[len(name)+1 : end]), true
		}
	}
}
