package function

import (
	"encoding/binary"
	"errors"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/window"
)

// tail is how far one log is folded into a query: everything up to Position, from From on.
type tail struct {
	From, Position edged.Sequence
	Progress       window.Progress
	Newest         edged.Timestamp // of the last event folded
	Counts         counts
	Published      edged.Sequence   // of an own log: what other nodes were told of
	Generation     edged.Generation // of the stream: a later one is another log
}

// counts are what became of a log's events.
type counts struct {
	In       int64
	Late     int64 // counted, though after the bound of their log
	TooLate  int64 // not counted
	Failed   int64
	Mistyped int64
	Out      int64
}

func (c *counts) add(d counts) {
	c.In += d.In
	c.Late += d.Late
	c.TooLate += d.TooLate
	c.Failed += d.Failed
	c.Mistyped += d.Mistyped
	c.Out += d.Out
}

var errTorn = errors.New("function: what is stored or received ends early, or is none of ours")

// append writes the tail for keeping, and in records without what is the writer's own.
func (t *tail) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(t.From))
	dst = binary.AppendUvarint(dst, uint64(t.Position))
	bounded := byte(0)
	if t.Progress.Bounded {
		bounded = 1
	}
	dst = append(dst, bounded)
	dst = binary.AppendVarint(dst, t.Progress.Bound)
	dst = binary.AppendVarint(dst, t.Progress.Last)
	dst = binary.AppendVarint(dst, t.Newest.Wall)
	dst = binary.AppendUvarint(dst, uint64(t.Newest.Logical))
	for _, n := range []int64{t.Counts.In, t.Counts.Late, t.Counts.TooLate, t.Counts.Failed, t.Counts.Mistyped, t.Counts.Out} {
		dst = binary.AppendVarint(dst, n)
	}
	dst = binary.AppendUvarint(dst, uint64(t.Published))
	return binary.AppendUvarint(dst, uint64(t.Generation))
}

// readTail reads what append wrote, and gives what follows it.
func readTail(from []byte) (t tail, rest []byte, err error) {
	r := scanner{rest: from}
	t.From = edged.Sequence(r.uvarint())
	t.Position = edged.Sequence(r.uvarint())
	t.Progress.Bounded = r.byte() == 1
	t.Progress.Bound = r.varint()
	t.Progress.Last = r.varint()
	t.Newest.Wall = r.varint()
	t.Newest.Logical = uint32(r.uvarint())
	for _, n := range []*int64{&t.Counts.In, &t.Counts.Late, &t.Counts.TooLate, &t.Counts.Failed, &t.Counts.Mistyped, &t.Counts.Out} {
		*n = r.varint()
	}
	t.Published = edged.Sequence(r.uvarint())
	t.Generation = edged.Generation(r.uvarint())
	return t, r.rest, r.err
}

// scanner reads numbers and texts one after the other; the first fault stays.
type scanner struct {
	rest []byte
	err  error
}

func (r *scanner) fail() {
	r.err, r.rest = errTorn, nil
}

func (r *scanner) byte() byte {
	if len(r.rest) == 0 {
		r.fail()
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *scanner) uvarint() uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *scanner) varint() int64 {
	n, size := binary.Varint(r.rest)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

// bytes reads a length and as many bytes, which point into what is read.
func (r *scanner) bytes() []byte {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.fail()
		return nil
	}
	return r.take(int(n))
}

// take reads n bytes.
func (r *scanner) take(n int) []byte {
	if n > len(r.rest) {
		r.fail()
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}
