package collections

import (
	"iter"
	"sync"

	"github.com/edgedhq/edged"
)

var _ edged.Run = (*valueRun)(nil)

// valueRun is values as a watcher is given them, at the places of the events that brought them.
type valueRun struct {
	name   edged.LogName
	base   edged.Base
	events []edged.Event
	bytes  int

	mu    sync.Mutex
	forms [edged.FormSlots]any
}

func (r *valueRun) add(e edged.Event) {
	r.events = append(r.events, e)
	r.bytes += len(e.Key) + len(e.Data)
}

func (r *valueRun) Name() edged.LogName { return r.name }
func (r *valueRun) Base() edged.Base    { return r.base }
func (r *valueRun) Len() int            { return len(r.events) }
func (r *valueRun) Bytes() int          { return r.bytes }

func (r *valueRun) Events(from, to int) iter.Seq2[int, edged.Event] {
	return func(yield func(int, edged.Event) bool) {
		for i := from; i < to; i++ {
			if !yield(i, r.events[i]) {
				return
			}
		}
	}
}

func (r *valueRun) Form(slot int, build func() any) any {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.forms[slot] == nil {
		r.forms[slot] = build()
	}
	return r.forms[slot]
}

// meant gives the events of a delivery that are meant, with their indexes.
func meant(d *edged.Delivery) iter.Seq2[int, edged.Event] {
	if d.Picks == nil {
		return d.Run.Events(d.From, d.To)
	}
	return func(yield func(int, edged.Event) bool) {
		for _, i := range d.Picks {
			for at, e := range d.Run.Events(int(i), int(i)+1) {
				if !yield(at, e) {
					return
				}
			}
		}
	}
}

// rest makes a delivery begin at an index.
func rest(d *edged.Delivery, from int) {
	d.From = from
	for len(d.Picks) > 0 && int(d.Picks[0]) < from {
		d.Picks = d.Picks[1:]
	}
}
