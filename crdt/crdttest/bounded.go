package crdttest

import (
	"fmt"
	"maps"
	"math/big"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
)

// estate is the plain bounded counter: each origin's steps one by one, and each gift of rights. A
// clear is a step back to 0. What an origin may do is counted from these alone.
type estate struct {
	limits crdt.Limits
	steps  map[edged.OriginID][]int64
	gifts  map[pair][]int64
	pages  []deeds
	fault  error // an operation that was not refused, and had no rights
}

type pair struct{ giver, taker edged.OriginID }

// deeds is one record: how many steps and gifts it brings, the steps that it marks as cleared.
type deeds struct {
	at      crdt.Place
	known   map[edged.OriginID]int
	cleared map[edged.OriginID]int
	given   map[pair]int
}

// estateAt is what is known to a vector.
type estateAt struct {
	*estate
	deeds
}

func newEstate(l crdt.Limits) Spec {
	return &estate{limits: l, steps: map[edged.OriginID][]int64{}, gifts: map[pair][]int64{}}
}

func (e *estate) at(v crdt.Vector) estateAt {
	all := estateAt{e, newDeeds(crdt.Place{})}
	for _, p := range e.pages {
		if v.Covers(p.at.Dot) {
			all.join(p)
		}
	}
	return all
}

func newDeeds(at crdt.Place) deeds {
	return deeds{at, map[edged.OriginID]int{}, map[edged.OriginID]int{}, map[pair]int{}}
}

func (d *deeds) join(p deeds) {
	raise(d.known, p.known)
	raise(d.known, p.cleared) // what is cleared was there
	raise(d.cleared, p.cleared)
	raise(d.given, p.given)
}

func raise[K comparable](to, from map[K]int) {
	for k, n := range from {
		to[k] = max(to[k], n)
	}
}

// value is the sum of all steps.
func (a estateAt) value() int64 {
	var sum int64
	for o, n := range a.known {
		for _, step := range a.steps[o][:n] {
			sum += step
		}
	}
	return sum
}

// away is a step as it goes away from the bound.
func (e *estate) away(step int64) int64 {
	if e.limits.Max != nil {
		return -step
	}
	return step
}

// bound is where the value ends.
func (e *estate) bound() int64 {
	if e.limits.Max != nil {
		return *e.limits.Max
	}
	return *e.limits.Min
}

// rights are what an origin holds.
func (a estateAt) rights(o edged.OriginID) int64 {
	var n int64
	for _, step := range a.steps[o][:a.known[o]] {
		n += a.away(step)
	}
	if o == a.limits.First {
		n += a.away(-a.bound())
	}
	for p, given := range a.given {
		for _, gift := range a.gifts[p][:given] {
			switch o {
			case p.taker:
				n += gift
			case p.giver:
				n -= gift
			}
		}
	}
	return n
}

// touched says whether there is a step that no clear has seen.
func (a estateAt) touched() bool {
	for o, n := range a.known {
		if n > a.cleared[o] {
			return true
		}
	}
	return false
}

func (e *estate) Write(w Written) {
	seen, p := e.at(w.Seen), newDeeds(w.At)
	for _, op := range w.Ops {
		if why := seen.why(w.Row, op); why == nil {
			seen.do(&p, w.Row, op)
		} else if e.fault == nil {
			e.fault = fmt.Errorf("%s was done by %s: %w", deed{op}, name(w.Row), why)
		}
	}
	e.pages = append(e.pages, p)
}

// do carries an operation out, on what the writer sees and on its record.
func (a estateAt) do(p *deeds, row edged.OriginID, op crdt.Op) {
	n := op.Number
	switch op.Verb {
	case crdt.Transfer:
		to := pair{row, op.Taker}
		a.gifts[to] = append(a.gifts[to][:a.given[to]], n)
		p.given[to] = len(a.gifts[to])
	case crdt.Clear:
		if !a.touched() {
			return
		}
		n = -a.value()
		fallthrough
	default:
		if n != 0 {
			a.steps[row] = append(a.steps[row][:a.known[row]], n)
			p.known[row] = len(a.steps[row])
			p.cleared[row] = max(p.cleared[row], a.cleared[row])
		}
	}
	a.join(*p)
	if op.Verb == crdt.Clear {
		for o, known := range a.known {
			if known > a.cleared[o] {
				p.cleared[o] = known
			}
		}
		a.join(*p)
	}
}

// why says what keeps an origin from an operation.
func (a estateAt) why(o edged.OriginID, op crdt.Op) error {
	spare := a.rights(o)
	switch op.Verb {
	case crdt.Increment:
		if step := a.away(op.Number); step < 0 && -step > spare {
			return fmt.Errorf("it holds %d rights", spare)
		}
		if sum := new(big.Int).Add(big.NewInt(a.value()), big.NewInt(op.Number)); !sum.IsInt64() {
			return fmt.Errorf("the value would pass 2^63")
		}
	case crdt.Transfer:
		if op.Number <= 0 || op.Taker == o || op.Number > spare {
			return fmt.Errorf("it holds %d rights", spare)
		}
	case crdt.Clear:
		for other := range a.holders() {
			if a.touched() && other != o && a.rights(other) != 0 {
				return fmt.Errorf("%s holds rights", name(other))
			}
		}
	}
	return nil
}

// holders are all origins that may hold rights.
func (a estateAt) holders() map[edged.OriginID]int {
	all := maps.Clone(a.known)
	all[a.limits.First] = 0
	for p := range a.given {
		all[p.giver], all[p.taker] = 0, 0
	}
	return all
}

// Refused wants one of the operations to have no rights, or to pass what can be held.
func (e *estate) Refused(w Written) error {
	seen, p := e.at(w.Seen), newDeeds(w.At)
	seen.estate = &estate{limits: e.limits, steps: maps.Clone(e.steps), gifts: maps.Clone(e.gifts)}
	for _, op := range w.Ops {
		if seen.why(w.Row, op) != nil {
			return nil
		}
		seen.do(&p, w.Row, op)
	}
	return fmt.Errorf("refused %s, though %s has rights for all", deed(w.Ops), name(w.Row))
}

// Check shows the bound where a sum has not all its parts yet. With all records here it never
// passes the bound.
func (e *estate) Check(at crdt.Vector, got Shown) error {
	a := e.at(at)
	value := a.value()
	if past := e.away(value - e.bound()); past < 0 {
		if e.whole(at) {
			return fmt.Errorf("the value is %d, past its bound of %d", value, e.bound())
		}
		value = e.bound()
	}
	if e.fault != nil {
		return e.fault
	}
	if !a.touched() {
		return got.is(Shown{Absent: true})
	}
	return got.is(Shown{JSON: big.NewInt(value).Append(nil, 10)})
}

// whole says whether a vector covers all that was ever written.
func (e *estate) whole(v crdt.Vector) bool {
	for _, p := range e.pages {
		if !v.Covers(p.at.Dot) {
			return false
		}
	}
	return true
}

// Spare is what an origin holds, as a replica knows it.
func (e *estate) Spare(v crdt.Vector, o edged.OriginID) int64 { return max(e.at(v).rights(o), 0) }
