package crdttest

import (
	"strings"

	"github.com/edgedhq/edged/crdt"
)

// board is the plain register: every value that was assigned, until somebody who saw it assigned
// another. The newest shows.
type board struct{ ledger }

func newBoard(crdt.Limits) Spec { return &board{} }

func (b *board) Write(w Written) {
	p := b.open(w)
	for _, op := range w.Ops {
		switch op.Verb {
		case crdt.Assign:
			p.put("", string(op.Items[0]))
		case crdt.Clear:
			p.takeAll()
		}
	}
	b.ledger = append(b.ledger, *p)
}

func (b *board) Check(at crdt.Vector, got Shown) error { return got.is(showNewest(b.at(at))) }

// showNewest shows the first of concurrent values, and all of them as conflicts.
func showNewest(es []entry) Shown {
	if len(es) == 0 {
		return Shown{Absent: true}
	}
	s := Shown{JSON: []byte(es[0].content)}
	if len(es) > 1 {
		s.Conflicts = array(es, func(e entry) string { return e.content })
	}
	return s
}

// array is a JSON array of what entries say.
func array(es []entry, say func(entry) string) []byte {
	all := make([]string, len(es))
	for i, e := range es {
		all[i] = say(e)
	}
	return []byte("[" + strings.Join(all, ",") + "]")
}
