package function

import (
	"slices"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/window"
)

// attach adds a view to a query.
func (q *query) attach(v *view) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.views[v] = true
	q.outlets()
}

// detach takes a view from its query; those who watch are told why, or that the rows are others now.
func (v *view) detach(why error) {
	q := v.q
	q.mu.Lock()
	delete(q.views, v)
	if len(q.views) == 0 {
		q.unused = q.r.opts.Now()
	}
	q.outlets()
	q.mu.Unlock()
	if why == nil {
		why = replaced()
	}
	v.board.end(why)
}

// replaced ends the feeds of a view whose function shows another query now: they go on from there.
func replaced() error {
	return edged.Refuse(edged.Unavailable, "the function was replaced; read its rows again")
}

// outlets gathers where late and failed events go. The caller holds mu.
func (q *query) outlets() {
	q.lateTo, q.deadTo = nil, nil
	for v := range q.views {
		if s := v.plan.Options.Late; s != "" {
			q.lateTo = append(q.lateTo, s)
		}
		if s := v.plan.Options.Dead; s != "" {
			q.deadTo = append(q.deadTo, s)
		}
	}
	for _, list := range []*[]string{&q.lateTo, &q.deadTo} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
}

// continues takes up the positions of the query that this one replaces.
func (q *query) continues(old *query) {
	old.mu.Lock()
	defer old.mu.Unlock()
	for s, l := range old.core.lanes { // each its own: any order
		for _, in := range q.inputs {
			if in.stream == old.inputs[s.Input].stream {
				to := s
				to.Input = in.number
				q.core.lane(to).tail = tail{From: l.From, Position: l.Position, Progress: l.Progress, Newest: l.Newest, Generation: l.Generation}
			}
		}
	}
}

// restore takes up which windows are open, and which have closed and are not sealed.
func (v *view) restore() error {
	if v.layout == nil || !v.windows() {
		return nil
	}
	s, err := v.q.snapshot()
	if err != nil {
		return err
	}
	defer s.close()
	prefix := keyOf(nil, tagClosed, v.id)
	var torn error
	err = s.scan(prefix, after(prefix), func(key, value []byte) bool {
		key = key[len(prefix):]
		var at *closing
		if at, torn = readClosing(value); torn != nil {
			return false
		}
		at.left = len(at.excluded)
		w := window.Span{End: readTime(key), Start: readTime(key[8:])}
		switch {
		case !v.windowed():
			v.shutAt(string(key[16:]), w.Start, at)
		case !at.sealed:
			v.closed[w] = at
		default:
			v.sealed[w] = true
			v.sealedTo = max(v.sealedTo, w.End)
		}
		return true
	})
	if err = orErr(err, torn); err != nil {
		return err
	}
	if err := v.reopen(s); err != nil {
		return err
	}
	v.doubt()
	return nil
}

// reopen takes up which windows, and which groups with sessions, are still to close.
func (v *view) reopen(s *snapshot) error {
	if !v.windowed() {
		groups, err := v.groupsOf(s)
		for _, group := range groups {
			v.active[group] = true
		}
		return err
	}
	spans, err := v.spans(s)
	for _, w := range spans {
		if v.closed[w] == nil && !v.sealed[w] {
			v.open[w] = true
		}
	}
	clear(v.sealed)
	return err
}

// doubt makes dirty all that is not sealed: before a crash it may have changed and not been sent.
func (v *view) doubt() {
	for w := range v.open { // sets: any order
		v.dirty[w] = true
	}
	for w := range v.closed {
		v.dirty[w] = true
	}
	for group := range v.active {
		v.dirtyOf[group] = true
	}
	for group := range v.shut {
		v.dirtyOf[group] = true
	}
}

// shutAt notes that a session of a group has closed.
func (v *view) shutAt(group string, start int64, at *closing) {
	if v.shut[group] == nil {
		v.shut[group] = map[int64]*closing{}
	}
	v.shut[group][start] = at
}

// generation stands for the query in cursors: one of another query is none of this.
func (v *view) generation() edged.Generation {
	g := edged.Generation(0)
	for _, b := range v.q.id[:8] {
		g = g<<8 | edged.Generation(b)
	}
	return g>>1 | 1
}
