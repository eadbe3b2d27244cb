package function

import (
	"context"
	"iter"
	"slices"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/window"
)

// outlet is an event on its way to another stream.
type outlet struct {
	stream string
	draft  edged.Draft
}

// flush writes what has changed since the last one, and appends what is on its way out, in one
// group: a crash leaves all of it, or none.
func (q *query) flush(ctx context.Context) error {
	q.mu.Lock()
	dirty := len(q.core.table.dirty) > 0 || q.waiting > 0
	q.mu.Unlock()
	if q.mapper != nil {
		return q.depart(ctx, dirty)
	}
	if !dirty && len(q.late) == 0 {
		return nil
	}
	err := q.r.store.Commit(ctx, q.changes(), q.publications(nil)...)
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, i := range q.core.table.dirty {
		h := &q.core.table.all[i]
		h.dirty = false
		q.touch(h.slice, h.group)
		q.noteChanged(h)
	}
	q.core.table.dirty = q.core.table.dirty[:0]
	q.late, q.waiting = q.late[:0], 0
	q.release()
	return nil
}

// changes are the keys to write: of cells and of own tails.
func (q *query) changes() iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		var key, value []byte
		for _, i := range q.core.table.dirty {
			h := &q.core.table.all[i]
			key, value = q.cellKey(key[:0], h), q.appendCell(value[:0], h)
			if !yield(key, value) {
				return
			}
		}
		for s, l := range q.core.lanes { // each key once: any order
			key = s.append(keyOf(key[:0], tagTail, q.id))
			value = l.tail.append(value[:0])
			if !yield(key, value) {
				return
			}
		}
	}
}

// publications are the events on their way out, a stream at a time; drafts are those for into. They
// go with the position after what they are made of, so none of them is ever made twice.
func (q *query) publications(drafts []edged.Draft) []*edged.Publication {
	var pubs []*edged.Publication
	if len(drafts) > 0 {
		pubs = append(pubs, &edged.Publication{Stream: q.plan.Options.Into, Drafts: drafts, Fresh: true})
	}
	for _, o := range q.late {
		i := slices.IndexFunc(pubs, func(p *edged.Publication) bool { return p.Stream == o.stream })
		if i < 0 {
			i = len(pubs)
			pubs = append(pubs, &edged.Publication{Stream: o.stream, Fresh: true})
		}
		pubs[i].Drafts = append(pubs[i].Drafts, o.draft)
	}
	return pubs
}

// touch notes that a slice, or a group of a view or of sessions, is not as the views showed it. The
// caller holds mu.
func (q *query) touch(slice int64, group string) {
	if q.core.spec.Kind == window.None || q.core.spec.Kind == window.Session {
		q.groups[group] = true
		return
	}
	q.touched[slice] = true
}
