package function

import (
	"encoding/binary"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/window"
)

// stand is what stands in front of a cell's content: of which stretch of its log it is the fold.
type stand struct {
	From, Position edged.Sequence // first and last event of the log that the fold has seen up to the cell's last
	Late           bool           // an event came after the bound of its log
	LateBound      int64          // the bound when the last of those came
	Overflow       bool           // it holds the groups past max_keys
}

const (
	flagLate = 1 << iota
	flagOverflow
)

func (s *stand) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(s.From))
	dst = binary.AppendUvarint(dst, uint64(s.Position))
	flags := byte(0)
	if s.Late {
		flags |= flagLate
	}
	if s.Overflow {
		flags |= flagOverflow
	}
	dst = append(dst, flags)
	if s.Late {
		dst = binary.AppendVarint(dst, s.LateBound)
	}
	return dst
}

func (r *scanner) stand() (s stand) {
	s.From = edged.Sequence(r.uvarint())
	s.Position = edged.Sequence(r.uvarint())
	flags := r.byte()
	s.Late, s.Overflow = flags&flagLate != 0, flags&flagOverflow != 0
	if s.Late {
		s.LateBound = r.varint()
	}
	return s
}

// wins says which of two folds of one log's stretch stands: the longer, of equal ones that which
// began earlier.
func (s *stand) wins(over *stand) bool {
	if s.Position != over.Position {
		return s.Position > over.Position
	}
	return s.From < over.From
}

// fragment is a stretch of one group's events in one log that are less than a gap apart, as stored.
type fragment struct {
	window.Fragment
	stand
	content []byte // of its cell
}

// appendFragment writes a fragment's head and its cell's content.
func appendFragment(dst []byte, span window.Fragment, at *stand, content []byte) []byte {
	dst = binary.AppendVarint(dst, span.Start)
	dst = binary.AppendVarint(dst, span.Last)
	dst = at.append(dst)
	dst = binary.AppendUvarint(dst, uint64(len(content)))
	return append(dst, content...)
}

// fragments reads what a session key holds; the contents point into it.
func (r *scanner) fragments(dst []fragment) []fragment {
	for len(r.rest) > 0 && r.err == nil {
		var f fragment
		f.Start = r.varint()
		f.Last = r.varint()
		f.stand = r.stand()
		f.content = r.bytes()
		dst = append(dst, f)
	}
	return dst
}
