package crdttest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/edgedhq/edged/crdt"
)

// ledger keeps which record put what under which name, and which record took which of it away:
// what its writer saw there.
type ledger []page

// page is one record.
type page struct {
	at   crdt.Place
	seen []entry // what was there for the writer
	puts map[string]string
	took map[entry]bool
}

// entry is what one record has put under one name.
type entry struct {
	name    string
	at      crdt.Place
	content string
}

// open starts the page of a record.
func (l ledger) open(w Written) *page {
	return &page{w.At, l.at(w.Seen), map[string]string{}, map[entry]bool{}}
}

// at is what is there once the records that a vector covers are known, in order of names.
func (l ledger) at(v crdt.Vector) []entry {
	gone := map[entry]bool{}
	for _, p := range l {
		if v.Covers(p.at.Dot) {
			for e := range p.took {
				gone[e] = true
			}
		}
	}
	var left []entry
	for _, p := range l {
		if v.Covers(p.at.Dot) {
			for name, content := range p.puts {
				if e := (entry{name, p.at, content}); !gone[e] {
					left = append(left, e)
				}
			}
		}
	}
	slices.SortFunc(left, func(a, b entry) int { return cmp.Or(strings.Compare(a.name, b.name), a.newer(b)) })
	return left
}

// newer orders the entries of one name: the one that wins comes first.
func (e entry) newer(f entry) int {
	return -cmp.Or(e.at.HLC.Compare(f.at.HLC), e.at.Origin.Compare(f.at.Origin), cmp.Compare(e.at.Sequence, f.at.Sequence))
}

// take removes what the writer sees under a name, its own included.
func (p *page) take(name string) {
	delete(p.puts, name)
	for _, e := range p.seen {
		if e.name == name {
			p.took[e] = true
		}
	}
}

// takeAll removes everything that the writer sees.
func (p *page) takeAll() {
	clear(p.puts)
	for _, e := range p.seen {
		p.took[e] = true
	}
}

// put takes the place of what the writer sees under a name.
func (p *page) put(name, content string) {
	p.take(name)
	p.puts[name] = content
}
