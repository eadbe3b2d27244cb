package plan

import (
	"slices"
	"strings"

	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/sql"
)

// level is what the FROM of a query offers: events, or rows of the stage before, perhaps through
// queries that only filter and rename, which are put in. All expressions are in canonical form: a path
// is a meta column; a bound of the window; or a field of data, respectively a column of the rows,
// bare where that means nothing else.
type level struct {
	alias  string
	rows   bool     // rows of the stage before, or of the plan, else events
	plain  bool     // the rows are those of the plan, and there is no inner query
	window bool     // the rows are of windows
	star   bool     // further names are fields of the events
	names  []named  // columns, in order
	where  sql.Expr // of the queries that were put in, or nil
}

// named is a name with what it stands for.
type named struct {
	name  string
	expr  sql.Expr
	size  int
	index int // of the select list
}

func (l *level) find(name string) *named {
	for i := range l.names {
		if l.names[i].name == name {
			return &l.names[i]
		}
	}
	return nil
}

const (
	data        = "data"
	windowStart = "window_start"
	windowEnd   = "window_end"
)

// boundOf says whether a name is that of a bound of the window.
func boundOf(name string) bool { return name == windowStart || name == windowEnd }

// field gives the canonical path of a field, respectively of a column.
func field(at sql.Pos, parts []sql.Part) *sql.Path {
	bare := len(parts) > 0 && !parts[0].IsIndex && parts[0].Name != data && !boundOf(parts[0].Name) && !strings.HasPrefix(parts[0].Name, "_")
	if !bare {
		parts = slices.Concat([]sql.Part{{Name: data}}, parts)
	}
	return &sql.Path{At: at, Parts: parts}
}

// fieldOf gives the parts within data of a canonical path, and whether it is a field.
func fieldOf(p *sql.Path) ([]sql.Part, bool) {
	switch name := p.Parts[0].Name; {
	case name == data:
		return p.Parts[1:], true
	case boundOf(name), strings.HasPrefix(name, "_"):
		return nil, false
	}
	return p.Parts, true
}

// resolve gives what a path stands for, in canonical form.
func (m *maker) resolve(l *level, p *sql.Path) (sql.Expr, *sql.Error) {
	parts, aliased := p.Parts, false
	if l.alias != "" && parts[0].Name == l.alias {
		parts, aliased = parts[1:], true
	}
	if len(parts) == 0 || parts[0].Name == data && !parts[0].IsIndex {
		return m.resolveData(l, p, parts)
	}
	name := parts[0].Name
	if strings.HasPrefix(name, "_") {
		return m.resolveMeta(l, p, parts)
	}
	if parts[0].IsIndex && aliased {
		return m.resolveField(l, p, nil, parts)
	}
	return m.resolveField(l, p, parts[:1], parts[1:])
}

// resolveData resolves data, and what is said to lie within.
func (m *maker) resolveData(l *level, p *sql.Path, parts []sql.Part) (sql.Expr, *sql.Error) {
	if len(parts) > 1 && !parts[1].IsIndex {
		return m.resolveField(l, p, parts[1:2], parts[2:])
	}
	if l.rows || len(l.names) > 0 || !l.star {
		return nil, fault(p.At, brief(p), "%s is the data of an event, and %s. Name one of them: %s.", brief(p), l.what("the inner query gives columns", "rows have columns"), l.list())
	}
	return field(p.At, parts[min(1, len(parts)):]), nil
}

// resolveMeta resolves a name that begins with "_".
func (m *maker) resolveMeta(l *level, p *sql.Path, parts []sql.Part) (sql.Expr, *sql.Error) {
	name := parts[0].Name
	if n := l.find(name); n != nil {
		return m.within(p, n, parts[1:])
	}
	meta := expr.MetaOf(name)
	switch {
	case meta == expr.NoMeta:
		near := sql.Nearest(name, []string{"_key", "_time", "_ingest", "_origin", "_region", "_id", "_type", "_stream", "_headers"})
		if near != "" {
			return nil, fault(p.At, brief(p), "%s is no column of ours. Did you mean %s? A field of that name is data.%s.", clip(name), near, clip(name))
		}
		return nil, fault(p.At, brief(p), "Names with _ are ours, and %s is none of them. A field of that name is data.%s.", clip(name), clip(name))
	case l.rows:
		return nil, fault(p.At, brief(p), "%s is of events, and %s. Use one of the columns: %s.", name, l.what("the inner query gives rows of groups", "these are rows"), l.list())
	case meta == expr.MetaHeader && (len(parts) != 2 || parts[1].IsIndex):
		return nil, fault(p.At, brief(p), "_headers takes the name of a header. Write _headers['tenant'].")
	case meta != expr.MetaHeader && len(parts) > 1:
		return nil, fault(p.At, brief(p), "%s has no members. Write %s.", name, name)
	}
	return &sql.Path{At: p.At, Parts: parts}, nil
}

// resolveField resolves a field, respectively a column, and what of it is meant.
func (m *maker) resolveField(l *level, p *sql.Path, name, within []sql.Part) (sql.Expr, *sql.Error) {
	if len(name) > 0 {
		if n := l.find(name[0].Name); n != nil {
			return m.within(p, n, within)
		}
	}
	if l.star && !l.rows {
		return field(p.At, slices.Concat(name, within)), nil
	}
	names := make([]string, len(l.names))
	for i := range l.names {
		names[i] = l.names[i].name
	}
	if len(name) > 0 {
		if near := sql.Nearest(name[0].Name, names); near != "" {
			return nil, fault(p.At, brief(p), "%s no column %s. Did you mean %s?", l.what("The inner query gives", "There is"), clip(name[0].Name), near)
		}
	}
	return nil, fault(p.At, brief(p), "%s no column %s. %s %s.", l.what("The inner query gives", "There is"), brief(p), l.what("It gives", "The columns are"), l.list())
}

// within gives what a name stands for, or a member of it.
func (m *maker) within(p *sql.Path, n *named, parts []sql.Part) (sql.Expr, *sql.Error) {
	if len(parts) == 0 {
		m.spend(p.At, n.size)
		return n.expr, nil
	}
	base, ok := n.expr.(*sql.Path)
	if !ok || expr.MetaOf(base.Parts[0].Name) != expr.NoMeta || boundOf(base.Parts[0].Name) {
		return nil, fault(p.At, brief(p), "%s is computed, and a member of it is not taken here. Give the member a name where it is computed.", clip(n.name))
	}
	return &sql.Path{At: p.At, Parts: slices.Concat(base.Parts, parts)}, nil
}

// what says where columns are from.
func (l *level) what(inner, plain string) string {
	if l.plain {
		return plain
	}
	return inner
}

// list names the columns for an error.
func (l *level) list() string {
	var names []string
	for i := range l.names {
		names = append(names, l.names[i].name)
	}
	return clip(strings.Join(names, ", "))
}
