package window

import (
	"cmp"
	"slices"
)

// Fragment is what one log holds of a session of one key: the times of its first and last event.
type Fragment struct{ Start, Last int64 }

// Absorbed is what an event did to fragments.
type Absorbed uint8

// Taken: fragment `at` has the event. Bridged: so, and the fragment behind it became part of it, so
// the cell at+1 is merged into cell `at` and taken out. Opened: a fragment of its own was put in at
// `at`, and so is an empty cell.
const (
	Taken Absorbed = iota
	Bridged
	Opened
)

// Absorb folds an event's time into the fragments of one key and log, which are ascending and stay
// so; an event exactly Gap later begins a new one. The fragments are changed in place.
func (s *Spec) Absorb(fragments []Fragment, t int64) (now []Fragment, at int, did Absorbed) {
	at, _ = slices.BinarySearchFunc(fragments, t, func(f Fragment, t int64) int {
		if s.joined(t, f.Last) {
			return 1
		}
		return -1
	})
	if at == len(fragments) || !s.joined(fragments[at].Start, t) {
		return slices.Insert(fragments, at, Fragment{t, t}), at, Opened
	}
	f := &fragments[at]
	f.Start, f.Last = min(f.Start, t), max(f.Last, t)
	if at+1 < len(fragments) && s.joined(fragments[at+1].Start, f.Last) {
		f.Last = fragments[at+1].Last
		return slices.Delete(fragments, at+1, at+2), at, Bridged
	}
	return fragments, at, Taken
}

// joined tells whether what starts at start goes on with what had its last event at last.
func (s *Spec) joined(start, last int64) bool {
	return start <= last || uint64(start)-uint64(last) < uint64(s.Gap)
}

// Piece is a fragment with its place: number At of those of a log, by the caller's numbering of logs
// in canonical order.
type Piece struct {
	Fragment
	Log, At int
}

// Joined is a session of one key: its window, and the pieces From to To (not included) it is of.
type Joined struct {
	Span
	From, To int
}

// Join sorts the pieces of one key from all logs, by time and then by log, and appends its sessions,
// ascending. Cells merge in the order of the pieces.
func (s *Spec) Join(dst []Joined, pieces []Piece) []Joined {
	slices.SortFunc(pieces, func(a, b Piece) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.Last, b.Last), cmp.Compare(a.Log, b.Log))
	})
	for from := 0; from < len(pieces); {
		last, to := pieces[from].Last, from+1
		for ; to < len(pieces) && s.joined(pieces[to].Start, last); to++ {
			last = max(last, pieces[to].Last)
		}
		dst = append(dst, Joined{Span{pieces[from].Start, plus(last, s.Gap)}, from, to})
		from = to
	}
	return dst
}
