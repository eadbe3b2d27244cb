package function

import (
	"bytes"
	"context"
	"errors"
	"iter"

	"github.com/edgedhq/edged"
)

// flight is what a query per event made, on its way to the disk with the position after it while the
// query goes on. One is under way at a time.
//
//	outputs ──depart──▶ flight ──commit──▶ stored
//	                      │ ▲
//	              refused └─┘ again, at the next departure
//
// A commit whose end is not known (AckTimeout: the query was stopped meanwhile) is never made again:
// the position in the store says how it ended.
type flight struct {
	outputs
	tails   [][2][]byte // keys and values
	pubs    []*edged.Publication
	landed  chan error // of the commit that is under way; nil when there is none
	refused bool       // it waits to be made again
	unknown bool       // whether it is stored
}

// puts are the pairs that go with the outputs.
func (f *flight) puts() iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		for _, p := range f.tails {
			if !yield(p[0], p[1]) {
				return
			}
		}
	}
}

// leave begins the commit.
func (f *flight) leave(ctx context.Context, store Store) {
	f.landed = make(chan error, 1)
	go func() { f.landed <- store.Commit(ctx, f.puts(), f.pubs...) }() // it ends before land does
}

// land waits for the commit that is under way.
func (f *flight) land() error {
	if f.landed == nil {
		return nil
	}
	err := <-f.landed
	f.landed = nil
	f.refused, f.unknown = err != nil, errors.Is(err, edged.AckTimeout)
	return err
}

// depart sends what was made since the last departure, with the position, once what left before has
// arrived. What was refused goes again first.
func (q *query) depart(ctx context.Context, news bool) error {
	m := q.mapper
	f := &m.away
	if err := f.land(); err != nil || f.unknown {
		return err
	}
	if f.refused {
		f.leave(ctx, q.r.store)
		if err := f.land(); err != nil {
			return err
		}
	}
	if !news {
		return nil
	}
	f.reset()
	f.outputs, m.outputs = m.outputs, f.outputs
	f.pubs, f.tails = q.publications(f.drafts), f.tails[:0]
	for key, value := range q.changes() {
		f.tails = append(f.tails, [2][]byte{bytes.Clone(key), bytes.Clone(value)})
	}
	q.late = nil
	q.mu.Lock()
	q.waiting = 0
	q.mu.Unlock()
	f.leave(ctx, q.r.store)
	return nil
}
