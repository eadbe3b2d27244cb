package plan

import (
	"cmp"
	"slices"
	"strings"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/sql"
	"github.com/edgedhq/edged/streams/window"
)

// fold is what is done with the events of each log, beside the groups of the first stage.
type fold struct {
	where   sql.Expr // or nil
	time    sql.Expr // nil: _time, or _ingest if the window is of that
	columns []column // per event
	order   []order  // per event, of a query that runs once
}

// make divides the query: into what is folded, and the stages that present it.
func (m *maker) make(p *Plan) {
	m.inputs(p, m.query)
	if m.planned(); len(m.errs) > 0 {
		return
	}
	m.divided = true
	o := &p.Options
	p.Window = window.Spec{OutOfOrderness: o.OutOfOrderness, Idle: o.Idle, Lateness: o.Lateness, ReviseWithin: o.ReviseWithin}
	base := m.from(p, m.query)
	if base.rows || grouped(m.query) {
		p.Way = ByPartial
		m.stage(p, m.query, base)
	} else {
		m.perEvent(p, m.query, base)
	}
	if p.Options.Retain == unset {
		p.Options.Retain = window.Never
		if p.Window.Kind != window.None {
			p.Options.Retain = int64(defaultRetain)
		}
	}
	if len(m.errs) == 0 {
		m.compile(p)
		p.describe()
	}
}

// inputs gathers the streams that are read.
func (m *maker) inputs(p *Plan, q *sql.Query) {
	if q.From.Query != nil {
		m.inputs(p, q.From.Query)
		return
	}
	for _, s := range q.From.Streams {
		switch {
		case edged.CheckName("", s.Name) != nil:
			m.note(s.At, s.Name, "%s is no name of a stream: those are 1 to 128 of a-z, 0-9, '.', '_' and '-', the first a letter or digit. Write another name.", clip(s.Name))
		case slices.Contains(p.Inputs, s.Name):
			m.note(s.At, s.Name, "The stream %s stands twice. Write it once.", s.Name)
		default:
			p.Inputs = append(p.Inputs, s.Name)
		}
	}
	if len(p.Inputs) > inputsMax {
		m.note(q.From.At, "", "The query reads %d streams. At most %d are read together.", len(p.Inputs), inputsMax)
	}
	slices.SortFunc(p.Inputs, cmp.Compare[string])
}

// planned refuses what is not built yet, and what is wrong with it already.
func (m *maker) planned() {
	m.add(sql.Planned(m.query)...)
	for q := m.query; q != nil; q = q.From.Query {
		if len(q.Joins) > 0 {
			m.bareFields(q)
		}
	}
}

// bareFields refuses names that do not say which side of a join they are of.
func (m *maker) bareFields(q *sql.Query) {
	sides := []string{q.From.As}
	for i := range q.Joins {
		sides = append(sides, cmp.Or(q.Joins[i].As, q.Joins[i].Name))
	}
	check := func(e sql.Expr) {
		sql.Walk(e, func(x sql.Expr) bool {
			p, ok := x.(*sql.Path)
			if !ok {
				return true
			}
			if first := p.Parts[0].Name; !slices.Contains(sides, first) && !strings.HasPrefix(first, "_") {
				m.note(p.At, brief(p), "%s may be of either side of the join. Write %s.%s.", brief(p), cmp.Or(sides[0], sides[1]), brief(p))
			}
			return true
		})
	}
	for i := range q.Select {
		check(q.Select[i].Expr)
	}
	check(q.Where)
}

// from gives what a query reads from. Inner queries that group become stages, others are put in.
func (m *maker) from(p *Plan, q *sql.Query) *level {
	inner := q.From.Query
	if inner == nil {
		return &level{alias: q.From.As, star: true}
	}
	m.inner(inner)
	base := m.from(p, inner)
	if grouped(inner) || base.rows && inner.Qualify != nil {
		s := m.stage(p, inner, base)
		l := &level{alias: q.From.As, rows: true, window: s.window}
		for i := range s.columns {
			name := s.columns[i].name
			l.names = append(l.names, named{name: name, expr: field(inner.At, []sql.Part{{Name: name}}), size: 1})
		}
		return l
	}
	m.ungrouped(inner)
	c := clause{level: base, window: base.window, bounds: base.window, reason: reasonWhere}
	l := &level{alias: q.From.As, rows: base.rows, window: base.window, where: and(base.where, m.canonical(inner.Where, &c))}
	list := m.selected(inner, &c, !base.rows)
	l.names = make([]named, 0, len(list))
	for _, col := range list {
		if col.star {
			l.star = true
			continue
		}
		l.names = append(l.names, named{name: col.name, expr: col.expr, size: size(col.expr)})
	}
	return l
}

