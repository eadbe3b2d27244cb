package crdttest

import (
	"strconv"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
)

// tally is the plain counter: each origin's increments one by one, and for each record how many of
// them its writer knew, and how many it has cleared.
type tally struct {
	rows  map[edged.OriginID][]int64
	pages []tallied
}

type tallied struct {
	at      crdt.Place
	known   map[edged.OriginID]int // of the row that the record adds to, all with its own
	cleared map[edged.OriginID]int
}

func newTally(crdt.Limits) Spec { return &tally{rows: map[edged.OriginID][]int64{}} }

func (t *tally) Write(w Written) {
	p := tallied{at: w.At, known: map[edged.OriginID]int{}, cleared: map[edged.OriginID]int{}}
	for _, op := range w.Ops {
		switch op.Verb {
		case crdt.Increment:
			t.rows[w.Row] = append(t.rows[w.Row], op.Number)
			p.known[w.Row] = len(t.rows[w.Row])
		case crdt.Clear:
			known, _ := t.at(w.Seen)
			p.cleared = known
			if own, ok := p.known[w.Row]; ok {
				p.cleared[w.Row] = own
			}
		}
	}
	t.pages = append(t.pages, p)
}

// at is how many increments of each origin are known to a vector, and how many of these cleared.
func (t *tally) at(v crdt.Vector) (known, cleared map[edged.OriginID]int) {
	known, cleared = map[edged.OriginID]int{}, map[edged.OriginID]int{}
	for _, p := range t.pages {
		if v.Covers(p.at.Dot) {
			for o, n := range p.known {
				known[o] = max(known[o], n)
			}
			for o, n := range p.cleared {
				cleared[o] = max(cleared[o], n)
			}
		}
	}
	return known, cleared
}

// count is the sum of what is left, and whether anything is.
func (t *tally) count(v crdt.Vector) (sum int64, any bool) {
	known, cleared := t.at(v)
	for o, n := range known {
		for _, i := range t.rows[o][min(cleared[o], n):n] {
			sum += i
			any = true
		}
	}
	return sum, any
}

func (t *tally) Check(at crdt.Vector, got Shown) error {
	sum, any := t.count(at)
	if !any {
		return got.is(Shown{Absent: true})
	}
	return got.is(Shown{JSON: strconv.AppendInt(nil, sum, 10)})
}
