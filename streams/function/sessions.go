package function

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"

	"github.com/edgedhq/edged/streams/window"
)

// lookSessions closes the sessions that can be.
func (v *view) lookSessions(s *snapshot, sources []window.Source, b *batch) error {
	for _, group := range slices.Sorted(maps.Keys(v.active)) {
		if err := v.closeSessions(s, group, sources, b); err != nil {
			return err
		}
	}
	return nil
}

// keepSessions keeps the rows of the sessions that are sealed, and gives the end up to which all are.
func (v *view) keepSessions(s *snapshot, sources []window.Source, b *batch) (sealed int64, err error) {
	sealed = sealedBy(v.q.spec(), sources)
	for _, group := range slices.Sorted(maps.Keys(v.shut)) {
		v.backSessions(group, sources)
		if err := v.sealGroup(s, group, sealed, sources, b); err != nil {
			return 0, err
		}
	}
	return sealed, nil
}

// backSessions notes that somebody who was excluded from a closed session of a group is back.
func (v *view) backSessions(group string, sources []window.Source) {
	for start, at := range v.shut[group] { // each its own: any order
		if at.left == 0 {
			continue
		}
		if left := v.q.spec().Left(window.Span{Start: start, End: at.end}, sources, at.excluded); len(left) != at.left {
			at.left = len(left)
			v.dirtyOf[group] = true
		}
	}
}

// closeSessions closes those sessions of a group that every source is past.
func (v *view) closeSessions(s *snapshot, group string, sources []window.Source, b *batch) error {
	spec := v.q.spec()
	if err := v.gather.sessions(s, group); err != nil {
		return err
	}
	waiting := false
	all := v.gather.groups
	defer func() { v.gather.groups = all }()
	for i := range all {
		w := all[i].Window
		at := v.shut[group][w.Start]
		if at != nil && at.end == w.End {
			continue
		}
		closed, excluded := spec.Close(w, sources, v.plan.Options.ExcludeAfter)
		if !closed {
			waiting = true
			continue
		}
		v.dirtyOf[group] = true
		if at != nil { // it has grown since its first close
			at.end = w.End
			b.put(closedKey(v.id, openSession(w.Start), group), at.append(nil))
			continue
		}
		at = &closing{excluded: excluded, end: w.End, left: len(excluded)}
		v.shutAt(group, w.Start, at)
		v.gather.groups = all[i : i+1]
		v.gather.byKey[group] = 0
		for _, l := range v.present(v.gather) {
			k := kept{sum: l.sum, revision: l.revision}
			b.put(rowKey(v.id, &l, false), k.append(nil))
		}
		b.put(closedKey(v.id, openSession(w.Start), group), at.append(nil))
	}
	if !waiting {
		delete(v.active, group)
	}
	return nil
}

// openSession is the span by which a session is known until it is sealed: its end may grow.
func openSession(start int64) window.Span { return window.Span{Start: start, End: noTime} }

// sealGroup keeps the rows of those closed sessions of a group that end by a time for good.
func (v *view) sealGroup(s *snapshot, group string, sealed int64, sources []window.Source, b *batch) error {
	due := false
	for _, at := range v.shut[group] { // whether there is one, and counts: any order
		due = due || at.end <= sealed
	}
	if !due || sealed == window.Unknown {
		return nil
	}
	lines, err := v.sessionLines(s, v.gather, group, sources)
	if err != nil {
		return err
	}
	for i := range lines {
		if l := &lines[i]; l.End <= sealed && l.status != window.Provisional {
			k := kept{
				sum: l.sum, revision: l.revision, sealed: true, revised: l.status == window.Revised,
				excluded: l.excluded, columns: l.columns,
			}
			b.put(rowKey(v.id, l, true), k.append(nil))
		}
	}
	for start, at := range v.shut[group] { // each key once: any order
		if at.end <= sealed {
			delete(v.shut[group], start)
			b.put(closedKey(v.id, openSession(start), group), nil)
			b.put(rowKey(v.id, &line{Span: window.Span{Start: start}, group: group}, false), nil)
		}
	}
	if len(v.shut[group]) == 0 {
		delete(v.shut, group)
	}
	return nil
}

