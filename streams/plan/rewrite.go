package plan

import "github.com/edgedhq/edged/streams/sql"

// rewrite gives e with other parts: what change gives for a part takes its place; where it gives nil,
// the part is kept and those within it are rewritten. The given tree stays as it is.
func (m *maker) rewrite(e sql.Expr, change func(sql.Expr) sql.Expr) sql.Expr {
	if e == nil {
		return nil
	}
	if !m.spend(e.Pos(), 1) {
		return null(e.Pos())
	}
	if other := change(e); other != nil {
		return other
	}
	in := func(x sql.Expr) sql.Expr { return m.rewrite(x, change) }
	switch e := e.(type) {
	case *sql.Call:
		c := *e
		c.Args = make([]sql.Arg, len(e.Args))
		for i, a := range e.Args {
			c.Args[i] = sql.Arg{Expr: in(a.Expr), As: a.As}
			if c.Name == "ROW" && a.As == "" {
				c.Args[i].As = memberName(a.Expr, c.Args[i].Expr)
			}
		}
		c.Filter, c.By = in(e.Filter), in(e.By)
		return &c
	case *sql.Unary:
		return &sql.Unary{At: e.At, Op: e.Op, X: in(e.X)}
	case *sql.Binary:
		return &sql.Binary{At: e.At, Op: e.Op, Left: in(e.Left), Right: in(e.Right)}
	case *sql.Is:
		return &sql.Is{At: e.At, X: in(e.X), Not: e.Not, What: e.What, From: in(e.From)}
	case *sql.Between:
		return &sql.Between{At: e.At, X: in(e.X), Low: in(e.Low), High: in(e.High), Not: e.Not}
	case *sql.In:
		return &sql.In{At: e.At, X: in(e.X), List: m.rewriteAll(e.List, change), Not: e.Not}
	case *sql.Like:
		l := *e
		l.X, l.Pattern = in(e.X), in(e.Pattern)
		return &l
	case *sql.Cast:
		return &sql.Cast{At: e.At, X: in(e.X), Type: e.Type, Try: e.Try}
	case *sql.Case:
		c := &sql.Case{At: e.At, Subject: in(e.Subject), Whens: make([]sql.When, len(e.Whens)), Else: in(e.Else)}
		for i, w := range e.Whens {
			c.Whens[i] = sql.When{If: in(w.If), Then: in(w.Then)}
		}
		return c
	}
	return e
}

func (m *maker) rewriteAll(list []sql.Expr, change func(sql.Expr) sql.Expr) []sql.Expr {
	out := make([]sql.Expr, len(list))
	for i, e := range list {
		out[i] = m.rewrite(e, change)
	}
	return out
}

// memberName is the name of a value of ROW, where what it was resolved to would give another than the
// path that was written.
func memberName(written, resolved sql.Expr) string {
	path, ok := written.(*sql.Path)
	if !ok {
		return ""
	}
	last := path.Parts[len(path.Parts)-1]
	if to, ok := resolved.(*sql.Path); last.IsIndex || ok && to.Parts[len(to.Parts)-1] == last {
		return ""
	}
	return last.Name
}

// lastName is the name that a path gives to what it stands for: its last that is no index.
func lastName(path *sql.Path) string {
	for i := len(path.Parts) - 1; i >= 0; i-- {
		if part := path.Parts[i]; !part.IsIndex {
			return part.Name
		}
	}
	return ""
}

// spend counts the parts of trees, and says whether there may be more.
func (m *maker) spend(at sql.Pos, n int) bool {
	m.parts += n
	if m.parts-n <= partsMax && m.parts > partsMax {
		m.note(at, "", "With what its names stand for, the query has more than %d parts. Write it as several functions.", partsMax)
	}
	return m.parts <= partsMax
}

// size counts the parts of a tree.
func size(e sql.Expr) int {
	n := 0
	sql.Walk(e, func(sql.Expr) bool { n++; return true })
	return n
}

// null stands where something was refused, so that it leads to no more faults.
func null(at sql.Pos) sql.Expr { return &sql.Literal{At: at, Kind: sql.Null, Text: "NULL"} }
