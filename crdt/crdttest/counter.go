package crdttest

import (
	"fmt"
	"math"
	"math/big"

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
			t.add(&p, w, op.Number)
		case crdt.Clear:
			t.clear(&p, w)
		}
	}
	t.pages = append(t.pages, p)
}

// add says with an increment what the writer knows of its own row, also what others have cleared.
func (t *tally) add(p *tallied, w Written, n int64) {
	if n == 0 {
		return
	}
	t.rows[w.Row] = append(t.rows[w.Row], n)
	p.known[w.Row] = len(t.rows[w.Row])
	if _, cleared := t.at(w.Seen); cleared[w.Row] > 0 {
		p.cleared[w.Row] = max(p.cleared[w.Row], cleared[w.Row])
	}
}

// clear clears what the writer sees, its own included.
func (t *tally) clear(p *tallied, w Written) {
	known, cleared := t.at(w.Seen)
	if n, ok := p.known[w.Row]; ok {
		known[w.Row] = n
	}
	for o, n := range known {
		if n > cleared[o] {
			p.cleared[o] = n
		}
	}
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
func (t *tally) count(v crdt.Vector) (sum *big.Int, any bool) {
	sum = new(big.Int)
	known, cleared := t.at(v)
	for o, n := range known {
		for _, i := range t.rows[o][min(cleared[o], n):n] {
			sum.Add(sum, big.NewInt(i))
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
	return got.is(Shown{JSON: held64(sum).Append(nil, 10)})
}

// held64 is a sum as an answer can hold it.
func held64(sum *big.Int) *big.Int {
	if sum.IsInt64() {
		return sum
	}
	if sum.Sign() < 0 {
		return big.NewInt(math.MinInt64)
	}
	return big.NewInt(math.MaxInt64)
}

// Refused wants a sum, or all that an origin has ever added or taken, to pass 2^63.
func (t *tally) Refused(w Written) error {
	sum, _ := t.count(w.Seen)
	var ever [2]big.Int
	total := func(n int64) *big.Int {
		if n < 0 {
			return &ever[0]
		}
		return &ever[1]
	}
	for _, n := range t.rows[w.Row] {
		total(n).Add(total(n), big.NewInt(n))
	}
	for _, op := range w.Ops {
		if op.Verb == crdt.Clear {
			sum.SetInt64(0)
			continue
		}
		n := big.NewInt(op.Number)
		sum.Add(sum, n)
		all := total(op.Number).Add(total(op.Number), n)
		if !sum.IsInt64() || !new(big.Int).Abs(all).IsInt64() {
			return nil
		}
	}
	return fmt.Errorf("refused %s, though nothing passes 2^63", deed(w.Ops))
}