// sealSessions drops the fragments of sessions that end by a time; from then on nothing that early is
// folded any more.
func (q *query) sealSessions(ctx context.Context, sealed int64) error {
	const step = 1_000_000_000 // a look at all groups costs, so there is one a second of event time at most
	if sealed < q.core.sealed+step && q.core.sealed != noTime {
		return nil
	}
	if sealed = q.everywhere(sealed); sealed <= q.core.sealed {
		return nil
	}
	s, err := q.snapshot()
	if err != nil {
		return err
	}
	defer s.close()
	gone, err := q.sealedFragments(s, sealed)
	if err != nil {
		return err
	}
	b := &batch{}
	q.mu.Lock()
	for key, spans := range gone { // each key once: any order
		if err := q.dropFragments(b, key, spans); err != nil {
			q.mu.Unlock()
			return err
		}
	}
	q.mu.Unlock()
	if err := q.r.store.Commit(ctx, b.all()); err != nil {
		return err
	}
	return q.nothingBelow(ctx, sealed)
}

// sealedFragments finds the fragments of sessions that end by a time, by the keys of their cells.
func (q *query) sealedFragments(s *snapshot, sealed int64) (map[string][]window.Fragment, error) {
	gone := map[string][]window.Fragment{}
	prefix := keyOf(nil, tagSession, q.id)
	group, keys, pieces := "", []string(nil), []window.Piece(nil)
	settle := func() {
		for _, j := range q.spec().Join(nil, pieces) {
			if j.End > sealed {
				continue
			}
			for _, p := range pieces[j.From:j.To] {
				gone[keys[p.Log]] = append(gone[keys[p.Log]], p.Fragment)
			}
		}
		keys, pieces = keys[:0], pieces[:0]
	}
	var torn error
	err := s.scan(prefix, after(prefix), func(key, value []byte) bool {
		if of := string(key[len(prefix) : len(key)-sourceSize]); of != group {
			settle()
			group = of
		}
		r := scanner{rest: value}
		for _, f := range r.fragments(nil) {
			pieces = append(pieces, window.Piece{Fragment: f.Fragment, Log: len(keys)})
		}
		keys = append(keys, string(key))
		torn = r.err
		return torn == nil
	})
	settle()
	return gone, orErr(err, torn)
}

// dropFragments takes fragments out of a cell, in the store and in memory. The caller holds mu.
func (q *query) dropFragments(b *batch, key string, gone []window.Fragment) error {
	value, err := q.r.store.Get([]byte(key))
	if err != nil || value == nil {
		return err
	}
	r := scanner{rest: value}
	var left []byte
	for _, f := range r.fragments(nil) {
		if !slices.Contains(gone, f.Fragment) {
			left = appendFragment(left, f.Fragment, &f.stand, f.content)
		}
	}
	if r.err != nil {
		return r.err
	}
	b.put([]byte(key), left) // nil deletes it
	s := readSource([]byte(key[len(key)-sourceSize:]))
	l := q.core.lanes[s]
	if l == nil {
		return nil
	}
	group := []byte(key[1+idSize : len(key)-sourceSize])
	i := q.core.table.find(q.core.table.hashOf(l, 0, group), l, 0, group)
	if i < 0 {
		return nil
	}
	h := &q.core.table.all[i]
	for at := len(h.spans) - 1; at >= 0; at-- {
		if slices.Contains(gone, h.spans[at]) {
			q.core.cells.Remove(h.parts[at].place)
			h.spans, h.parts = slices.Delete(h.spans, at, at+1), slices.Delete(h.parts, at, at+1)
		}
	}
	return nil
}

// sealedBy is the time up to which no window that ended by then can change any more.
func sealedBy(spec *window.Spec, sources []window.Source) int64 {
	mark := window.Watermark(sources, nil)
	for i := range sources {
		if !sources[i].Bounded && !sources[i].Sealed {
			return window.Unknown
		}
	}
	behind := spec.Lateness + spec.ReviseWithin
	if mark == window.Unknown || mark == math.MaxInt64 || mark < math.MinInt64+behind {
		return window.Unknown
	}
	return mark - behind
}

// keepSealed adds to the fragments that another node tells of those that it has let go already, of
// sessions that this node has still to seal.
func (q *query) keepSealed(there, value []byte, dropped int64) ([]byte, error) {
	was, now := scanner{rest: there}, scanner{rest: value}
	all := now.fragments(nil)
	told := len(all)
	for _, f := range was.fragments(nil) {
		again := slices.ContainsFunc(all[:told], func(g fragment) bool { return g.Start <= f.Last && f.Start <= g.Last })
		if !again && f.Last+q.spec().Gap <= dropped {
			all = append(all, f)
		}
	}
	if err := orErr(was.err, now.err); err != nil || len(all) == told {
		return value, err
	}
	slices.SortFunc(all, func(a, b fragment) int { return cmp.Compare(a.Start, b.Start) })
	var out []byte
	for i := range all {
		out = appendFragment(out, all[i].Fragment, &all[i].stand, all[i].content)
	}
	return out, nil
}
