package function

import (
	"encoding/binary"
	"math"

	"github.com/edgedhq/edged/streams/plan"
)

// The keys of the lent keyspace. q is a query id, v the id of a view, 16 bytes each; times are 8
// bytes that sort as the times do; a group is what expr.AppendKey writes of its tuple.
//
//	p q source                  how far a log is folded, and what came of its events
//	c q slice_end group source  cell of a window's slice
//	u q group source            cell of an unbounded view
//	s q group source            the fragments of sessions of a group
//	m q                         how far the partials of other nodes are read: a cursor
//	z q                         slice end below which nothing is folded any more
//	w v window                  the first close here
//	r v window group            row as it was when its window closed, or whole when it was sealed
//	e v window group            row as it was emitted last
const (
	tagTail    = 'p'
	tagCell    = 'c'
	tagView    = 'u'
	tagSession = 's'
	tagMerged  = 'm'
	tagSealed  = 'z'
	tagClosed  = 'w'
	tagRow     = 'r'
	tagEmitted = 'e'
)

const idSize = len(plan.ID{})

// keyOf begins a key: a tag and an id.
func keyOf(dst []byte, tag byte, id plan.ID) []byte {
	return append(append(dst, tag), id[:]...)
}

// appendTime writes a time so that bytes sort as times do.
func appendTime(dst []byte, t int64) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(t)^1<<63)
}

// readTime reads what appendTime wrote.
func readTime(b []byte) int64 { return int64(binary.BigEndian.Uint64(b) ^ 1<<63) }

// after is the first key behind all that begin with a prefix.
func after(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}

// overflowGroup is the group of what did not fit max_keys. No tuple begins so.
var overflowGroup = []byte{0xff} // read-only

// noTime is before all times.
const noTime = math.MinInt64
