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

// row is the tally of one origin.
type row struct {
	origin edged.OriginID
	tally
}

const rowBytesMin = len(edged.OriginID{}) + 4

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

// raise merges one tally.
func (s *rows) raise(o edged.OriginID, t tally) {
	i, there := s.find(o)
	if there {
		(*s)[i].raise(t)
	} else if t != (tally{}) {
		*s = slices.Insert(*s, i, row{o, t})
	}
}

// merge merges all tallies of other rows.
func (s *rows) merge(other rows) {
	if len(*s) == 0 {
		*s = slices.Clone(other)
		return
	}
	for _, r := range other {
		s.raise(r.origin, r.tally)
	}
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

// append appends rows; how many there are has been written before.
func (s rows) append(dst []byte) []byte {
	for i := range s {
		dst = s[i].tally.append(append(dst, s[i].origin[:]...))
	}
	return dst
}

func (t *tally) append(dst []byte) []byte {
	for _, n := range [...]uint64{t.plus, t.minus, t.plusMark, t.minusMark} {
		dst = binary.AppendUvarint(dst, n)
	}
	return dst
}

// rows reads so many rows.
func (r *reader) rows(count int) rows {
	if count == 0 {
		return nil
	}
	all := make(rows, 0, count)
	for r.err == nil && len(all) < count {
		next := row{r.origin(), r.tally()}
		if n := len(all); n > 0 && all[n-1].origin.Compare(next.origin) >= 0 {
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
