package crdttest

import (
	"slices"

	"github.com/edgedhq/edged/crdt"
)

// shelf is the plain set: an element is there while some add of it is, which no remove has seen.
type shelf struct{ ledger }

func newShelf(crdt.Limits) Spec { return &shelf{} }

func (s *shelf) Write(w Written) {
	p := s.open(w)
	for _, op := range w.Ops {
		switch op.Verb {
		case crdt.Add:
			for _, x := range op.Items {
				p.put(string(x), "")
			}
		case crdt.Remove:
			for _, x := range op.Items {
				p.take(string(x))
			}
		case crdt.Clear:
			p.takeAll()
		}
	}
	s.ledger = append(s.ledger, *p)
}

func (s *shelf) Check(at crdt.Vector, got Shown) error {
	es := slices.CompactFunc(s.at(at), func(a, b entry) bool { return a.name == b.name })
	if len(es) == 0 {
		return got.is(Shown{Absent: true})
	}
	return got.is(Shown{JSON: array(es, func(e entry) string { return e.name })})
}
