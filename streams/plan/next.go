package plan

import (
	"bytes"
	"slices"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/aggregate"
	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/window"
)

// again is how a stage takes the rows of the stage before.
type again struct {
	where  *expr.Program // or nil
	keys   []*expr.Program
	inputs []Input
	layout *aggregate.Layout
}

// next makes rows of the rows of the stage before, all of one window.
func (s *stage) next(before []Row, text *expr.Arena) []Row {
	if s.grouped {
		return s.regroup(before, text)
	}
	c := s.computer()
	var rows []Row
	for i := range before {
		r := &before[i]
		c.load(s.before, r)
		if s.again.where == nil || s.again.where.Test(&c.row) {
			rows = c.add(rows, Row{Window: r.Window, Key: r.Key, Overflow: r.Overflow})
		}
	}
	return s.qualify(rows)
}

// load gives a row the columns of one of the stage before.
func (c *computer) load(before *stage, r *Row) {
	c.begin(r.Window)
	estimated := r.Estimated
	for i, v := range r.Values {
		off := 0.0
		if len(estimated) > 0 && estimated[0].Column == before.columns[i].name {
			off, estimated = estimated[0].Error, estimated[1:]
		}
		c.put(v, off)
	}
}

// regrouping is a group of the second pass and of those after.
type regrouping struct {
	key      []byte
	keys     []expr.Value
	place    uint32
	overflow bool
	off      float64 // of what was folded into it, the most
}

// regroup groups rows, and aggregates them in their order, which is that of window and key.
func (s *stage) regroup(before []Row, text *expr.Arena) []Row {
	cells := aggregate.NewCells(s.again.layout)
	found := map[string]int{}
	var groups []regrouping
	c := s.computer()
	var key []byte
	var args []expr.Value
	for i := range before {
		r := &before[i]
		c.load(s.before, r)
		if s.again.where != nil && !s.again.where.Test(&c.row) {
			continue
		}
		args, key = args[:0], key[:0]
		for _, k := range s.again.keys {
			v := k.Eval(&c.row)
			args = append(args, v)
			key = expr.AppendKey(key, v)
		}
		at, had := found[string(key)]
		if !had {
			at = len(groups)
			groups = append(groups, regrouping{key: bytes.Clone(key), keys: cloned(args), place: cells.Add()})
			found[string(key)] = at
		}
		g := &groups[at]
		g.overflow = g.overflow || r.Overflow
		for _, e := range r.Estimated {
			g.off = max(g.off, e.Error)
		}
		stamp := aggregate.Stamp{Time: r.Window.End, Sequence: edged.Sequence(i + 1)}
		args = s.again.fold(cells, g.place, &c.row, args, &stamp)
	}
	slices.SortFunc(groups, func(a, b regrouping) int { return bytes.Compare(a.key, b.key) })
	var rows []Row
	for i := range groups {
		rows = c.addGroup(rows, cells, &groups[i], before[0].Window, text)
	}
	return s.qualify(rows)
}

// cloned copies values with what they point to.
func cloned(values []expr.Value) []expr.Value {
	out := make([]expr.Value, len(values))
	for i, v := range values {
		out[i] = v.Clone()
	}
	return out
}

// fold folds a row into a cell.
func (a *again) fold(cells *aggregate.Cells, place uint32, row *expr.Row, args []expr.Value, stamp *aggregate.Stamp) []expr.Value {
	for i := range a.inputs {
		in := &a.inputs[i]
		if in.Filter != nil && !in.Filter.Test(row) {
			continue
		}
		args = args[:0]
		for _, p := range in.Args {
			args = append(args, p.Eval(row))
		}
		cells.Fold(place, i, args, stamp)
	}
	return args
}

// addGroup computes the row of a group.
func (c *computer) addGroup(rows []Row, cells *aggregate.Cells, g *regrouping, w window.Span, text *expr.Arena) []Row {
	c.begin(w)
	for _, v := range g.keys {
		c.put(v, 0)
	}
	for k := range c.stage.calls {
		v, off := cells.Result(g.place, k, text)
		c.put(v, max(off, g.off))
	}
	return c.add(rows, Row{Window: w, Key: g.key, Overflow: g.overflow})
}
