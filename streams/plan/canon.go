package plan

import (
	"slices"

	"github.com/edgedhq/edged/streams/aggregate"
	"github.com/edgedhq/edged/streams/sql"
)

// clause is where an expression stands, and so what its names may mean.
type clause struct {
	level   *level
	window  bool    // the query has a window: its bounds are names
	bounds  bool    // and may stand here
	aliases []named // of the select list, that may stand here
	members map[*sql.Path]int
	reason  string // why no aggregate stands here; empty where one may
	within  string // the aggregate that this is an argument of
}

const (
	reasonWhere = "WHERE chooses events before they are counted, so %s has no value there. Write HAVING."
	reasonGroup = "A group is found before it is counted, so %s has no value in GROUP BY. Group in an outer query: FROM (SELECT …)."
)

// canonical gives an expression with its names resolved.
func (m *maker) canonical(e sql.Expr, c *clause) sql.Expr {
	return m.rewrite(e, func(x sql.Expr) sql.Expr {
		switch x := x.(type) {
		case *sql.Path:
			y, err := m.name(x, c)
			if err != nil {
				m.add(err)
				return null(x.At)
			}
			return y
		case *sql.Call:
			return m.call(x, c)
		}
		return nil
	})
}

func (m *maker) canonicals(list []sql.Expr, c *clause) []sql.Expr {
	out := make([]sql.Expr, len(list))
	for i, e := range list {
		out[i] = m.canonical(e, c)
	}
	return out
}

// name resolves a path in the order of the dialect: alias of the stream, meta column, bound of the
// window, alias of the select list, field.
func (m *maker) name(p *sql.Path, c *clause) (sql.Expr, *sql.Error) {
	first := p.Parts[0].Name
	if first == c.level.alias && first != "" {
		return m.resolve(c.level, p)
	}
	if c.window && boundOf(first) {
		if !c.bounds || len(p.Parts) > 1 {
			return nil, fault(p.At, brief(p), "%s is known when rows are made: it stands in SELECT, HAVING and QUALIFY, outside aggregates. A field of that name is data.%s.", first, first)
		}
		return &sql.Path{At: p.At, Parts: p.Parts}, nil
	}
	i := slices.IndexFunc(c.aliases, func(n named) bool { return n.name == first })
	if i < 0 || first[0] == '_' {
		return m.resolve(c.level, p)
	}
	n := &c.aliases[i]
	if _, path := n.expr.(*sql.Path); len(p.Parts) > 1 && !path && c.members != nil {
		member := &sql.Path{At: p.At, Parts: p.Parts}
		c.members[member] = n.index
		return member, nil
	}
	return m.within(p, n, p.Parts[1:])
}

// call checks the name of a function, and resolves what an aggregate is given. It gives nil for a
// scalar function, whose arguments are resolved as all else.
func (m *maker) call(x *sql.Call, c *clause) sql.Expr {
	switch {
	case !aggregate.Is(x.Name):
		if slices.Contains(m.scalars, x.Name) {
			return nil
		}
		m.unknown(x)
		return null(x.At)
	case c.within != "":
		m.note(x.At, brief(x), "%s stands within %s, and aggregates do not nest. Aggregate in an inner query: FROM (SELECT …).", x.Name, c.within)
		return null(x.At)
	case c.reason != "":
		m.note(x.At, brief(x), c.reason, x.Name)
		return null(x.At)
	}
	inner := *c
	inner.within, inner.bounds, inner.aliases = x.Name, false, nil
	out := *x
	out.Args = make([]sql.Arg, len(x.Args))
	for i, a := range x.Args {
		out.Args[i] = sql.Arg{Expr: m.canonical(a.Expr, &inner), As: a.As}
	}
	out.Filter = m.canonical(x.Filter, &inner)
	return &out
}

func (m *maker) unknown(x *sql.Call) {
	m.unsure = true
	among := slices.Concat(m.scalars, aggregate.Names())
	if near := sql.Nearest(x.Name, among); near != "" {
		m.note(x.At, brief(x), "%s is no function. Did you mean %s?", clip(x.Name), near)
		return
	}
	m.note(x.At, brief(x), "%s is no function here.", clip(x.Name))
}

// aggregates says whether an expression that was not resolved yet has an aggregate.
func aggregates(list ...sql.Expr) bool {
	found := false
	for _, e := range list {
		sql.Walk(e, func(x sql.Expr) bool {
			c, ok := x.(*sql.Call)
			found = found || ok && aggregate.Is(c.Name)
			return !found
		})
	}
	return found
}
