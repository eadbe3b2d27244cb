package plan

import (
	"github.com/edgedhq/edged/streams/aggregate"
	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/sql"
	"github.com/edgedhq/edged/streams/window"
)

// Group is a group of the fold, merged over the logs of a cut.
type Group struct {
	Window   window.Span
	Key      []byte       // expr.AppendKey of each of Keys, one after the other
	Keys     []expr.Value // none of the overflow group: NULLs
	Place    uint32
	Overflow bool // holds the keys past max_keys
}

// Row is what a query gives for a group.
type Row struct {
	Window    window.Span
	Key       []byte
	Values    []expr.Value // as Plan.Columns, without the bounds of the window
	Estimated []Estimate   // in the order of the columns
	Overflow  bool         // holds keys past max_keys
	Order     []expr.Value // what ORDER BY sorts by

	rank []expr.Value // PARTITION BY, then ORDER BY of QUALIFY
}

// Estimate is how far off a column may be, relative to it.
type Estimate struct {
	Column string
	Error  float64
}

// present is a stage's select list and what follows, compiled over its row.
type present struct {
	columns []*expr.Program
	direct  []bool  // the column is what a place of the row holds
	uses    [][]int // places of the row that a column is computed from
	having  *expr.Program
	rank    []*expr.Program
	order   []*expr.Program
}

// compilePresent compiles what a stage computes over its rows.
func (m *maker) compilePresent(s *stage) {
	b := &binder{compiler: &m.compiler, resolve: s.ofRow}
	for i := range s.columns {
		c := &s.columns[i]
		var uses []int
		b.resolve = func(e sql.Expr) (*expr.Ref, *sql.Error) {
			ref, err := s.ofRow(e)
			if ref != nil {
				uses = append(uses, ref.Column)
			}
			return ref, err
		}
		program := b.value(c.expr)
		c.typ = typeOf(program)
		ref, _ := s.ofRow(c.expr)
		s.present.columns = append(s.present.columns, program)
		s.present.direct = append(s.present.direct, ref != nil && len(ref.Within) == 0)
		s.present.uses = append(s.present.uses, uses)
	}
	b.resolve = s.ofRow
	if s.having != nil {
		s.present.having = b.condition(s.having)
	}
	if r := s.rank; r != nil {
		s.present.rank = append(b.values(r.Partition), b.value(r.Order.Expr))
	}
	for _, o := range s.order {
		s.present.order = append(s.present.order, b.value(o.expr))
	}
	m.add(b.errs...)
}

// Present makes rows of groups that were merged at one cut, sorted by window and key, and gives rows
// in that order. QUALIFY and outer queries take the groups of each window for themselves. A cast that
// fails here gives NULL. Texts of keys and of text, where aggregates make theirs, are not copied:
// rows stand while those do.
func (p *Plan) Present(cells *aggregate.Cells, groups []Group, text *expr.Arena) []Row {
	var out []Row
	for len(groups) > 0 {
		n := 1
		for n < len(groups) && groups[n].Window == groups[0].Window {
			n++
		}
		rows := p.stages[0].first(cells, groups[:n], text)
		for _, s := range p.stages[1:] {
			rows = s.next(rows, text)
		}
		out, groups = append(out, rows...), groups[n:]
	}
	return out
}

// first makes the rows of groups.
func (s *stage) first(cells *aggregate.Cells, groups []Group, text *expr.Arena) []Row {
	c := s.computer()
	rows := make([]Row, 0, len(groups))
	for i := range groups {
		g := &groups[i]
		c.begin(g.Window)
		for k := range s.keys {
			if k < len(g.Keys) {
				c.put(g.Keys[k], 0)
			} else {
				c.put(expr.Value{}, 0)
			}
		}
		for k := range s.calls {
			c.put(cells.Result(g.Place, k, text))
		}
		rows = c.add(rows, Row{Window: g.Window, Key: g.Key, Overflow: g.Overflow})
	}
	return s.qualify(rows)
}

// computer computes rows of a stage, one after another.
type computer struct {
	stage *stage
	row   expr.Row
	off   []float64 // by place of the row: how far off it may be
}

func (s *stage) computer() *computer {
	n := boundsCount + s.given() + len(s.columns)
	return &computer{stage: s, row: expr.Row{Columns: make([]expr.Value, 0, n)}, off: make([]float64, 0, n)}
}

// begin begins a row.
func (c *computer) begin(w window.Span) {
	c.row.Reset()
	c.row.Columns, c.off = c.row.Columns[:0], c.off[:0]
	c.put(expr.OfTimestamp(w.Start), 0)
	c.put(expr.OfTimestamp(w.End), 0)
}

// put gives the next place of the row.
func (c *computer) put(v expr.Value, off float64) {
	c.row.Columns = append(c.row.Columns, v)
	c.off = append(c.off, off)
}

// add computes the columns, and appends the row if HAVING keeps it.
func (c *computer) add(rows []Row, r Row) []Row {
	p := &c.stage.present
	given := len(c.row.Columns)
	for i, program := range p.columns {
		v := program.Eval(&c.row)
		if !p.direct[i] {
			v = v.Clone()
		}
		off := 0.0
		for _, at := range p.uses[i] {
			off = max(off, c.off[at])
		}
		if off > 0 {
			r.Estimated = append(r.Estimated, Estimate{c.stage.columns[i].name, off})
		}
		c.put(v, off)
	}
	if p.having != nil && !p.having.Test(&c.row) {
		return rows
	}
	all := append(make([]expr.Value, 0, len(p.columns)+len(p.rank)+len(p.order)), c.row.Columns[given:]...)
	r.Values, all = all[:len(all):len(all)], all[len(all):]
	for _, program := range p.rank {
		all = append(all, program.Eval(&c.row).Clone())
	}
	r.rank, all = all, all[len(all):]
	for _, program := range p.order {
		all = append(all, program.Eval(&c.row).Clone())
	}
	r.Order = all
	return append(rows, r)
}
