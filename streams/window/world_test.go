package window

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/edgedhq/edged"
)

// world is origins that append, and one node, that of the first, which folds what reaches it and
// shows the rows of a count.
type world struct {
	spec    *Spec
	exclude int64
	clock   int64
	logs    []*source
	rows    map[Span]*row
	too     int // events too late, of all logs
}

// source is an origin with its one log, and what the node here has of it.
type source struct {
	origin  edged.Origin
	log     []event
	kinds   []int    // of its events
	whole   Progress // of the log where it is written
	split   bool     // nothing of it comes here
	behind  bool     // its promises come, its events do not
	sealed  bool
	have    int // events held here
	p       Progress
	promise int64
	heads   int // what the log held at the promise
	mark    Mark
	heard   int64
	counts  map[Span]int   // by slice
	lates   map[Span]int64 // late bound by slice
	pieces  []Fragment
}

// row is a window as it was last shown.
type row struct {
	span     Span
	counts   []int // by log
	closed   bool
	again    bool // it had closed before, with another end
	status   Status
	excluded []edged.Origin
	fresh    []bool // by log: had no bound when it closed
	sealed   bool
	late     bool // a late event is in it
}

// kinds of events
const (
	plain    = iota
	filtered // WHERE is not TRUE
	failed   // its time is NULL
)

func newWorld(s *Spec, exclude, clock int64, names ...string) *world {
	w := &world{spec: s, exclude: exclude, clock: clock, rows: map[Span]*row{}}
	for _, name := range names {
		w.logs = append(w.logs, &source{origin: origin(name), heard: clock, mark: Mark{Watermark: Unknown},
			counts: map[Span]int{}, lates: map[Span]int64{}})
	}
	return w
}

// load appends one event at its origin and tells what becomes of it.
func (w *world) load(l *source, t int64, kind int) Verdict {
	if w.spec.Ingest {
		t = w.clock
	}
	e := event{w.clock, t}
	l.log = append(l.log, e)
	var v Verdict
	if l.whole.Arrive(w.spec, e.stamp); kind == plain {
		v = l.whole.Verdict(w.spec, w.spec.Slice(t).End)
	}
	l.kinds = append(l.kinds, kind)
	if kind != failed {
		l.whole.Advance(w.spec, e.stamp, t)
	}
	if v == TooLate {
		w.too++
	}
	return v
}

// arrive brings here what is not held back.
func (w *world) arrive() {
	for _, l := range w.logs {
		if l.split || l.sealed {
			continue
		}
		l.heard, l.promise, l.heads = w.clock, w.clock, len(l.log)
		if !l.behind {
			w.take(l)
		}
	}
	for _, l := range w.logs {
		l.mark.Raise(w.spec, l.p, l.promise, l.heads <= l.have)
	}
}

// take folds what the node lacks of a log.
func (w *world) take(l *source) {
	for ; l.have < len(l.log); l.have++ {
		e, kind := l.log[l.have], l.kinds[l.have]
		l.p.Arrive(w.spec, e.stamp)
		if kind == plain {
			w.fold(l, e.time)
		}
		if kind != failed {
			l.p.Advance(w.spec, e.stamp, e.time)
		}
	}
}

func (w *world) fold(l *source, t int64) {
	slice := w.spec.Slice(t)
	v := l.p.Verdict(w.spec, slice.End)
	if v == TooLate {
		return
	}
	if w.spec.Kind == Session {
		l.pieces, _, _ = w.spec.Absorb(l.pieces, t)
	}
	l.counts[slice]++
	if v == Late {
		l.lates[slice] = l.p.Bound
	}
}

func (w *world) sources() (all []Source) {
	for _, l := range w.logs {
		all = append(all, Source{l.origin, l.mark.Watermark, l.mark.Bounded, l.sealed, w.clock - l.heard})
	}
	return all
}

// spans are the windows there are rows of.
func (w *world) spans() (spans []Span) {
	if w.spec.Kind == Session {
		var pieces []Piece
		for i, l := range w.logs {
			for at, f := range l.pieces {
				pieces = append(pieces, Piece{f, i, at})
			}
		}
		for _, j := range w.spec.Join(nil, pieces) {
			spans = append(spans, j.Span)
		}
		return spans
	}
	for _, l := range w.logs {
		for slice := range l.counts {
			spans = w.spec.Windows(spans, slice)
		}
	}
	sortSpans(spans)
	return slices.Compact(spans)
}

// state computes the row of a window anew, but for what it was before.
func (w *world) state(span Span) *row {
	r := &row{span: span}
	for _, l := range w.logs {
		n := 0
		for slice, count := range l.counts {
			inside := slice.Start >= span.Start && slice.End <= span.End && slice.Start < span.End
			if inside {
				n += count
			}
			if bound, ok := l.lates[slice]; ok && inside && w.spec.Revises(span, bound) {
				r.late = true
			}
		}
		r.counts, r.fresh = append(r.counts, n), append(r.fresh, !l.p.Bounded && !l.sealed)
	}
	return r
}

// id is what a row stays by: a session by its start.
func (w *world) id(span Span) Span {
	if w.spec.Kind == Session {
		return Span{span.Start, math.MaxInt64}
	}
	return span
}

// shown is a row that changed; was is nil if it is new, now if it is gone.
type shown struct{ was, now *row }

// look brings the rows up to date and gives those that changed, by window.
func (w *world) look() (changes []shown) {
	sources, seen := w.sources(), map[Span]bool{}
	for _, span := range w.spans() {
		id := w.id(span)
		seen[id] = true
		was, now := w.rows[id], w.state(span)
		switch {
		case was == nil || !was.closed || was.span != span:
			now.again = was != nil && (was.closed || was.again)
			if now.closed, now.excluded = w.spec.Close(span, sources, w.exclude); now.closed {
				if now.status = Final; now.late || now.again {
					now.status = Revised
				}
			}
		default:
			now.closed, now.again, now.status, now.fresh = true, was.again, was.status, was.fresh
			now.excluded = w.spec.Left(span, sources, was.excluded)
			if now.late || !slices.Equal(was.counts, now.counts) || len(was.excluded) != len(now.excluded) {
				now.status = Revised
			}
		}
		now.sealed = now.closed && w.spec.SealedAt(span, sources)
		w.rows[id] = now
		if was == nil || was.span != span || !slices.Equal(was.counts, now.counts) || was.status != now.status ||
			len(was.excluded) != len(now.excluded) || was.sealed != now.sealed {
			changes = append(changes, shown{was, now})
		}
	}
	gone := slices.DeleteFunc(slices.Collect(maps.Keys(w.rows)), func(id Span) bool { return seen[id] })
	sortSpans(gone)
	for _, id := range gone {
		changes = append(changes, shown{w.rows[id], nil})
		delete(w.rows, id)
	}
	return changes
}

// advance moves the clock by steps of promises, and gives the rows that changed with the time.
func (w *world) advance(to int64, show func(shown)) {
	for w.clock < to {
		w.clock = min(to, w.clock+int64(time.Second))
		w.arrive()
		for _, c := range w.look() {
			show(c)
		}
	}
}
