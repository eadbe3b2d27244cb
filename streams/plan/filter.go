package plan

import (
	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/sql"
	"github.com/edgedhq/edged/streams/window"
)

// reasonFilter refuses an aggregate in a filter.
const reasonFilter = "A filter takes one event or row at a time, so %s has no value there. Count in a function, and filter its rows."

// Filter compiles a condition on the events of a stream, as filter= of reads, and adds its paths.
// Names mean what they do in a query of one stream without an alias. Two filters are one if their
// canonical texts are equal, which it gives too.
func Filter(e sql.Expr, paths *expr.Paths) (program *expr.Program, canonical string, errs sql.Errors) {
	m := newMaker(&sql.Query{Where: e})
	resolved := m.filter(&clause{level: &level{star: true}})
	if len(m.errs) > 0 {
		return nil, "", m.sorted()
	}
	b := &binder{compiler: &m.compiler, resolve: ofEvents(paths)}
	if program = b.condition(resolved); len(b.errs) > 0 {
		return nil, "", b.errs
	}
	return program, sql.Print(resolved), nil
}

// Filter compiles a condition on the rows of the plan, as where= of rows. It is tested over a row of
// expr whose columns are those of Plan.Columns, bounds of the window included.
func (p *Plan) Filter(e sql.Expr) (*expr.Program, sql.Errors) {
	m := newMaker(&sql.Query{Where: e})
	l := &level{rows: true, plain: true}
	for _, c := range p.Columns {
		l.names = append(l.names, named{name: c.Name, expr: field(e.Pos(), []sql.Part{{Name: c.Name}}), size: 1})
	}
	resolved := m.filter(&clause{level: l, window: p.Window.Kind != window.None, bounds: true})
	if len(m.errs) > 0 {
		return nil, m.sorted()
	}
	b := &binder{compiler: &m.compiler, resolve: p.ofColumn}
	program := b.condition(resolved)
	return program, b.errs
}

// filter resolves a condition that stands alone.
func (m *maker) filter(c *clause) sql.Expr {
	if m.add(sql.Planned(m.query)...); len(m.errs) > 0 {
		return nil
	}
	c.reason = reasonFilter
	return m.canonical(m.query.Where, c)
}

// ofColumn resolves canonical paths over the columns of the plan.
func (p *Plan) ofColumn(e sql.Expr) (*expr.Ref, *sql.Error) {
	path, ok := e.(*sql.Path)
	if !ok {
		return nil, nil
	}
	parts, column := fieldOf(path)
	if !column {
		parts = path.Parts
	}
	for i, c := range p.Columns {
		if c.Name == parts[0].Name {
			return refTo(i, p.typeOfColumn(i), parts[1:]), nil
		}
	}
	return nil, fault(path.At, brief(path), "There is no column %s.", brief(path))
}

// typeOfColumn is what is certain of a column.
func (p *Plan) typeOfColumn(i int) expr.Type {
	list := p.fold.columns
	if n := len(p.stages); n > 0 {
		list = p.stages[n-1].columns
	}
	if bounds := len(p.Columns) - len(list); i >= bounds {
		return list[i-bounds].typ
	}
	return expr.MetaTime.Type()
}

// AppendColumns appends the columns of a row as members of a JSON object, without braces: the bounds
// of the window first. There is always one.
func (p *Plan) AppendColumns(dst []byte, r *Row) []byte {
	bounds := len(p.Columns) - len(r.Values)
	for i := range p.Columns {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(expr.AppendQuoted(dst, p.Columns[i].Name), ':')
		switch {
		case i >= bounds:
			dst = expr.AppendJSON(dst, r.Values[i-bounds])
		case i == 0:
			dst = expr.AppendJSON(dst, expr.OfTimestamp(r.Window.Start))
		default:
			dst = expr.AppendJSON(dst, expr.OfTimestamp(r.Window.End))
		}
	}
	return dst
}
