package function

import (
	"encoding/binary"

	"github.com/edgedhq/edged/streams/window"
)

// load looks for a group of an own log in the store: of windows the whole slice at once, when the
// first of its groups is met. It gives -1 if there is none.
func (q *query) load(l *lane, slice int64, group []byte, hash uint64) (int32, error) {
	switch q.core.spec.Kind {
	case window.None, window.Session:
		return q.loadGroup(l, group, hash)
	}
	if _, known := l.groups[slice]; known {
		return -1, nil
	}
	l.groups[slice] = 0
	prefix := appendTime(keyOf(nil, tagCell, q.id), slice)
	var torn error
	err := q.r.store.Scan(prefix, after(prefix), func(key, value []byte) bool {
		if readSource(key[len(key)-sourceSize:]) != l.source {
			return true
		}
		r := scanner{rest: value}
		h := held{
			stand: r.stand(), lane: l, slice: slice, group: string(key[len(prefix) : len(key)-sourceSize]), last: noTime,
			place: q.core.cells.Add(),
		}
		h.hash = q.core.table.hashOf(l, slice, []byte(h.group))
		if torn = orErr(r.err, q.core.cells.Load(h.place, r.rest)); torn != nil {
			return false
		}
		l.groups[slice]++
		q.core.table.add(h)
		return true
	})
	if err = orErr(err, torn); err != nil {
		return -1, err
	}
	return q.core.table.find(hash, l, slice, group), nil
}

// loadGroup looks for one group of a view or of sessions.
func (q *query) loadGroup(l *lane, group []byte, hash uint64) (int32, error) {
	value, err := q.r.store.Get(l.source.append(append(keyOf(nil, q.tag(), q.id), group...)))
	if err != nil || value == nil {
		return -1, err
	}
	r := scanner{rest: value}
	h := held{lane: l, group: string(group), hash: hash, last: noTime}
	if q.core.spec.Kind == window.None {
		h.last = r.varint()
		h.stand = r.stand()
		h.place = q.core.cells.Add()
		if err := orErr(r.err, q.core.cells.Load(h.place, r.rest)); err != nil {
			return -1, err
		}
		return q.core.table.add(h), nil
	}
	for _, f := range r.fragments(nil) {
		p := part{stand: f.stand, place: q.core.cells.Add()}
		if err := q.core.cells.Load(p.place, f.content); err != nil {
			return -1, err
		}
		h.spans, h.parts = append(h.spans, f.Fragment), append(h.parts, p)
	}
	if r.err != nil {
		return -1, r.err
	}
	return q.core.table.add(h), nil
}

// tag begins the keys of the query's cells.
func (q *query) tag() byte {
	switch q.core.spec.Kind {
	case window.None:
		return tagView
	case window.Session:
		return tagSession
	}
	return tagCell
}

// cellKey is the key of what is held.
func (q *query) cellKey(dst []byte, h *held) []byte {
	dst = keyOf(dst, q.tag(), q.id)
	if q.windowed() {
		dst = appendTime(dst, h.slice)
	}
	return h.lane.source.append(append(dst, h.group...))
}

// appendCell writes what is held as the store and records keep it.
func (q *query) appendCell(dst []byte, h *held) []byte {
	cells := q.core.cells
	switch q.core.spec.Kind {
	case window.Session:
		var content []byte
		for i := range h.parts {
			content = cells.Append(content[:0], h.parts[i].place)
			dst = appendFragment(dst, h.spans[i], &h.parts[i].stand, content)
		}
		return dst
	case window.None:
		return cells.Append(h.stand.append(binary.AppendVarint(dst, h.last)), h.place)
	}
	return cells.Append(h.stand.append(dst), h.place)
}

// standOf reads how long a stretch of its log a stored cell is the fold of.
func (q *query) standOf(value []byte) (s stand, err error) {
	r := scanner{rest: value}
	switch q.core.spec.Kind {
	case window.Session:
		for len(r.rest) > 0 && r.err == nil {
			r.varint()
			r.varint()
			f := r.stand()
			r.bytes()
			if f.wins(&s) {
				s = f
			}
		}
		return s, r.err
	case window.None:
		r.varint()
	}
	s = r.stand()
	return s, r.err
}

// release forgets what is in memory and in the store alike, of slices that no event on time can
// still touch, and of anything once there is too much.
func (q *query) release() {
	crowded := q.core.cells != nil && q.core.cells.Bytes() > q.r.opts.CellBytes
	done := func(h *held) bool {
		return q.windowed() && h.lane.Progress.Bounded && h.lane.Progress.Verdict(q.core.spec, h.slice) != window.OnTime
	}
	due := crowded
	for i := range min(len(q.core.table.all), 16) {
		due = due || done(&q.core.table.all[i])
	}
	if !due {
		return
	}
	q.core.table.keep(func(h *held) bool { return !crowded && !done(h) }, func(h *held) {
		if q.core.spec.Kind == window.Session {
			for i := range h.parts {
				q.core.cells.Remove(h.parts[i].place)
			}
		} else {
			q.core.cells.Remove(h.place)
		}
		delete(h.lane.groups, h.slice) // it is loaded anew if an event comes late
	})
}

func (q *query) windowed() bool {
	return q.core.spec.Kind != window.None && q.core.spec.Kind != window.Session
}
