package crdttest

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
)

// sheet is the plain map: a plain register a field, and beside it a plain counter. What was updated
// last of the two shows.
type sheet struct {
	ledger
	counts map[string]*tally
}

func newSheet(crdt.Limits) Spec { return &sheet{counts: map[string]*tally{}} }

func (s *sheet) Write(w Written) {
	p := s.open(w)
	for _, op := range w.Ops {
		for i, name := range op.Fields {
			switch op.Verb {
			case crdt.Put:
				p.put(name, string(op.Items[i]))
			case crdt.Remove:
				p.take(name)
			case crdt.Raise:
				if s.counts[name] == nil {
					s.counts[name] = newTally(crdt.Limits{}).(*tally)
				}
			}
		}
		if op.Verb == crdt.Clear {
			p.takeAll()
		}
	}
	s.ledger = append(s.ledger, *p)
	for name, c := range s.counts {
		c.Write(countedIn(w, name))
	}
}

// countedIn is a record as the counter of one field has it.
func countedIn(w Written, name string) Written {
	all := w.Ops
	w.Ops = nil
	for _, op := range all {
		if op.Verb == crdt.Clear {
			w.Ops = append(w.Ops, op)
		}
		for i, field := range op.Fields {
			switch {
			case field != name:
			case op.Verb == crdt.Remove:
				w.Ops = append(w.Ops, crdt.Op{Verb: crdt.Clear})
			case op.Verb == crdt.Raise:
				w.Ops = append(w.Ops, crdt.Op{Verb: crdt.Increment, Number: op.Numbers[i]})
			}
		}
	}
	return w
}

// fields are all values of each field that has any, the one that shows first.
func (s *sheet) fields(at crdt.Vector) map[string][]entry {
	all := map[string][]entry{}
	for _, e := range s.at(at) {
		all[e.name] = append(all[e.name], e)
	}
	for name, c := range s.counts {
		if sum, any := c.count(at); any {
			e := entry{name: name, at: c.last(at), content: held64(sum).String()}
			all[name] = append(all[name], e)
			slices.SortFunc(all[name], entry.newer)
		}
	}
	return all
}

// last is when a row was added to last, of those of which something is left.
func (t *tally) last(v crdt.Vector) crdt.Place {
	known, cleared := t.at(v)
	var last entry
	for _, p := range t.pages {
		for o, n := range p.known {
			e := entry{at: crdt.Place{Dot: crdt.Dot{Origin: o}, HLC: p.at.HLC}}
			if v.Covers(p.at.Dot) && n == known[o] && n > cleared[o] && (last == entry{} || e.newer(last) < 0) {
				last = e
			}
		}
	}
	return last.at
}

func (s *sheet) Check(at crdt.Vector, got Shown) error {
	all := s.fields(at)
	if len(all) == 0 {
		return got.is(Shown{Absent: true})
	}
	names := slices.Sorted(maps.Keys(all))
	var want Shown
	for _, name := range names {
		es := all[name]
		quoted := quote(name)
		want.JSON = append(between(want.JSON, '{'), quoted+":"+es[0].content...)
		if len(es) > 1 {
			want.Conflicts = append(between(want.Conflicts, '['), `{"field":`+quoted+`,"values":`...)
			want.Conflicts = append(want.Conflicts, array(es, func(e entry) string { return e.content })...)
			want.Conflicts = append(want.Conflicts, '}')
		}
	}
	want.JSON = append(want.JSON, '}')
	if want.Conflicts != nil {
		want.Conflicts = append(want.Conflicts, ']')
	}
	return got.is(want)
}

// between appends what stands before the next member.
func between(b []byte, opening byte) []byte {
	if len(b) == 0 {
		return append(b, opening)
	}
	return append(b, ',')
}

// quote is a text that needs no escapes as a JSON string.
func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// Refused wants the counter of some field to have a reason.
func (s *sheet) Refused(w Written) error {
	var why error
	for _, op := range w.Ops {
		for _, name := range op.Fields {
			c := s.counts[name]
			if c == nil {
				c = &tally{rows: map[edged.OriginID][]int64{}}
			}
			if why = c.Refused(countedIn(w, name)); why == nil {
				return nil
			}
		}
	}
	return why
}
