package function

import (
	"errors"
	"math"
	"slices"
	"strconv"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/window"
)

// heardFor is how long an origin counts as live after it was heard, in nanoseconds.
const heardFor = 3_000_000_000

// standing is one origin in scope, as a query sees it.
type standing struct {
	window.Source
	region   string
	position map[string]edged.Sequence // STREAM/PARTITION
	idle     bool
}

// state is the word for an origin's state.
func (s *standing) state() string {
	switch {
	case s.Sealed:
		return "sealed"
	case s.Unheard >= heardFor:
		return "unreachable"
	case s.idle:
		return "idle"
	}
	return "live"
}

// standings tells how far each origin in scope is included. The promises are asked for first, so that
// the heads that they are held against are not before them.
func (q *query) standings() ([]standing, error) {
	promises := q.r.mesh.Promises()
	heads, err := q.heads()
	if err != nil {
		return nil, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.r.opts.Now().UnixNano()
	own := q.r.catalog.Origin().ID
	all := make([]standing, 0, len(promises))
	for i := range promises {
		p := &promises[i]
		if !q.inScope(p.Origin.ID) {
			continue
		}
		st := standing{region: q.r.mesh.Region(p.Origin.ID), position: map[string]edged.Sequence{}}
		st.Source.Origin = p.Origin
		if p.Origin.ID != own {
			st.Unheard = max(0, now-max(p.Heard, q.since.UnixNano()))
		}
		q.stand(&st, p, heads)
		all = append(all, st)
	}
	slices.SortFunc(all, func(a, b standing) int { return a.Origin.ID.Compare(b.Origin.ID) })
	return all, nil
}

// heads gives how far the logs of the inputs are held here.
func (q *query) heads() (map[source]edged.Sequence, error) {
	heads := map[source]edged.Sequence{}
	for _, in := range q.inputs {
		info, err := q.r.catalog.Stream(in.stream)
		if errors.Is(err, edged.StreamNotFound) {
			continue
		} else if err != nil {
			return nil, err
		}
		for i := range info.Logs {
			l := &info.Logs[i]
			heads[source{Origin: l.Name.Origin.ID, Partition: l.Name.Partition, Input: in.number}] = l.Last
		}
	}
	return heads, nil
}

// stand computes what is known of one origin. The caller holds mu.
func (q *query) stand(st *standing, p *edged.Promise, heads map[source]edged.Sequence) {
	promise := max(p.Held, 0)
	st.Watermark, st.Sealed = math.MaxInt64, p.Sealed
	logs, quiet := 0, true
	see := func(s source, head edged.Sequence) {
		var t tail
		if known := q.tail(s); known != nil {
			t = *known
		}
		if head == 0 && t.Position == 0 {
			return
		}
		logs++
		covered := t.Position >= head
		if !covered {
			st.Sealed = false
		}
		mark := q.marks[s]
		mark.Raise(q.spec(), t.Progress, promise, covered)
		q.marks[s] = mark
		st.Bounded = st.Bounded || mark.Bounded
		st.Watermark = min(st.Watermark, mark.Watermark)
		st.position[q.place(s)] = t.Position
		quiet = quiet && covered && q.spec().Idle != window.Never && promise-t.Progress.Last > q.spec().Idle
	}
	for s, head := range heads { // the least of all: any order
		if s.Origin == p.Origin.ID {
			see(s, head)
		}
	}
	for _, s := range q.sources() {
		if _, seen := heads[s]; !seen && s.Origin == p.Origin.ID {
			see(s, 0)
		}
	}
	st.idle = quiet
	if logs == 0 {
		st.Watermark = q.spec().Unstarted(promise)
	}
}

func (q *query) spec() *window.Spec { return &q.plan.Window }

// place is a log's name in the position of an origin.
func (q *query) place(s source) string {
	return q.inputs[s.Input].stream + "/" + strconv.Itoa(int(s.Partition))
}

// sourcesOf are the standings as closing asks for them.
func sourcesOf(all []standing) []window.Source {
	out := make([]window.Source, len(all))
	for i := range all {
		out[i] = all[i].Source
	}
	return out
}
