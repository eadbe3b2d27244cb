package client

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

// lineBytesMax bounds one line of a feed: an event of the largest data that a node may be set to
// take, in base64, and its envelope.
const lineBytesMax = 64 << 20

// body is the answer of a feed, read line by line.
type body struct {
	r     *bufio.Reader
	line  []byte // a line longer than the reader's buffer
	alive func() // called when something has come
	shut  func()
}

func newBody(r io.Reader, alive, shut func()) *body {
	return &body{r: bufio.NewReaderSize(r, 32<<10), alive: alive, shut: shut}
}

func (b *body) close() { b.shut() }

// next gives a line without its end, valid until the next call. A line cut off by the end of the
// body is not given: it is half of something.
func (b *body) next() ([]byte, error) {
	part, err := b.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		b.line = b.line[:0]
		for errors.Is(err, bufio.ErrBufferFull) {
			b.line = append(b.line, part...)
			if len(b.line) > lineBytesMax {
				return nil, fmt.Errorf("client: a line of the feed is longer than %d bytes", lineBytesMax)
			}
			part, err = b.r.ReadSlice('\n')
		}
		b.line = append(b.line, part...)
		part = b.line
	}
	if err != nil {
		return nil, fmt.Errorf("client: feed: %w", err)
	}
	b.alive()
	return bytes.TrimSuffix(part[:len(part)-1], []byte{'\r'}), nil
}

// lineSource reads NDJSON: a line an event or a notice; empty lines are heartbeats.
type lineSource struct {
	*body
	asked time.Duration
}

func (s *lineSource) next() (Delivery, time.Duration, error) {
	for {
		line, err := s.body.next()
		if err != nil {
			return Delivery{}, s.asked, err
		}
		if len(line) == 0 {
			continue
		}
		if !isNotice(line) {
			return Delivery{Cursor: cursorOf(line), Data: line}, s.asked, nil
		}
		d, asked, err := notice(line)
		s.asked = max(s.asked, asked)
		return d, s.asked, err
	}
}

// eventSource reads server-sent events as HTML names their fields: id, event, data, retry.
type eventSource struct {
	*body
	data  []byte
	name  string
	id    string
	asked time.Duration
}

func (s *eventSource) next() (Delivery, time.Duration, error) {
	s.data, s.name = s.data[:0], ""
	some := false
	for {
		line, err := s.body.next()
		if err != nil {
			return Delivery{}, s.asked, err
		}
		if len(line) == 0 {
			if !some {
				continue
			}
			return Delivery{Cursor: s.id, Notice: s.name, Data: bytes.TrimSuffix(s.data, []byte{'\n'})}, s.asked, nil
		}
		field, value, _ := bytes.Cut(line, []byte{':'})
		value = bytes.TrimPrefix(value, []byte{' '})
		switch string(field) {
		case "data":
			s.data = append(append(s.data, value...), '\n')
			some = true
		case "event":
			s.name = string(value)
		case "id":
			if !bytes.ContainsRune(value, 0) {
				s.id = string(value)
			}
		case "retry":
			if ms, err := strconv.ParseUint(string(value), 10, 31); err == nil {
				s.asked = time.Duration(ms) * time.Millisecond
			}
		}
	}
}
