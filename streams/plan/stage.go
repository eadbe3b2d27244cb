package plan

import (
	"slices"
	"strconv"
	"strings"

	"github.com/edgedhq/edged/streams/aggregate"
	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/sql"
	"github.com/edgedhq/edged/streams/window"
)

// stage makes rows: the first of the groups of the fold, another of the rows of the stage before.
//
//	rows before ─▶ WHERE ─▶ groups ─▶ select list ─▶ HAVING ─▶ QUALIFY ─▶ rows
type stage struct {
	rows    bool // of the rows before, else of events
	grouped bool
	window  bool // rows have bounds of a window
	before  *stage

	where   sql.Expr // of rows; that of events is in the fold
	keys    []key
	calls   []call
	inputs  []input
	columns []column
	having  sql.Expr
	rank    *sql.Rank
	order   []order
	members map[*sql.Path]int // paths into computed columns of the select list

	present present
	again   *again // of grouped rows
}

// key is one of GROUP BY.
type key struct {
	expr sql.Expr
	text string
	name string // of the group column, unless it was selected under another
	typ  expr.Type
}

// call is an aggregate of the stage; calls are in the order of their texts, so that equal folds have
// equal cells.
type call struct {
	call  *sql.Call
	text  string
	input int
	made  aggregate.Call
}

// input is what calls are given: arguments that vary, and a FILTER.
type input struct {
	text   string
	args   []sql.Expr
	filter sql.Expr
}

// stage understands a query that groups, or that reads rows.
func (m *maker) stage(p *Plan, q *sql.Query, base *level) *stage {
	s := &stage{rows: base.rows, grouped: grouped(q), members: map[*sql.Path]int{}}
	if n := len(p.stages); n > 0 {
		s.before = p.stages[n-1]
	}
	own := q.Window()
	s.window = own != nil || base.window
	c := clause{level: base, window: s.window, bounds: base.window, reason: reasonWhere}
	s.where = and(base.where, m.canonical(q.Where, &c))
	if !s.rows {
		p.fold.where = s.where
	}
	list := c
	list.reason, list.bounds = "", s.window
	s.columns = m.selected(q, &list, false)
	if own != nil {
		m.window(p, own, s, &c)
	}
	m.groups(s, q, &c)
	with := list
	with.aliases, with.members = aliases(s.columns), s.members
	m.having(s, q, &with)
	if r := q.Qualify; r != nil {
		s.rank = &sql.Rank{At: r.At, Func: r.Func, Op: r.Op, N: r.N, Partition: m.canonicals(r.Partition, &with)}
		s.rank.Order = sql.Order{Expr: m.canonical(r.Order.Expr, &with), Desc: r.Order.Desc}
	}
	s.order = m.orders(q, &list, s.columns, s.members)
	m.unselected(s)
	s.gather()
	p.stages = append(p.stages, s)
	return s
}

func (m *maker) having(s *stage, q *sql.Query, c *clause) {
	if q.Having == nil {
		return
	}
	faults := len(m.errs)
	s.having = m.canonical(q.Having, c)
	found := aggregates(s.having)
	sql.Walk(s.having, func(e sql.Expr) bool {
		p, ok := e.(*sql.Path)
		if ok {
			_, member := s.members[p]
			found = found || member || boundOf(p.Parts[0].Name)
		}
		return true
	})
	if !found && len(m.errs) == faults {
		m.note(q.Having.Pos(), brief(q.Having), reasonHaving)
	}
}

// groups reads GROUP BY.
func (m *maker) groups(s *stage, q *sql.Query, c *clause) {
	by := *c
	by.reason, by.bounds, by.aliases = reasonGroup, false, aliases(s.columns)
	for i := range q.GroupBy {
		e := q.GroupBy[i].Expr
		if e == nil {
			continue
		}
		faults := len(m.errs)
		k := key{expr: m.canonical(e, &by)}
		if len(m.errs) > faults {
			continue
		}
		if agg := firstAggregate(k.expr); agg != nil {
			m.note(e.Pos(), brief(e), reasonGroup, agg.Name)
			continue
		}
		if bound := firstBound(k.expr); bound != nil && !s.rows {
			m.note(e.Pos(), brief(e), "%s is known when rows are made, and is in every row. Leave it out here.", brief(bound))
			continue
		}
		if !varies(k.expr) {
			m.note(e.Pos(), brief(e), "%s is the same for all events, so it makes no groups. Name a column, or leave it out.", brief(e))
			continue
		}
		if k.text = sql.Print(k.expr); slices.ContainsFunc(s.keys, func(o key) bool { return o.text == k.text }) {
			continue
		}
		k.name = nameOfColumn("", k.expr, e, "group_"+strconv.Itoa(i+1))
		s.keys = append(s.keys, k)
	}
}

