package function

import (
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/edgedhq/edged"
)

// simFeed is a reader's place at a model node.
type simFeed struct {
	h  *simHost
	q  edged.Query
	at edged.Vector
}

func (f *simFeed) Next(dst []edged.Delivery, _, _ int) ([]edged.Delivery, error) {
	if f.h.streams[f.q.Stream] == nil {
		return dst, nil // awaited
	}
	for _, name := range f.h.logsOf(f.q.Stream) {
		if f.q.Local && name.Origin != f.h.origin {
			continue
		}
		l, e := f.h.w.logs[name], f.h.held[name]
		from := max(f.at[name.Key()], e.first-1)
		if f.q.Start.Kind == edged.AtTime {
			for from < e.last && l[from].HLC.Wall < f.q.Start.Time {
				from++
			}
		}
		to := min(e.last, from+edged.Sequence(1+f.h.w.rng.IntN(20)))
		if to <= from {
			continue
		}
		f.at[name.Key()] = to
		dst = append(dst, edged.Delivery{Run: &simRun{name: name, events: l[from:to]}, To: int(to - from)})
	}
	return dst, nil
}

func (f *simFeed) Cursor() edged.Cursor {
	return edged.Cursor{Stream: f.q.Stream, Generation: 1, Vector: f.at.Clone()}
}
func (f *simFeed) Resume() string { return "start" }
func (f *simFeed) Close()         {}

// simRun is a stretch of one log.
type simRun struct {
	name   edged.LogName
	events []edged.Event
	mu     sync.Mutex
	forms  [edged.FormSlots]any
}

func (r *simRun) Name() edged.LogName { return r.name }
func (r *simRun) Base() edged.Base    { return edged.Cursor{Stream: r.name.Stream, Generation: 1}.Base() }
func (r *simRun) Len() int            { return len(r.events) }
func (r *simRun) Bytes() int          { return 64 * len(r.events) }

func (r *simRun) Events(from, to int) iter.Seq2[int, edged.Event] {
	return func(yield func(int, edged.Event) bool) {
		for i := from; i < to; i++ {
			if !yield(i, r.events[i]) {
				return
			}
		}
	}
}

func (r *simRun) Form(slot int, build func() any) any {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.forms[slot] == nil {
		r.forms[slot] = build()
	}
	return r.forms[slot]
}

// logsOf are the logs of a stream that a node holds something of, in order.
func (h *simHost) logsOf(stream string) []edged.LogName {
	var names []edged.LogName
	for _, n := range slices.SortedFunc(maps.Keys(h.held), func(a, b edged.LogName) int { return a.Key().Compare(b.Key()) }) {
		if n.Stream == stream {
			names = append(names, n)
		}
	}
	return names
}
