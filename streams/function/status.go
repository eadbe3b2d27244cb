package function

import (
	"context"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/window"
)

// degradedAfter is how many events have to fail in a row until a function says so.
const degradedAfter = 100

// info tells what was understood of a function, and how it fares.
func (r *Runner) info(f *function) (info edged.FunctionInfo, err error) {
	r.mu.RLock()
	info.Function = f.def.Function
	v, fault := f.shown, f.fault
	r.mu.RUnlock()
	if v == nil {
		info.State, info.LastError = "failed", fault.Error()
		return info, nil
	}
	p, q := v.plan, v.q
	info.QueryID, info.Inputs, info.Into = p.ID.String(), p.Inputs, p.Options.Into
	info.Window, info.Where, info.Explain = p.Window.Kind.String(), "mergeable", p.Explain()
	for _, c := range p.Columns {
		info.Columns = append(info.Columns, edged.QueryColumn{Name: c.Name, Type: c.Type})
	}
	all, err := q.standings()
	if err != nil {
		return info, err
	}
	info.Origins = originsOf(all)
	q.mu.Lock()
	var sum counts
	own := q.r.catalog.Origin().ID
	for _, s := range q.sources() {
		if s.Origin == own {
			sum.add(q.tail(s).Counts)
		}
	}
	info.State, info.LastError = q.state(), q.problem
	q.mu.Unlock()
	info.In, info.Out, info.Late, info.TooLate = sum.In, sum.Out, sum.Late, sum.TooLate
	info.Failed, info.Mistyped = sum.Failed, sum.Mistyped
	if fault != nil {
		info.LastError = fault.Error()
	}
	return info, nil
}

// state is the word for how the query fares here. The caller holds mu.
func (q *query) state() string {
	switch {
	case q.failed != "":
		return "failed"
	case q.stuck:
		return "paused"
	case q.failing >= degradedAfter:
		return "degraded"
	case !q.caughtUp:
		return "backfilling"
	}
	return "running"
}

// originsOf are standings as they are told.
func originsOf(all []standing) []edged.FunctionOrigin {
	out := make([]edged.FunctionOrigin, len(all))
	for i := range all {
		st := &all[i]
		out[i] = edged.FunctionOrigin{
			Origin: st.Origin, Region: st.region, Position: st.position, State: st.state(), Watermark: shownMark(st.Watermark),
		}
	}
	return out
}

// shownMark is a watermark as it is told: 0 where nothing is known, or there is no end.
func shownMark(mark int64) int64 {
	if mark == window.Unknown || mark == 1<<63-1 {
		return 0
	}
	return mark
}

// Completeness tells how far each origin's input is included.
func (r *Runner) Completeness(name string) (c edged.Completeness, err error) {
	v, err := r.shown(name)
	if err != nil {
		return c, err
	}
	all, err := v.q.standings()
	if err != nil {
		return c, err
	}
	c.Origins = originsOf(all)
	c.Watermark = shownMark(window.Watermark(sourcesOf(all), nil))
	return c, nil
}

// AwaitRows returns once the rows here include all that the cursor covers, or with ctx's error. It is
// a cut of the function, or a cursor of one of its inputs; one of another stream is nothing to wait for.
func (r *Runner) AwaitRows(ctx context.Context, function string, at edged.Cursor) error {
	t := time.NewTicker(r.opts.FlushEvery / 4)
	defer t.Stop()
	for {
		v, err := r.shown(function)
		if err != nil {
			return err
		}
		if ok, err := v.includes(at); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
		}
	}
}

// includes says whether the rows include what a cursor covers.
func (v *view) includes(at edged.Cursor) (bool, error) {
	s, err := v.q.snapshot()
	if err != nil {
		return false, err
	}
	defer s.close()
	if at.Stream == edged.FunctionStream(v.name) {
		return at.Generation != v.generation() || s.cut().Covers(known(at.Vector)), nil
	}
	for _, in := range v.q.inputs {
		if in.stream != at.Stream {
			continue
		}
		for k, seq := range at.Vector {
			if s.tails[source{Origin: k.Origin, Partition: k.Partition, Input: in.number}].Position < seq {
				return false, nil
			}
		}
	}
	return true, nil
}

// Stats are a Runner's figures.
type Stats struct {
	Functions int
	States    map[string]int64 // functions by their state
	Queries   int
	counts
}

// Stats gives the figures as they stand.
func (r *Runner) Stats() Stats {
	st := Stats{States: map[string]int64{}}
	r.mu.RLock()
	defer r.mu.RUnlock()
	st.Functions, st.Queries = len(r.functions), len(r.queries)
	for _, f := range r.functions {
		state := "failed"
		if f.shown != nil {
			q := f.shown.q
			q.mu.Lock()
			state = q.state()
			q.mu.Unlock()
		}
		st.States[state]++
	}
	own := r.catalog.Origin().ID
	for _, q := range r.queries {
		q.mu.Lock()
		for s, l := range q.core.lanes {
			if s.Origin == own {
				st.counts.add(l.Counts)
			}
		}
		q.mu.Unlock()
	}
	return st
}
