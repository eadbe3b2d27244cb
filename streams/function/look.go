package function

import (
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/window"
)

// look takes what has changed to the views: windows close and are sealed, rows are sent.
func (q *query) look(ctx context.Context) error {
	q.mu.Lock()
	touched, groups := q.touched, q.groups
	q.touched, q.groups = map[int64]bool{}, map[string]bool{}
	views := slices.Collect(maps.Keys(q.views)) // each on its own: any order
	q.mu.Unlock()
	all, err := q.standings()
	if err != nil {
		return err
	}
	s, err := q.snapshot()
	if err != nil {
		return err
	}
	defer s.close()
	sources := sourcesOf(all)
	sealed := window.Unknown
	for i, v := range views {
		v.touch(touched, groups)
		end, err := v.look(ctx, s, all, sources)
		if err != nil {
			return err
		}
		if i == 0 || end < sealed {
			sealed = end
		}
	}
	return q.seal(ctx, sealed)
}

// touch notes what has changed.
func (v *view) touch(slices map[int64]bool, groups map[string]bool) {
	var spans []window.Span
	for end := range slices { // sets of windows: any order
		spans = v.q.spec().Windows(spans[:0], v.q.spec().Slice(end-1))
		for _, w := range spans {
			if w.End <= v.sealedTo {
				continue // its rows stay: what is new in the slice counts in later windows
			}
			if v.dirty[w] = true; v.closed[w] == nil {
				v.open[w] = true
			}
		}
	}
	for g := range groups {
		v.dirtyOf[g] = true
		if v.q.spec().Kind == window.Session {
			v.active[g] = true
		}
	}
}

// look closes and seals the windows that can be, and sends rows. It gives the end up to which all
// windows are sealed.
func (v *view) look(ctx context.Context, s *snapshot, all []standing, sources []window.Source) (sealed int64, err error) {
	b := &batch{}
	sealed = window.Unknown
	switch {
	case v.windowed():
		sealed, err = v.lookWindows(s, sources, b)
	case v.windows():
		err = v.lookSessions(s, sources, b)
	}
	if err != nil {
		return sealed, err
	}
	if len(b.puts) > 0 { // what closed is sent as closed
		if err := v.q.r.store.Commit(ctx, b.all()); err != nil {
			return sealed, err
		}
		if s, err = v.q.snapshot(); err != nil {
			return sealed, err
		}
		defer s.close()
	}
	b = &batch{}
	if v.q.spec().Kind == window.Session {
		if sealed, err = v.keepSessions(s, sources, b); err != nil {
			return sealed, err
		}
	}
	if err := v.retain(s, sources); err != nil {
		return sealed, err
	}
	if err := v.recheck(s, all); err != nil {
		return sealed, err
	}
	if err := v.send(s, all, sources, b); err != nil || len(b.puts) == 0 {
		return sealed, err
	}
	return sealed, v.q.r.store.Commit(ctx, b.all(), b.pubs...)
}

// lookWindows closes and seals windows of slices, the earliest first.
func (v *view) lookWindows(s *snapshot, sources []window.Source, b *batch) (sealed int64, err error) {
	spec := v.q.spec()
	for _, w := range ordered(v.open) {
		closed, excluded := spec.Close(w, sources, v.plan.Options.ExcludeAfter)
		if !closed {
			continue
		}
		at := &closing{excluded: excluded, end: w.End}
		if err := v.close(s, w, at, b); err != nil {
			return 0, err
		}
		delete(v.open, w)
		v.closed[w] = at
		v.dirty[w] = true
	}
	sealed = window.Unknown
	for _, w := range ordered(v.closed) {
		at := v.closed[w]
		if len(at.excluded) > 0 { // it may be back, and then the rows say so
			if left := spec.Left(w, sources, at.excluded); len(left) != at.left {
				at.left = len(left)
				v.dirty[w] = true
			}
		}
		if !spec.SealedAt(w, sources) {
			break
		}
		if err := v.sealWindow(s, w, at, sources, b); err != nil {
			return 0, err
		}
		delete(v.closed, w)
		v.sealedTo = max(v.sealedTo, w.End)
		v.board.forget(string(appendTime(appendTime(nil, w.End), w.Start)))
		sealed = w.End
	}
	for w := range v.open {
		sealed = min(sealed, w.Start)
	}
	return sealed, nil
}

// ordered are windows in the order of their ends.
func ordered[V any](set map[window.Span]V) []window.Span {
	all := slices.Collect(maps.Keys(set))
	slices.SortFunc(all, func(a, b window.Span) int {
		if a.End != b.End {
			return int(min(1, max(-1, a.End-b.End)))
		}
		return int(min(1, max(-1, a.Start-b.Start)))
	})
	return all
}

// close keeps the rows of a window as they are at its first close.
func (v *view) close(s *snapshot, w window.Span, at *closing, b *batch) error {
	at.left = len(at.excluded)
	if err := v.gather.window(s, w); err != nil {
		return err
	}
	for _, l := range v.present(v.gather) {
		k := kept{sum: l.sum, revision: l.revision}
		b.put(rowKey(v.id, &l, true), k.append(nil))
	}
	b.put(closedKey(v.id, w, ""), at.append(nil))
	return nil
}

// sealWindow keeps the rows of a window for good: its cells may go.
func (v *view) sealWindow(s *snapshot, w window.Span, at *closing, sources []window.Source, b *batch) error {
	lines, err := v.lines(s, v.gather, w, sources)
	if err != nil {
		return err
	}
	for i := range lines {
		l := &lines[i]
		k := kept{
			sum: l.sum, revision: l.revision, sealed: true, revised: l.status == window.Revised,
			excluded: l.excluded, columns: l.columns,
		}
		b.put(rowKey(v.id, l, true), k.append(nil))
	}
	at.sealed = true
	b.put(closedKey(v.id, w, ""), at.append(nil))
	return nil
}

// seal drops what no window needs any more.
func (q *query) seal(ctx context.Context, sealed int64) error {
	switch {
	case sealed == window.Unknown:
		return nil
	case q.spec().Kind == window.Session:
		return q.sealSessions(ctx, sealed)
	case !q.windowed():
		return nil
	}
	needed := q.spec().Needed(sealed)
	if needed == window.Unknown || needed <= q.core.sealed {
		return nil
	}
	if needed = q.everywhere(needed); needed <= q.core.sealed {
		return nil
	}
	prefix := keyOf(nil, tagCell, q.id)
	if err := q.r.store.Drop(prefix, appendTime(prefix[:len(prefix):len(prefix)], needed+1)); err != nil {
		return err
	}
	return q.nothingBelow(ctx, needed)
}

// nothingBelow keeps a time up to which nothing is folded any more.
func (q *query) nothingBelow(ctx context.Context, end int64) error {
	q.mu.Lock()
	q.core.sealed = max(q.core.sealed, end)
	end = q.core.sealed
	q.mu.Unlock()
	return q.r.store.Commit(ctx, func(yield func(key, value []byte) bool) {
		yield(keyOf(nil, tagSealed, q.id), appendTime(nil, end))
	})
}

// batch is what one look writes.
type batch struct {
	puts [][2][]byte
	pubs []*edged.Publication
}

func (b *batch) put(key, value []byte) { b.puts = append(b.puts, [2][]byte{key, value}) }

func (b *batch) all() iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		for _, p := range b.puts {
			if !yield(p[0], p[1]) {
				return
			}
		}
	}
}
