package transport

import (
	"encoding/binary"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
)

// A lane of a link with several connections has a strand on each of them, for each has a
// congestion window of its own. What is written is cut into pieces, each of which takes the strand
// that has room, and is put together again by the pieces' numbers.
const (
	strandsMax = 8
	pieceMax   = 16 << 10
	pieceHead  = 4 + 2                // its number, which may wrap, and its length less one
	ahead      = 4                    // pieces that wait for the lane's own strand
	patience   = 2 * time.Millisecond // until others are taken too
)

// strandsOf is how many strands a lane has on so many connections.
func strandsOf(lane, connections int) int {
	if lane == 0 {
		return 1
	}
	return connections
}

// splitter is the writing side of a lane. The lane's own connection carries all while it can,
// since packets of one connection leave in batches.
type splitter struct {
	own, others chan []byte
	spare       chan []byte // to be used again
	number      uint32
	spread      bool // the own strand has no room for long
	link        *Link
}

func (t *Transport) split(l *Link, lane int, strands []*quic.SendStream) *splitter {
	s := &splitter{
		own: make(chan []byte, ahead), others: make(chan []byte),
		spare: make(chan []byte, ahead+2*strandsMax), link: l,
	}
	for i, strand := range strands {
		from := s.others
		if i == lane%len(strands) {
			from = s.own
		}
		t.group.Go(func() { s.send(strand, from) })
	}
	return s
}

// Write implements io.Writer.
func (s *splitter) Write(p []byte) (n int, err error) {
	for n < len(p) {
		part := p[n:min(n+pieceMax, len(p))]
		if !s.hand(s.cut(part)) {
			return n, s.link.err
		}
		n += len(part)
	}
	return n, s.link.Err()
}

// hand gives a piece to a strand; false when the link has ended.
func (s *splitter) hand(piece []byte) bool {
	s.spread = s.spread && len(s.own) > 0
	select {
	case s.own <- piece:
		return true
	default:
	}
	if !s.spread {
		select {
		case s.own <- piece:
			return true
		case <-time.After(patience):
			s.spread = true
		case <-s.link.done:
			return false
		}
	}
	select {
	case s.own <- piece:
	case s.others <- piece:
	case <-s.link.done:
		return false
	}
	return true
}

// cut makes the next piece, a copy of part.
func (s *splitter) cut(part []byte) (piece []byte) {
	select {
	case piece = <-s.spare:
	default:
	}
	piece = binary.BigEndian.AppendUint32(piece[:0], s.number)
	piece = binary.BigEndian.AppendUint16(piece, uint16(len(part)-1))
	s.number++
	return append(piece, part...)
}

// send writes pieces to one strand until the link ends.
func (s *splitter) send(strand *quic.SendStream, from chan []byte) {
	for {
		select {
		case piece := <-from:
			if _, err := strand.Write(piece); err != nil {
				return // the connection has ended, and with it the link
			}
			select {
			case s.spare <- piece:
			default:
			}
		case <-s.link.done:
			return
		}
	}
}

// joiner is the reading side of a lane. Of each strand it holds one piece at most; what has come
// beyond that stays in the strand's window.
type joiner struct {
	link   *Link
	number uint32 // of the next piece
	piece  []byte // what is left of the one that is read
	strand int    // where it came
	taken  [strandsMax]chan struct{}
	came   chan struct{}

	mu   sync.Mutex
	held [strandsMax]held
	err  error
}

// held is a piece that has come on a strand; nil bytes for none.
type held struct {
	number uint32
	bytes  []byte
}

func (t *Transport) join(l *Link, strands []*quic.ReceiveStream) *joiner {
	j := &joiner{link: l, came: make(chan struct{}, 1)}
	for i, strand := range strands {
		j.taken[i] = make(chan struct{}, 1)
		t.group.Go(func() { j.receive(i, strand) })
	}
	return j
}

// Read implements io.Reader.
func (j *joiner) Read(p []byte) (n int, err error) {
	for len(j.piece) == 0 {
		if j.find() {
			break
		}
		select {
		case <-j.came:
		case <-j.link.done:
			return 0, j.link.err
		}
		if err := j.failed(); err != nil {
			return 0, err
		}
	}
	n = copy(p, j.piece)
	if j.piece = j.piece[n:]; len(j.piece) == 0 {
		j.taken[j.strand] <- struct{}{}
	}
	return n, nil
}

// find takes the next piece, if it has come.
func (j *joiner) find() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i, h := range j.held {
		if h.bytes != nil && h.number == j.number {
			j.piece, j.strand = h.bytes, i
			j.held[i] = held{}
			j.number++
			return true
		}
	}
	return false
}

func (j *joiner) failed() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.err
}

// receive takes the pieces of one strand, each when the one before it has been read.
func (j *joiner) receive(i int, strand *quic.ReceiveStream) {
	var buf []byte
	for {
		number, piece, err := readPiece(strand, buf)
		j.mu.Lock()
		if err != nil {
			j.err = err
		} else {
			j.held[i] = held{number, piece}
		}
		j.mu.Unlock()
		select {
		case j.came <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
		buf = piece
		select {
		case <-j.taken[i]:
		case <-j.link.done:
			return
		}
	}
}

// readPiece reads a piece into buf, or into a larger one.
func readPiece(r io.Reader, buf []byte) (number uint32, piece []byte, err error) {
	var head [pieceHead]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	size := int(binary.BigEndian.Uint16(head[4:])) + 1
	if size > pieceMax {
		return 0, nil, fmt.Errorf("transport: a piece of %d bytes", size)
	}
	if cap(buf) < size {
		buf = make([]byte, size)
	}
	_, err = io.ReadFull(r, buf[:size])
	return binary.BigEndian.Uint32(head[:]), buf[:size], err
}
