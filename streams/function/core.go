package function

import (
	"errors"
	"slices"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/aggregate"
	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/plan"
	"github.com/edgedhq/edged/streams/window"
)

// lane is one log on its way into a core.
type lane struct {
	source
	tail
	number int             // in its core, from 1
	groups map[int64]int   // how many groups each slice has, for max_keys
	stamp  aggregate.Stamp // of the event that is being folded
}

// core folds events of some logs into cells, one event after the other, in the order of each log.
// What it makes of a log depends on the log's content and the plan alone.
type core struct {
	plan  *plan.Plan
	spec  *window.Spec
	fold  *plan.Fold // bound to the paths of the input that is being folded
	cells *aggregate.Cells
	table *table
	lanes map[source]*lane

	// load looks for a group that is not in memory, in the store.
	load func(l *lane, slice int64, group []byte, hash uint64) (int32, error)
	// late is given each event that is not counted, and failed each that no result can be made of.
	late   func(l *lane, e *edged.Event)
	failed func(l *lane, e *edged.Event, why error)
	// forever folds everything: nothing is late. For queries over the past.
	forever bool
	sealed  int64 // slice end up to which nothing is folded any more

	row   expr.Row
	args  []expr.Value // of all inputs, one after the other
	take  []bool       // which inputs take the event
	group []byte

	scratch []byte
}

func newCore(p *plan.Plan) *core {
	return &core{plan: p, spec: &p.Window, table: newTable(), lanes: map[source]*lane{}, sealed: noTime}
}

// lane gives that of a source.
func (c *core) lane(s source) *lane {
	l := c.lanes[s]
	if l == nil {
		l = &lane{source: s, number: len(c.lanes) + 1, groups: map[int64]int{}}
		c.lanes[s] = l
	}
	return l
}

// bind makes the core ready for events whose columns are those of a fold.
func (c *core) bind(f *plan.Fold) {
	c.fold = f
	if c.cells == nil && f.Layout != nil {
		c.cells = aggregate.NewCells(f.Layout)
	}
	c.take = resize(c.take, len(f.Inputs))
}

// resize gives a slice of n, made anew only if there is no room.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// event folds one event, whose columns have been extracted, and moves the lane on.
func (c *core) event(l *lane, e *edged.Event, columns []expr.Value, region string) error {
	row := &c.row
	row.Columns, row.Event, row.Region = columns, e, region
	if l.Position == 0 && l.From == 0 {
		l.From = e.Sequence
	}
	l.Progress.Arrive(c.spec, e.HLC.Wall)
	at, known := c.time(e)
	err := c.count(l, e, at, known)
	if known {
		l.Progress.Advance(c.spec, e.HLC.Wall, at)
	}
	l.Counts.In++
	l.Counts.Mistyped += int64(row.Mistyped)
	if c.cells != nil {
		l.Counts.Mistyped += int64(c.cells.Mistyped)
		c.cells.Mistyped = 0
	}
	row.Mistyped = 0
	l.Position, l.Newest = e.Sequence, e.HLC
	row.Reset()
	return err
}

// time is that by which the query puts events into windows.
func (c *core) time(e *edged.Event) (at int64, known bool) {
	switch {
	case c.spec.Ingest:
		return e.HLC.Wall, true
	case c.fold.Time == nil:
		return e.Time, true
	}
	v := c.fold.Time.Eval(&c.row)
	if v.Kind() != expr.Timestamp {
		return 0, false
	}
	return v.Integer(), true
}

// count folds the event if the query keeps it.
func (c *core) count(l *lane, e *edged.Event, at int64, known bool) error {
	if c.fold.Where != nil && !c.fold.Where.Test(&c.row) && c.row.Failure() == nil {
		return nil
	}
	if !c.evaluate() {
		c.fail(l, e, c.row.Failure())
		return nil
	}
	if !known {
		c.fail(l, e, errNoTime)
		return nil
	}
	slice := c.spec.Slice(at)
	verdict := window.OnTime
	switch {
	case c.forever:
	case slice.End <= c.sealed && c.spec.Kind != window.None:
		verdict = window.TooLate
	default:
		verdict = l.Progress.Verdict(c.spec, slice.End)
	}
	if verdict == window.TooLate {
		l.Counts.TooLate++
		if c.late != nil {
			c.late(l, e)
		}
		return nil
	}
	i, err := c.cell(l, slice.End)
	if err != nil {
		return err
	}
	l.stamp = aggregate.Stamp{
		Time: at, HLC: e.HLC, Origin: l.Origin, Partition: l.source.Partition, Input: l.Input, Sequence: e.Sequence,
	}
	h := &c.table.all[i]
	here, place := &h.stand, h.place
	if c.spec.Kind == window.Session {
		if here, place, err = c.fragment(h, at); err != nil {
			return err
		}
	}
	h.last = max(h.last, at)
	here.From, here.Position = l.From, e.Sequence
	h.From, h.Position = l.From, e.Sequence
	if verdict == window.Late {
		l.Counts.Late++
		here.Late, here.LateBound = true, l.Progress.Bound
		h.Late, h.LateBound = true, l.Progress.Bound
	}
	c.add(place, &l.stamp)
	c.table.touch(i)
	return nil
}

