// Package keyed says what a key of a collection has to show, from what clients did to it. It is a
// second, plain account of package crdt, and shares no code with it.
//
//	            ┌─ a: operations on one side ──┐
//	base ───────┤                              ├──▶ Join ──▶ Check what a node shows
//	            └─ b: operations on the other ─┘
//
// A state is the set of all entries that are still there: an increment, an assigned value, an
// added element. An operation adds entries with new numbers, and takes away entries that its side
// has. So two sides that had one base need no clocks and no vectors to be joined: what both have
// stays, what one has and the base had not is new, what one has not and the base had is removed.
// Sketches cannot remove; their deletion begins a new epoch, and the highest one holds.
//
// Each side is one client that waits for each answer. An operation of unknown outcome is resolved
// by looking: see State.Apply on a copy.
//
// # Not here
//
// Concurrent clients on one side. Events and their logs: loadtest/history.
package keyed

import (
	"maps"
	"slices"
)

// Op is one operation. Which verbs a type takes stands in the API.
type Op struct {
	Verb    string // increment, decrement, assign, add, remove, put, raise, enable, disable, observe, delete
	Name    string // of a set's element, as JSON, or of a map's field
	Content string // JSON
	N       int64
}

// Entry is one thing that an operation has brought, and that is there until it is taken away.
type Entry struct {
	Name       string
	Content    string
	N          int64
	Start, End int64 // of the request that brought it
}

// State is a key as one side knows it.
type State struct {
	Type    string
	Epoch   int
	Entries map[int64]Entry // by number
}

// New is a key that nobody has touched.
func New(typ string) State { return State{Type: typ, Entries: map[int64]Entry{}} }

// Clone is a copy that goes its own way.
func (s State) Clone() State {
	s.Entries = maps.Clone(s.Entries)
	return s
}

// Apply carries out an operation between two instants. Number has to be another for each operation
// on a key, on whatever side.
func (s *State) Apply(o Op, number, start, end int64) {
	e := Entry{Name: o.Name, Content: o.Content, N: o.N, Start: start, End: end}
	switch o.Verb {
	case "delete":
		s.clear()
		return
	case "disable":
		clear(s.Entries)
		return
	case "remove":
		s.take(o.Name)
		return
	case "decrement":
		e.N = -o.N
	case "assign", "enable":
		clear(s.Entries)
	case "add", "put":
		s.take(o.Name)
	}
	s.Entries[number] = e
}

func (s *State) clear() {
	clear(s.Entries)
	if s.sketch() {
		s.Epoch++
	}
}

func (s *State) take(name string) {
	maps.DeleteFunc(s.Entries, func(_ int64, e Entry) bool { return e.Name == name })
}

func (s *State) sketch() bool {
	return slices.Contains([]string{"hyperloglog", "quantiles", "topk"}, s.Type)
}

// Join is what two sides of one base come to hold.
func Join(base, a, b State) State {
	if a.Epoch != b.Epoch {
		if a.Epoch < b.Epoch {
			a = b
		}
		return a.Clone()
	}
	joined := New(a.Type)
	joined.Epoch = a.Epoch
	for _, side := range []struct{ has, other State }{{a, b}, {b, a}} {
		for number, e := range side.has.Entries {
			_, old := base.Entries[number]
			_, both := side.other.Entries[number]
			if both || !old {
				joined.Entries[number] = e
			}
		}
	}
	return joined
}
