package crdttest

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/edgedhq/edged/crdt"
)

// shelf is the plain set: an element is there while some add of it is, which no remove has seen.
type shelf struct {
	ledger
	order map[string]rank
}

func newShelf(crdt.Limits) Spec { return &shelf{order: map[string]rank{}} }

func (s *shelf) Write(w Written) {
	p := s.open(w)
	for _, op := range w.Ops {
		for _, x := range op.Items {
			name := string(x)
			if op.Verb == crdt.Remove {
				p.take(name)
				continue
			}
			p.put(name, "")
			s.order[name] = rankOf(name)
		}
		if op.Verb == crdt.Clear {
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
	slices.SortFunc(es, func(a, b entry) int { return s.order[a.name].compare(s.order[b.name]) })
	return got.is(Shown{JSON: array(es, func(e entry) string { return e.name })})
}

// rank is where a JSON value stands among others: null, false, true, numbers by size, strings by
// their bytes, and the rest by its text.
type rank struct {
	kind int
	size float64
	text string
}

func rankOf(text string) rank {
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return rank{kind: -1, text: text} // no JSON: it will be missed where it is compared
	}
	switch v := v.(type) {
	case nil:
		return rank{}
	case bool:
		if v {
			return rank{kind: 2}
		}
		return rank{kind: 1}
	case float64:
		return rank{kind: 3, size: v}
	case string:
		return rank{kind: 4, text: v}
	}
	return rank{kind: 5, text: text}
}

func (r rank) compare(s rank) int {
	return cmp.Or(cmp.Compare(r.kind, s.kind), cmp.Compare(r.size, s.size), strings.Compare(r.text, s.text))
}