// errNoTime is why an event cannot be put into a window, or go out with a time.
var errNoTime = errors.New("the time that the query chooses is no TIMESTAMP")

func (c *core) fail(l *lane, e *edged.Event, why error) {
	l.Counts.Failed++
	if c.failed != nil {
		c.failed(l, e, why)
	}
}

// evaluate computes the group and what the aggregates take, and says whether all could be computed:
// an event counts whole or not at all.
func (c *core) evaluate() bool {
	c.group = c.group[:0]
	for _, key := range c.fold.Keys {
		c.group = expr.AppendKey(c.group, key.Eval(&c.row))
	}
	c.args = c.args[:0]
	for i := range c.fold.Inputs {
		in := &c.fold.Inputs[i]
		if c.take[i] = in.Filter == nil || in.Filter.Test(&c.row); !c.take[i] {
			continue
		}
		for _, arg := range in.Args {
			c.args = append(c.args, arg.Eval(&c.row))
		}
	}
	return c.row.Failure() == nil
}

// add folds what evaluate computed into a cell.
func (c *core) add(place uint32, at *aggregate.Stamp) {
	args := c.args
	for i := range c.fold.Inputs {
		if n := len(c.fold.Inputs[i].Args); c.take[i] {
			c.cells.Fold(place, i, args[:n], at)
			args = args[n:]
		}
	}
}

// cell gives what is held of the group in a slice, made anew or loaded if need be.
func (c *core) cell(l *lane, slice int64) (int32, error) {
	if c.spec.Kind == window.Session || c.spec.Kind == window.None {
		slice = 0
	}
	hash := c.table.hashOf(l, slice, c.group)
	i := c.table.find(hash, l, slice, c.group)
	if i >= 0 {
		return i, nil
	}
	if c.load != nil {
		var err error
		if i, err = c.load(l, slice, c.group, hash); i >= 0 || err != nil {
			return i, err
		}
	}
	windowed := c.spec.Kind != window.Session && c.spec.Kind != window.None
	if windowed {
		if l.groups[slice] >= c.plan.Options.MaxKeys && string(c.group) != string(overflowGroup) {
			c.group = append(c.group[:0], overflowGroup...)
			return c.cell(l, slice)
		}
		l.groups[slice]++
	}
	h := held{lane: l, slice: slice, group: string(c.group), hash: hash, last: noTime}
	h.Overflow = windowed && h.group == string(overflowGroup)
	if c.spec.Kind != window.Session {
		h.place = c.cells.Add()
	}
	return c.table.add(h), nil
}

// fragment gives the place and the stand of the session's fragment that takes a time, made anew,
// grown or joined if need be.
func (c *core) fragment(h *held, at int64) (*stand, uint32, error) {
	spans, i, did := c.spec.Absorb(h.spans, at)
	h.spans = spans
	switch did {
	case window.Opened:
		h.parts = slices.Insert(h.parts, i, part{place: c.cells.Add()})
	case window.Bridged:
		into, from := &h.parts[i], &h.parts[i+1]
		c.scratch = c.cells.Append(c.scratch[:0], from.place)
		if err := c.cells.Merge(into.place, c.scratch); err != nil {
			return nil, 0, err
		}
		if from.Late && (!into.Late || from.LateBound > into.LateBound) {
			into.Late, into.LateBound = true, from.LateBound
		}
		c.cells.Remove(from.place)
		h.parts = slices.Delete(h.parts, i+1, i+2)
	}
	return &h.parts[i].stand, h.parts[i].place, nil
}
