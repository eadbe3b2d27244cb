package collectionstest

import (
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/edgedhq/edged"
)

// feed is a reader's place: a vector.
type feed struct {
	node   *Node
	query  edged.Query
	wake   func()
	of     *stream // nil while it is awaited
	vector edged.Vector
	closed bool
	told   bool // of the deletion
}

// Follow opens a reader's place. A cursor whose events are retired is refused, or taken up with a gap.
func (n *Node) Follow(q edged.Query, wake func()) (edged.Feed, error) {
	n.mesh.mu.Lock()
	defer n.mesh.mu.Unlock()
	f := &feed{node: n, query: q, wake: wake, of: n.streams[q.Stream], vector: edged.Vector{}}
	if f.of == nil || f.of.deleted {
		if !q.Await {
			return nil, edged.StreamNotFound
		}
		f.of = nil
		return f, nil
	}
	switch q.Start.Kind {
	case edged.Latest:
		f.vector = f.of.vector()
	case edged.AtCursor, edged.AtCursorOrGap:
		if q.Start.Cursor.Stream != q.Stream {
			return nil, edged.BadCursor
		}
		if q.Start.Cursor.Generation == f.of.def.Generation {
			f.vector = maps.Clone(q.Start.Cursor.Vector)
		}
		if q.Start.Kind == edged.AtCursor && f.expired() {
			return nil, edged.CursorExpired
		}
	}
	return f, nil
}

// expired says whether events that come next are retired.
func (f *feed) expired() bool {
	for key, l := range f.of.logs {
		if f.vector[key]+1 < l.start {
			return true
		}
	}
	return false
}

func (f *feed) Close() {
	f.node.mesh.mu.Lock()
	defer f.node.mesh.mu.Unlock()
	f.closed = true
	if f.of != nil {
		f.of.waiting = slices.DeleteFunc(f.of.waiting, func(x *feed) bool { return x == f })
	}
}

func (f *feed) Resume() string { return "complete" }

func (f *feed) Cursor() edged.Cursor {
	c := edged.Cursor{Stream: f.query.Stream, Vector: maps.Clone(f.vector)}
	if f.of != nil {
		c.Generation = f.of.def.Generation
	}
	return c
}

func (f *feed) Next(dst []edged.Delivery, bytesMax, eventsMax int) ([]edged.Delivery, error) {
	f.node.mesh.mu.Lock()
	defer f.node.mesh.mu.Unlock()
	had := len(dst)
	if f.closed {
		panic("collectionstest: a closed feed is used")
	}
	if f.of == nil {
		f.of = f.node.streams[f.query.Stream]
	}
	if f.of == nil {
		f.node.awaiting = append(f.node.awaiting, f)
		return dst, nil
	}
	if f.of.deleted {
		if f.told {
			return dst, edged.StreamNotFound
		}
		f.told = true
		return append(dst, edged.Delivery{Notice: &edged.Notice{Op: "deleted"}}), nil
	}
	for _, key := range slices.SortedFunc(maps.Keys(f.of.logs), edged.LogKey.Compare) {
		dst, eventsMax = f.log(dst, key, f.of.logs[key], eventsMax)
	}
	if len(dst) == had {
		f.of.waiting = append(f.of.waiting, f)
	}
	return dst, nil
}

// log gives what comes next of one log.
func (f *feed) log(dst []edged.Delivery, key edged.LogKey, l *log, eventsMax int) ([]edged.Delivery, int) {
	if next := f.vector[key] + 1; next < l.start {
		dst = append(dst, edged.Delivery{Notice: &edged.Notice{
			Op: "gap", Log: l.name, From: next, To: l.start - 1, Reason: "retired",
		}})
		f.vector[key] = l.start - 1
	}
	if f.vector[key] >= l.head() || eventsMax <= 0 {
		return dst, eventsMax
	}
	events := l.events[f.vector[key]+1-l.start:]
	events = events[:min(len(events), eventsMax)]
	d := edged.Delivery{To: len(events), Run: l.run(f.Cursor().Base(), events)}
	f.vector[key] = events[len(events)-1].Sequence
	if m := &f.query.Match; !m.All() {
		d.Picks = []int32{}
		for i := range events {
			if (len(m.Keys) == 0 || slices.Contains(m.Keys, events[i].Key)) && strings.HasPrefix(events[i].Key, m.KeyPrefix) {
				d.Picks = append(d.Picks, int32(i))
			}
		}
		if len(d.Picks) == 0 {
			return dst, eventsMax
		}
	}
	return append(dst, d), eventsMax - d.Len()
}

// run gives the events as a run: the same to readers who stand at one place.
func (l *log) run(base edged.Base, events []edged.Event) *run {
	if r := l.last; r == nil || string(r.base.Bytes()) != string(base.Bytes()) || len(r.events) != len(events) {
		l.last = &run{name: l.name, base: base, events: slices.Clone(events)}
	}
	return l.last
}

// run is a stretch of events.
type run struct {
	name   edged.LogName
	base   edged.Base
	events []edged.Event

	mu    sync.Mutex
	forms [edged.FormSlots]any
}

func (r *run) Name() edged.LogName { return r.name }
func (r *run) Base() edged.Base    { return r.base }
func (r *run) Len() int            { return len(r.events) }
func (r *run) Bytes() int          { return 64 * len(r.events) }

func (r *run) Events(from, to int) iter.Seq2[int, edged.Event] {
	return func(yield func(int, edged.Event) bool) {
		for i := from; i < to; i++ {
			if !yield(i, r.events[i]) {
				return
			}
		}
	}
}

func (r *run) Form(slot int, build func() any) any {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.forms[slot] == nil {
		r.forms[slot] = build()
	}
	return r.forms[slot]
}
