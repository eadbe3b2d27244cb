package crdttest

import "github.com/edgedhq/edged/crdt"

// lamp is the plain flag: on while some enable is there, which no disable has seen.
type lamp struct{ ledger }

func newLamp(crdt.Limits) Spec { return &lamp{} }

func (f *lamp) Write(w Written) {
	p := f.open(w)
	for _, op := range w.Ops {
		switch op.Verb {
		case crdt.Enable:
			p.put("", "")
		case crdt.Disable, crdt.Clear:
			p.takeAll()
		}
	}
	f.ledger = append(f.ledger, *p)
}

func (f *lamp) Check(at crdt.Vector, got Shown) error {
	if len(f.at(at)) == 0 {
		return got.is(Shown{Absent: true})
	}
	return got.is(Shown{JSON: []byte("true")})
}
