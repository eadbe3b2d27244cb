package function

import (
	"context"
	"errors"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/window"
)

// merger takes in what other nodes folded of their logs, and tells them of own ones.
type merger struct {
	telling telling
	feed    edged.Feed
	page    []edged.Delivery
	parts   map[edged.OriginID][]record // of records whose last part has not come, by who wrote them
	skipped int64                       // records that cannot be read
}

// merge takes in the records that wait, and says whether there may be more.
func (q *query) merge(ctx context.Context) (more bool, err error) {
	m := q.merger
	if m.feed == nil {
		if err := q.followPartials(); err != nil {
			return false, err
		}
	}
	if m.page, err = m.feed.Next(m.page[:0], readMax, 1<<16); err != nil {
		m.feed.Close()
		m.feed = nil
		if errors.Is(err, edged.StreamNotFound) {
			return false, nil
		}
		return false, err
	}
	if len(m.page) == 0 {
		return false, nil
	}
	batch := newIntake(q)
	own := q.r.catalog.Origin().ID
	for i := range m.page {
		d := &m.page[i]
		if d.Notice != nil && d.Notice.Op == "deleted" {
			return true, q.unfollowPartials(ctx)
		}
		if d.Run == nil || d.Run.Name().Origin.ID == own {
			continue
		}
		for _, e := range d.Run.Events(d.From, d.To) {
			rec, err := readRecord(e.Data)
			if err != nil {
				m.skipped++
				continue
			}
			if err := batch.take(e.Origin.ID, rec); err != nil {
				return false, err
			}
		}
	}
	clear(m.page)
	return true, batch.commit(ctx)
}

// followPartials opens the reader of all nodes' partials, behind what has been merged.
func (q *query) followPartials() error {
	stream := edged.PartialsStream(q.id.String())
	at := edged.Start{Kind: edged.Earliest}
	kept, err := q.r.store.Get(keyOf(nil, tagMerged, q.id))
	if err != nil {
		return err
	}
	if kept != nil {
		if c, err := edged.ParseCursor(string(kept)); err == nil {
			at = edged.Start{Kind: edged.AtCursorOrGap, Cursor: c}
		}
	}
	q.merger.parts = map[edged.OriginID][]record{}
	q.merger.feed, err = q.r.journal.Follow(edged.Query{Stream: stream, Start: at, Await: true}, q.wake)
	return err
}

// unfollowPartials begins anew with the next generation of the stream.
func (q *query) unfollowPartials(ctx context.Context) error {
	q.merger.feed.Close()
	q.merger.feed = nil
	return q.r.store.Commit(ctx, func(yield func(key, value []byte) bool) {
		yield(keyOf(nil, tagMerged, q.id), nil)
	})
}

// intake is what one page of records changes.
type intake struct {
	q     *query
	puts  map[string][]byte // by key
	order []string
	tails map[source]*tail
	wake  []string // groups or slices that changed, as suffixes of keys
}

func newIntake(q *query) *intake {
	return &intake{q: q, puts: map[string][]byte{}, tails: map[source]*tail{}}
}

// partsMax bounds the parts of one record that are kept until the last one comes: about 1 GiB of cells.
const partsMax = 4096

// take takes one record in, once its last part is there.
func (b *intake) take(writer edged.OriginID, rec record) error {
	m := b.q.merger
	waiting := m.parts[writer]
	if rec.Part != len(waiting) || rec.Part > 0 && waiting[0].source != rec.source {
		delete(m.parts, writer) // the beginning is gone: one that tells all comes
		if rec.Part > 0 {
			return nil
		}
		waiting = nil
	}
	if waiting = append(waiting, rec); len(waiting) > partsMax {
		delete(m.parts, writer)
		m.skipped++
		return nil
	}
	if rec.Part < rec.Parts-1 {
		m.parts[writer] = waiting
		return nil
	}
	delete(m.parts, writer)
	return b.merge(waiting)
}

// merge lays the cells of a whole record over those that are there, if it goes on where they end.
func (b *intake) merge(parts []record) error {
	rec := &parts[0]
	at := b.tail(rec.source)
	if b.q.core.lanes[rec.source] != nil {
		return nil // this node folds the log itself
	}
	if rec.Since > at.Position || rec.Position < at.Position {
		return nil
	}
	if rec.Position == at.Position && rec.From >= at.From && at.From > 0 {
		return nil
	}
	for i := range parts {
		err := parts[i].cells(func(suffix, value []byte) error { return b.cell(rec, suffix, value) })
		if err != nil {
			b.q.merger.skipped++
			return nil
		}
	}
	counts := rec.tail
	b.tails[rec.source] = &counts
	return nil
}

// tail is how far a log is merged, this intake included.
func (b *intake) tail(s source) tail {
	if t := b.tails[s]; t != nil {
		return *t
	}
	b.q.mu.Lock()
	defer b.q.mu.Unlock()
	if t := b.q.tails[s]; t != nil {
		return *t
	}
	return tail{}
}

// cell takes one cell if it is the fold of a longer stretch than the one that is there.
func (b *intake) cell(rec *record, suffix, value []byte) error {
	now, err := b.q.standOf(value)
	if err != nil {
		return err
	}
	if b.q.windowed() {
		if len(suffix) < 8 {
			return errTorn
		}
		if readTime(suffix) <= b.q.core.sealed {
			return nil
		}
	}
	key := string(rec.source.append(append(keyOf(nil, b.q.tag(), b.q.id), suffix...)))
	there, known := b.puts[key]
	if !known {
		if there, err = b.q.r.store.Get([]byte(key)); err != nil {
			return err
		}
	}
	if there != nil {
		was, err := b.q.standOf(there)
		if err == nil && !now.wins(&was) {
			return nil
		}
	}
	if !known {
		b.order = append(b.order, key)
	}
	if value = append([]byte(nil), value...); b.q.spec().Kind == window.Session && there != nil {
		if value, err = b.q.keepSealed(there, value, rec.Dropped); err != nil {
			return err
		}
	}
	b.puts[key] = value
	b.wake = append(b.wake, string(suffix))
	return nil
}

// commit writes what was taken in, with the place after it. While parts of a record wait the place
// stays, so that they are read again after a crash.
func (b *intake) commit(ctx context.Context) error {
	q := b.q
	cursor := q.merger.feed.Cursor().String()
	done := len(q.merger.parts) == 0
	err := q.r.store.Commit(ctx, func(yield func(key, value []byte) bool) {
		for _, k := range b.order {
			if !yield([]byte(k), b.puts[k]) {
				return
			}
		}
		for s, t := range b.tails { // each key once: any order
			if !yield(s.append(keyOf(nil, tagTail, q.id)), t.append(nil)) {
				return
			}
		}
		if done {
			yield(keyOf(nil, tagMerged, q.id), []byte(cursor))
		}
	})
	if err != nil {
		q.merger.feed.Close()
		q.merger.feed = nil // read again from what is kept
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for s, t := range b.tails {
		q.tails[s] = t
	}
	for _, suffix := range b.wake {
		if q.windowed() {
			q.touched[readTime([]byte(suffix))] = true
		} else {
			q.groups[suffix] = true
		}
	}
	return nil
}
