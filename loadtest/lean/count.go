package lean

import (
	"bytes"
	"errors"
	"fmt"
)

// Counter counts the events in the bytes of one connection.
type Counter interface {
	// Count takes the next bytes and says how many events they complete, and what has to be
	// sent back (a pong, say; nil for nothing). An error ends the connection.
	Count(p []byte) (events int, reply []byte, err error)
}

// Frames counts the data frames of a server's WebSocket. The zero Frames is ready.
type Frames struct {
	left int      // bytes still to come of the payload under way
	head [14]byte // of a header that was cut off
	held int
	op   byte   // of the payload under way
	kept []byte // the payload of a control frame
}

// Count implements Counter.
func (f *Frames) Count(p []byte) (events int, reply []byte, err error) {
	for {
		if f.left > len(p) {
			f.keep(p)
			f.left -= len(p)
			return events, reply, nil
		}
		if f.left > 0 || f.op != 0 {
			f.keep(p[:f.left])
			p, f.left = p[f.left:], 0
			if f.op >= closed {
				if reply, err = f.control(reply); err != nil {
					return events, reply, err
				}
			} else {
				events++
			}
			f.op = 0
		}
		if p = f.header(p); f.op == 0 {
			return events, reply, nil
		}
	}
}

// header takes one frame header off p, or keeps what there is of it and leaves op at 0.
func (f *Frames) header(p []byte) []byte {
	if f.held == 0 {
		if h, ok := parseFrame(p); ok {
			f.begin(h)
			return p[h.bytes:]
		}
	}
	for len(p) > 0 {
		f.head[f.held] = p[0]
		f.held++
		p = p[1:]
		if h, ok := parseFrame(f.head[:f.held]); ok {
			f.held = 0
			f.begin(h)
			break
		}
	}
	return p
}

// begin notes the frame under way. A continuation (opcode 0) counts like the frame it continues
// would: no server measured here fragments.
func (f *Frames) begin(h frame) {
	f.op, f.left = h.opcode, h.length
	if f.op == 0 {
		f.op = Text
	}
}

func (f *Frames) keep(p []byte) {
	if f.op >= closed {
		f.kept = append(f.kept, p...)
	}
}

func (f *Frames) control(reply []byte) ([]byte, error) {
	payload := f.kept
	f.kept = f.kept[:0]
	switch f.op {
	case closed:
		return reply, closeError(payload)
	case ping:
		reply = AppendFrame(reply, pong, payload)
	}
	return reply, nil
}

// Lines counts the line ends inside a chunked HTTP body, from its first chunk on.
// The zero Lines is ready.
type Lines struct {
	state lineState
	left  int // of the chunk, or the size as read so far
}

type lineState uint8

const (
	inSize lineState = iota
	inExtension
	inChunk
	afterChunk
)

var errChunk = errors.New("lean: damaged chunk size")

// ErrEnd says that the server has ended the body.
var ErrEnd = errors.New("lean: end of body")

// Count implements Counter.
func (l *Lines) Count(p []byte) (events int, reply []byte, err error) {
	for len(p) > 0 {
		if l.state == inChunk {
			n := min(l.left, len(p))
			events += bytes.Count(p[:n], []byte{'\n'})
			p, l.left = p[n:], l.left-n
			if l.left == 0 {
				l.state = afterChunk
			}
			continue
		}
		if err := l.step(p[0]); err != nil {
			return events, nil, err
		}
		p = p[1:]
	}
	return events, nil, nil
}

// step takes one byte of what stands between chunks.
func (l *Lines) step(c byte) error {
	switch {
	case c == '\n' && l.state == afterChunk:
		l.state, l.left = inSize, 0
	case l.state == afterChunk:
	case c == '\n' && l.left == 0:
		return ErrEnd
	case c == '\n':
		l.state = inChunk
	case l.state == inExtension:
	case c == ';' || c == '\r' || c == ' ':
		l.state = inExtension
	default:
		digit := bytes.IndexByte([]byte("0123456789abcdef"), c|0x20)
		if digit < 0 || l.left > 1<<28 {
			return fmt.Errorf("%w at %q", errChunk, c)
		}
		l.left = l.left<<4 | digit
	}
	return nil
}
