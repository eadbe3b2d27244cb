package crdt

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/edgedhq/edged"
)

// tally is what one origin has added to a counter and taken from it, in all, and the marks up to
// which that was reset. Only the origin raises its totals; whoever resets raises the marks.
type tally struct {
	plus, minus         uint64
	plusMark, minusMark uint64
}

// raise merges: the larger of each number.
func (t *tally) raise(u tally) {
	t.plus, t.minus = max(t.plus, u.plus), max(t.minus, u.minus)
	t.plusMark, t.minusMark = max(t.plusMark, u.plusMark), max(t.minusMark, u.minusMark)
}

// alive says whether anything has come since the reset.
func (t *tally) alive() bool { return t.plus > t.plusMark || t.minus > t.minusMark }

// addTo adds what counts to a sum.
func (t *tally) addTo(w wide) wide {
	return w.plus(t.plus - min(t.plus, t.plusMark)).minus(t.minus - min(t.minus, t.minusMark))
}

// reset is what raises the marks to the totals.
func (t *tally) reset() tally { return tally{plusMark: t.plus, minusMark: t.minus} }

// row is the tally of one origin. Where it matters which of several values is the last, it has the
// stamp of the record that last raised a total; an edged.Timestamp itself would make it larger.
type row struct {
	origin  edged.OriginID
	logical uint32
	wall    int64
	tally
}

const rowBytesMin = len(edged.OriginID{}) + 4

func (r *row) stamp() edged.Timestamp { return edged.Timestamp{Wall: r.wall, Logical: r.logical} }

// stampWith gives the row the stamp of a record that brings it, if it brings totals.
func (r *row) stampWith(t edged.Timestamp) {
	if r.plus > 0 || r.minus > 0 {
		r.wall, r.logical = t.Wall, t.Logical
	}
}

// merge takes in another row of the origin.
func (r *row) merge(other *row) {
	if other.stamp().Compare(r.stamp()) > 0 {
		r.wall, r.logical = other.wall, other.logical
	}
	r.raise(other.tally)
}

func compareRows(a, b row) int { return a.origin.Compare(b.origin) }

// rows are tallies by origin, in order. Each number is at most 2^63-1.
type rows []row

func (s rows) find(o edged.OriginID) (int, bool) {
	return slices.BinarySearchFunc(s, o, func(r row, o edged.OriginID) int { return r.origin.Compare(o) })
}

func (s rows) of(o edged.OriginID) tally {
	if i, there := s.find(o); there {
		return s[i].tally
	}
	return tally{}
}

// merge takes in other rows.
func (s *rows) merge(other rows) {
	fresh := 0
	for i := range other {
		if at, there := s.find(other[i].origin); there {
			(*s)[at].merge(&other[i])
		} else {
			fresh++
		}
	}
	if fresh == 0 {
		return
	}
	all := make(rows, 0, fresh)
	for i := range other {
		if _, there := s.find(other[i].origin); !there {
			all = append(all, other[i])
		}
	}
	*s = insertAll(*s, all, compareRows)
}

func (s rows) alive() bool {
	return slices.ContainsFunc(s, func(r row) bool { return r.alive() })
}

func (s rows) sum() (w wide) {
	for i := range s {
		w = s[i].addTo(w)
	}
	return w
}

// append appends rows, with their stamps or without; how many there are has been written before.
func (s rows) append(dst []byte, stamps bool) []byte {
	for i := range s {
		dst = s[i].tally.append(append(dst, s[i].origin[:]...))
		if stamps {
			dst = appendStamp(dst, s[i].stamp())
		}
	}
	return dst
}

func (t *tally) append(dst []byte) []byte {
	for _, n := range [...]uint64{t.plus, t.minus, t.plusMark, t.minusMark} {
		dst = binary.AppendUvarint(dst, n)
	}
	return dst
}

// rows reads so many rows, and puts them behind others.
func (r *reader) rows(all rows, count int, stamps bool) rows {
	for first := len(all); r.err == nil && len(all)-first < count; {
		next := row{origin: r.origin(), tally: r.tally()}
		if stamps {
			t := r.stamp()
			next.wall, next.logical = t.Wall, t.Logical
		}
		if n := len(all); n > first && all[n-1].origin.Compare(next.origin) >= 0 {
			r.fail("origins out of order")
		}
		all = append(all, next)
	}
	return all
}

func (r *reader) tally() tally {
	t := tally{r.uvarint(), r.uvarint(), r.uvarint(), r.uvarint()}
	if r.err == nil && (t == tally{} || max(t.plus, t.minus, t.plusMark, t.minusMark) > math.MaxInt64) {
		r.fail("a tally of nothing, or past 2^63-1")
	}
	return t
}

// size is about what rows take when they are encoded.
func (s rows) size() (n int) {
	for i := range s {
		n += rowBytesMin + lengthOf(s[i].plus) + lengthOf(s[i].minus) + lengthOf(s[i].plusMark) + lengthOf(s[i].minusMark)
	}
	return n
}
