package function

import (
	"encoding/binary"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/plan"
	"github.com/edgedhq/edged/streams/window"
)

// closing is the first close of a window here.
type closing struct {
	excluded []edged.Origin
	sealed   bool
	end      int64 // of sessions
	left     int   // how many excluded ones were away when rows were sent last
}

func (c *closing) append(dst []byte) []byte {
	dst = binary.AppendVarint(dst, c.end)
	sealed := byte(0)
	if c.sealed {
		sealed = 1
	}
	dst = binary.AppendUvarint(append(dst, sealed), uint64(len(c.excluded)))
	for _, o := range c.excluded {
		dst = append(dst, o.ID[:]...)
		dst = append(binary.AppendUvarint(dst, uint64(len(o.Label))), o.Label...)
	}
	return dst
}

// closing reads the first close of a window; nil if it has not closed.
func (v *view) closing(s *snapshot, key []byte) (*closing, error) {
	b, err := s.get(key)
	if err != nil || b == nil {
		return nil, err
	}
	return readClosing(b)
}

func readClosing(b []byte) (*closing, error) {
	r := scanner{rest: b}
	c := &closing{}
	c.end = r.varint()
	c.sealed = r.byte() == 1
	for range r.uvarint() {
		var o edged.Origin
		copy(o.ID[:], r.take(len(o.ID)))
		o.Label = string(r.bytes())
		if r.err != nil {
			return nil, r.err
		}
		c.excluded = append(c.excluded, o)
	}
	return c, r.err
}

// closedKey is the key of a window's first close; of a session its start and group name it.
func closedKey(id plan.ID, w window.Span, group string) []byte {
	return append(appendTime(appendTime(keyOf(nil, tagClosed, id), w.End), w.Start), group...)
}

// rowKey is the key of a row as it closed; as long as the end may grow, as that of a session, it is
// left out.
func rowKey(id plan.ID, l *line, ended bool) []byte {
	if ended {
		return l.key(keyOf(nil, tagRow, id))
	}
	return append(appendTime(appendTime(keyOf(nil, tagRow, id), noTime), l.Start), l.group...)
}
