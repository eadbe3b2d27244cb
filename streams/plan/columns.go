package plan

import (
	"slices"
	"strconv"
	"strings"

	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/sql"
)

// column is one of a select list, or a group column that was not selected.
type column struct {
	at   sql.Pos
	name string
	as   bool // the name was given
	star bool // all members of data
	expr sql.Expr
	typ  expr.Type
}

// order is one of ORDER BY.
type order struct {
	expr sql.Expr
	desc bool
}

// selected reads a select list. Of events the names _key, _time and _type may be given.
func (m *maker) selected(q *sql.Query, c *clause, events bool) []column {
	list := make([]column, 0, len(q.Select)+len(c.level.names))
	for i := range q.Select {
		s := &q.Select[i]
		if s.Star {
			list = m.all(list, s, c, grouped(q))
			continue
		}
		faults := len(m.errs)
		col := column{at: s.At, as: s.As != "", expr: m.canonical(s.Expr, c)}
		if p, ok := s.Expr.(*sql.Path); ok && c.window && boundOf(p.Parts[0].Name) && s.As == "" {
			continue // it is in every row
		}
		col.name = nameOfColumn(s.As, col.expr, s.Expr, "column_"+strconv.Itoa(i+1))
		if len(m.errs) == faults {
			m.checkName(&col, events)
		}
		list = append(list, col)
	}
	return m.distinct(list)
}

// nameOfColumn is the name of a column: the one that was given, the last of a path, or another.
func nameOfColumn(as string, canonical, written sql.Expr, other string) string {
	p, path := written.(*sql.Path)
	if as != "" || !path {
		if as == "" {
			return other
		}
		return as
	}
	name := lastName(p)
	if to, ok := canonical.(*sql.Path); ok && expr.MetaOf(to.Parts[0].Name) != expr.NoMeta && expr.MetaOf(name) != expr.NoMeta {
		name = strings.TrimPrefix(name, "_")
	}
	return name
}

// all appends the columns that * stands for.
func (m *maker) all(list []column, s *sql.Column, c *clause, grouped bool) []column {
	if grouped {
		m.note(s.At, "*", "* does not say which columns of a group are meant. Name them: SELECT city, COUNT(*) AS n.")
		return list
	}
	if c.level.star {
		list = append(list, column{at: s.At, name: "*", star: true})
	}
	for _, n := range c.level.names {
		m.spend(s.At, n.size)
		list = append(list, column{at: s.At, name: n.name, as: true, expr: n.expr})
	}
	return list
}

// checkName refuses a name that is ours.
func (m *maker) checkName(c *column, events bool) {
	switch meta := expr.MetaOf(c.name); {
	case !events && boundOf(c.name):
		m.note(c.at, c.name, "A column named %s is in every row with a window. Give this one another name: AS start.", c.name)
	case !strings.HasPrefix(c.name, "_"), events && !c.as:
	case !events:
		m.note(c.at, c.name, "Names with _ are ours. Give the column another name: AS %s.", strings.TrimLeft(clip(c.name), "_")+"_")
	case meta != expr.MetaKey && meta != expr.MetaTime && meta != expr.MetaType:
		m.note(c.at, c.name, "Of the names with _, an event takes _key, _time and _type. Give the column another name.")
	}
}

// distinct refuses two columns of one name. A column that stands after * may have the name of one that
// * stands for, and takes its place.
func (m *maker) distinct(list []column) []column {
	out := list[:0]
	for _, c := range list {
		at := slices.IndexFunc(out, func(o column) bool { return o.name == c.name })
		switch {
		case at < 0:
			out = append(out, c)
		case out[at].at == c.at || m.fromStar(&out[at]):
			out[at] = c
		case m.fromStar(&c):
		default:
			m.note(c.at, c.name, "Two columns are named %s. Give one another name with AS.", clip(c.name))
		}
	}
	if len(out) > columnsMax {
		m.note(list[0].at, "", "The query has %d columns. At most %d fit; put several values into one: ROW(a, b AS x).", len(out), columnsMax)
	}
	return out
}

// fromStar says whether a column was made by * of an inner query's columns.
func (m *maker) fromStar(c *column) bool {
	for q := m.query; q != nil; q = q.From.Query {
		for i := range q.Select {
			if q.Select[i].Star && q.Select[i].At == c.at {
				return true
			}
		}
	}
	return false
}

// orders reads ORDER BY.
func (m *maker) orders(q *sql.Query, c *clause, list []column, members map[*sql.Path]int) []order {
	with := *c
	with.aliases, with.members = aliases(list), members
	var out []order
	for _, o := range q.OrderBy {
		out = append(out, order{m.canonical(o.Expr, &with), o.Desc})
	}
	return out
}

// aliases are the names that a select list gave.
func aliases(list []column) []named {
	var out []named
	for i := range list {
		if c := &list[i]; c.as && !c.star {
			out = append(out, named{name: c.name, expr: c.expr, size: size(c.expr), index: i})
		}
	}
	return out
}
