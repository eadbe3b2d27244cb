package storage

import (
	"slices"
	"sync/atomic"

	"github.com/edgedhq/edged"
)

// Bounds of what waits beyond holes.
const (
	stretchesMax   = 4        // in one log
	logBeyondMax   = 8 << 20  // bytes of one log
	storeBeyondMax = 64 << 20 // bytes of all logs
)

// beyond is what waits beyond holes: blocks under their final keys, of which only the memory of
// this run knows. A mark under 'w' and the log id lets the next start delete them. For the
// committer only.
type beyond struct {
	tails map[edged.LogID]*tail
	bytes atomic.Int64
}

// tail is what waits of one log.
type tail struct {
	log       *Log
	stretches []stretch // in order, with holes between
}

// stretch is blocks of one log that follow each other by their sequences, and how long they are.
type stretch struct {
	first, last edged.Sequence
	bytes       int64
}

// bytes is what the tail takes of the bounds.
func (t *tail) bytes() (sum int64) {
	for _, s := range t.stretches {
		sum += s.bytes
	}
	return sum
}

// fit finds the place of a block in a tail: before which stretch it belongs, and whether it waits
// there already or overlaps what does.
func (t *tail) fit(first, last edged.Sequence) (at int, waits, overlaps bool) {
	for at < len(t.stretches) && t.stretches[at].last < first {
		at++
	}
	if at == len(t.stretches) || t.stretches[at].first > last {
		return at, false, false
	}
	s := t.stretches[at]
	return at, s.first <= first && last <= s.last, true
}

// put notes a block that overlaps none, before the stretch at a place. Whether it chains is asked
// when the hole closes. ok is false when that would make too many stretches.
func (t *tail) put(at int, b stretch) (ok bool) {
	left := at > 0 && t.stretches[at-1].last+1 == b.first
	right := at < len(t.stretches) && t.stretches[at].first == b.last+1
	switch {
	case left && right:
		b.bytes += t.stretches[at].bytes
		b.last = t.stretches[at].last
		t.stretches = slices.Delete(t.stretches, at, at+1)
		fallthrough
	case left:
		t.stretches[at-1].last = b.last
		t.stretches[at-1].bytes += b.bytes
	case right:
		t.stretches[at].first = b.first
		t.stretches[at].bytes += b.bytes
	case len(t.stretches) == stretchesMax:
		return false
	default:
		t.stretches = slices.Insert(t.stretches, at, b)
	}
	return true
}