// inner refuses clauses that stand at the end of the whole query.
func (m *maker) inner(q *sql.Query) {
	if q.Emit != nil {
		m.note(q.Emit.At, "EMIT", "EMIT governs the rows of the whole query. Write it after the outer query.")
	}
	if len(q.With) > 0 {
		m.note(q.With[0].At, q.With[0].Name, "Options are those of the whole query. Write WITH after the outer query.")
	}
	if len(q.OrderBy) > 0 {
		m.note(q.OrderBy[0].Expr.Pos(), "ORDER BY", "The order of inner rows means nothing. Write ORDER BY after the outer query, or QUALIFY here.")
	}
	if q.Limit > 0 {
		m.note(q.At, "LIMIT", "LIMIT stands after the outer query. Here, write QUALIFY ROW_NUMBER() OVER (ORDER BY n DESC) <= %d.", q.Limit)
	}
}

// ungrouped refuses clauses that have no meaning without groups.
func (m *maker) ungrouped(q *sql.Query) {
	if q.Having != nil {
		m.note(q.Having.Pos(), brief(q.Having), reasonHaving)
	}
	if r := q.Qualify; r != nil {
		m.note(r.At, "QUALIFY", "QUALIFY ranks the rows of groups, and this query has none. Write GROUP BY, or WHERE.")
	}
}

const reasonHaving = "HAVING chooses groups by their aggregates, and there is none in it. Write WHERE."

// grouped says whether a query makes groups.
func grouped(q *sql.Query) bool {
	if len(q.GroupBy) > 0 || aggregates(q.Having) {
		return true
	}
	for i := range q.Select {
		if aggregates(q.Select[i].Expr) {
			return true
		}
	}
	return q.Qualify != nil && (aggregates(q.Qualify.Order.Expr) || aggregates(q.Qualify.Partition...))
}

// and joins two conditions of which either may be nil.
func and(a, b sql.Expr) sql.Expr {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return &sql.Binary{At: a.Pos(), Op: "AND", Left: a, Right: b}
}

// perEvent is a query that gives one event or none for each.
func (m *maker) perEvent(p *Plan, q *sql.Query, base *level) {
	m.ungrouped(q)
	c := clause{level: base, reason: reasonWhere}
	p.fold.where = and(base.where, m.canonical(q.Where, &c))
	p.fold.columns = base.envelope(m.selected(q, &c, true))
	p.fold.order = m.orders(q, &c, p.fold.columns, nil)
}

// envelope adds what inner queries set of the envelope, and the select list does not set again.
func (l *level) envelope(list []column) []column {
	for i := range l.names {
		n := &l.names[i]
		if meta := expr.MetaOf(n.name); meta == expr.NoMeta || slices.ContainsFunc(list, func(c column) bool { return c.name == n.name }) {
			continue
		}
		list = append(list, column{at: n.expr.Pos(), name: n.name, as: true, expr: n.expr})
	}
	return list
}

// emit reads EMIT, and refuses it where rows are not what goes out.
func (m *maker) emit(p *Plan) {
	e := m.query.Emit
	switch {
	case e == nil:
		if p.Window.Kind != window.None && p.Options.Into != "" {
			p.Emit.Kind = EmitFinal
		}
	case p.Way == PerEvent:
		if m.divided && !m.unsure {
			m.note(e.At, "EMIT "+e.Kind, "A query without groups writes what it makes of an event at once. Leave EMIT out.")
		}
	case e.Kind == "EVERY":
		p.Emit = Emit{EmitEvery, int64(e.Every)}
	case e.Kind == "FINAL":
		if p.Window.Kind == window.None && len(m.errs) == 0 {
			m.note(e.At, "EMIT FINAL", "Without a window no row is final. Write EMIT CHANGES, or group by a window.")
		}
		p.Emit.Kind = EmitFinal
	}
}
