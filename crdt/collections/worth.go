package collections

import (
	"iter"
	"strings"
	"sync"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
)

// worthy is an event as watchers are given it: its data is what the key is worth now.
type worthy struct {
	edged.Event
	err error
}

// worth gives, of the events of a delivery that are folded, those that are to be given on, with their
// indexes. An event is passed over if a later one of its key stands in the run, or is in the value:
// that one brings it.
func worth(c *collection, d *edged.Delivery) iter.Seq2[int, worthy] {
	base := d.Run.Base()
	last := map[string]edged.Sequence{}
	for _, e := range meant(d) {
		last[e.Key] = e.Sequence
	}
	var covered edged.Vector // by the base, when it is needed
	later := func(e *edged.Event, at crdt.Place) bool {
		if at.Origin == e.Origin.ID || at.Sequence == 0 {
			return at.Sequence > e.Sequence
		}
		if covered == nil {
			covered = base.Cursor().Vector
		}
		return covered[edged.LogKey{Origin: at.Origin, Partition: e.Partition}] < at.Sequence
	}
	return func(yield func(int, worthy) bool) {
		for i, e := range meant(d) {
			if e.Type == typeAsk || e.Type == typeMark || last[e.Key] != e.Sequence {
				continue
			}
			value, at, err := c.valueAt(e.Key)
			if err == nil && later(&e, at) {
				continue
			}
			e.Stream, e.Key, e.Data = c.name, strings.Clone(e.Key), value
			if !yield(i, worthy{e, err}) || err != nil {
				return
			}
		}
	}
}

// valueAt is the JSON of a key's value, none when it has none, and the place that touched it last.
func (c *collection) valueAt(key string) ([]byte, crdt.Place, error) {
	d, now := c.definition(), c.k.opts.Now().UnixNano()
	p := c.partOf(key)
	p.mu.Lock()
	defer p.mu.Unlock()
	e, ok, err := p.state.Entry(key)
	if err != nil || !ok {
		return nil, crdt.Place{}, err
	}
	return d.show(&e, now).Value, e.Last, nil
}

// sharedSlot is the form of a run of the hidden stream that holds its shared.
const sharedSlot = 0

// shared is what a run of the hidden stream is worth to all who watch the whole collection: found out
// for the first of them. For the others it may be older than what the values are, but not than what
// the cursor after it covers; what has come since has its own events.
type shared struct {
	mu  sync.Mutex
	of  *collection
	run *valueRun // nil if it is too large to be kept with the run
}

// sharedRun gives what is shared of a delivery; nil if it is not whole, or too large.
func sharedRun(c *collection, d *edged.Delivery) *valueRun {
	if d.From > 0 || d.Picks != nil || d.To < d.Run.Len() {
		return nil
	}
	of := d.Run.Form(sharedSlot, func() any { return new(shared) }).(*shared)
	of.mu.Lock()
	defer of.mu.Unlock()
	if of.of == nil {
		of.of, of.run = c, makeShared(c, d)
	}
	if of.of != c {
		return nil
	}
	return of.run
}

func makeShared(c *collection, d *edged.Delivery) *valueRun {
	run := &valueRun{name: d.Run.Name(), base: d.Run.Base()}
	most := 2<<10 + 2*d.Run.Bytes()
	for _, e := range worth(c, d) {
		if e.err != nil {
			return nil
		}
		if run.add(e.Event); run.bytes > most {
			return nil
		}
	}
	return run
}