// firstAggregate finds an aggregate in a canonical expression.
func firstAggregate(e sql.Expr) (found *sql.Call) {
	sql.Walk(e, func(x sql.Expr) bool {
		if c, ok := x.(*sql.Call); ok && found == nil && aggregate.Is(c.Name) {
			found = c
		}
		return found == nil
	})
	return found
}

// firstBound finds a bound of the window in a canonical expression.
func firstBound(e sql.Expr) (found *sql.Path) {
	sql.Walk(e, func(x sql.Expr) bool {
		if p, ok := x.(*sql.Path); ok && found == nil && boundOf(p.Parts[0].Name) {
			found = p
		}
		return found == nil
	})
	return found
}

// varies says whether an expression needs an event or a row.
func varies(e sql.Expr) bool {
	found := false
	sql.Walk(e, func(x sql.Expr) bool {
		_, path := x.(*sql.Path)
		found = found || path
		return !found
	})
	return found
}

// unselected puts the group columns before the others that the select list does not have.
func (m *maker) unselected(s *stage) {
	var more []column
	for _, k := range s.keys {
		if slices.ContainsFunc(s.columns, func(c column) bool { return c.expr != nil && sql.Print(c.expr) == k.text }) {
			continue
		}
		c := column{at: k.expr.Pos(), name: k.name, expr: k.expr}
		m.checkName(&c, false)
		more = append(more, c)
	}
	for p, i := range s.members {
		s.members[p] = i + len(more)
	}
	if s.columns = append(more, s.columns...); len(m.errs) == 0 {
		s.columns = m.distinct(s.columns)
	}
}

// gather finds the aggregates.
func (s *stage) gather() {
	find := func(e sql.Expr) {
		sql.Walk(e, func(x sql.Expr) bool {
			c, ok := x.(*sql.Call)
			if !ok || !aggregate.Is(c.Name) {
				return true
			}
			text := sql.Print(c)
			if at, had := slices.BinarySearchFunc(s.calls, text, byText); !had {
				s.calls = slices.Insert(s.calls, at, call{call: c, text: text})
			}
			return false
		})
	}
	for i := range s.columns {
		find(s.columns[i].expr)
	}
	find(s.having)
	if r := s.rank; r != nil {
		find(r.Order.Expr)
		for _, e := range r.Partition {
			find(e)
		}
	}
	for _, o := range s.order {
		find(o.expr)
	}
}

// window reads the window of the fold.
func (m *maker) window(p *Plan, w *sql.Window, s *stage, c *clause) {
	if c.level.rows {
		m.note(w.At, w.Kind, "The inner query gives rows of groups, and the outer one is computed from them at each moment. Put the window into the inner query.")
		return
	}
	p.Window.Size, p.Window.Step, p.Window.Align, p.Window.Gap = int64(w.Size), int64(w.Step), int64(w.Align), int64(w.Gap)
	switch w.Kind {
	case "TUMBLE":
		p.Window.Kind, p.Window.Step = window.Tumble, int64(w.Size)
	case "HOP":
		p.Window.Kind = window.Hop
	case "CUMULATE":
		p.Window.Kind = window.Cumulate
	case "SESSION":
		p.Window.Kind = window.Session
	}
	of := *c
	of.reason, of.bounds, of.aliases = reasonGroup, false, aliases(s.columns)
	time := m.canonical(w.Time, &of)
	if agg := firstAggregate(time); agg != nil {
		m.note(w.Time.Pos(), brief(w.Time), reasonGroup, agg.Name)
		return
	}
	if firstBound(time) != nil {
		m.note(w.Time.Pos(), brief(w.Time), "The bounds of a window follow from its time, and are not known before. Write _time, or a field that holds a time.")
		return
	}
	path, ok := time.(*sql.Path)
	if ok && len(path.Parts) == 1 {
		switch expr.MetaOf(path.Parts[0].Name) {
		case expr.MetaTime:
			return
		case expr.MetaIngest:
			p.Window.Ingest = true
			return
		}
	}
	p.fold.time = time
}

// byText orders calls.
func byText(c call, text string) int { return strings.Compare(c.text, text) }
