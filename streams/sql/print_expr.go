package sql

import (
	"strconv"
	"strings"
)

// What binds tighter has the larger number; what is looser than its place asks for stands in
// parentheses.
const (
	bindsOr = iota + 1
	bindsAnd
	bindsNot
	bindsTest
	bindsSum
	bindsTerm
	bindsUnary
	bindsValue
)

func binds(e Expr) int {
	switch e := e.(type) {
	case *Binary:
		switch e.Op {
		case "OR":
			return bindsOr
		case "AND":
			return bindsAnd
		case "+", "-", "||":
			return bindsSum
		case "*", "/", "%":
			return bindsTerm
		}
		return bindsTest
	case *Unary:
		if e.Op == "NOT" {
			return bindsNot
		}
		return bindsUnary
	case *Is, *Between, *In, *Like:
		return bindsTest
	}
	return bindsValue
}

// expr writes e where something that binds at least as tight as least is asked for.
func (p *printer) expr(e Expr, least int) {
	if binds(e) < least {
		p.put("(")
		defer p.put(")")
	}
	switch e := e.(type) {
	case *Literal:
		p.literal(e)
	case *Path:
		p.path(e)
	case *Call:
		p.call(e)
	case *Unary:
		p.unary(e)
	case *Binary:
		p.binary(e)
	case *Cast:
		p.cast(e)
	case *Case:
		p.choice(e)
	case *Interval:
		p.put(interval(e.Length))
	default:
		p.test(e)
	}
}

func (p *printer) list(list []Expr) {
	for i, e := range list {
		p.next(i, "")
		p.expr(e, 0)
	}
}

func (p *printer) literal(l *Literal) {
	if l.Kind == String {
		p.put(single(l.Text))
		return
	}
	p.put(l.Text)
}

// single writes a string.
func single(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func (p *printer) path(path *Path) {
	for i, part := range path.Parts {
		switch {
		case part.IsIndex:
			p.put("[", strconv.Itoa(part.Index), "]")
		case i == 0:
			p.put(quote(part.Name))
		case bare(part.Name):
			p.put(".", part.Name)
		default:
			p.put("[", single(part.Name), "]")
		}
	}
}

func (p *printer) call(c *Call) {
	p.put(c.Name, "(")
	switch unit := extracted(c); {
	case c.Star:
		p.put("*")
	case unit != "":
		p.put(unit, " FROM ")
		p.expr(c.Args[1].Expr, 0)
	default:
		if c.Distinct {
			p.put("DISTINCT ")
		}
		for i, a := range c.Args {
			p.next(i, "")
			p.expr(a.Expr, 0)
			p.as(a.As)
		}
	}
	p.put(")")
	if c.Filter != nil {
		p.clause(" FILTER (WHERE ", c.Filter)
		p.put(")")
	}
	if c.By != nil {
		p.put(" BY ")
		p.expr(c.By, bindsValue)
	}
}

// extracted gives the unit of EXTRACT(unit FROM t), or nothing.
func extracted(c *Call) string {
	if c.Name != "EXTRACT" || len(c.Args) != 2 || c.Distinct {
		return ""
	}
	if unit, ok := c.Args[0].Expr.(*Literal); ok && unit.Kind == String && bare(unit.Text) {
		return unit.Text
	}
	return ""
}

func (p *printer) unary(u *Unary) {
	if u.Op == "NOT" {
		p.put("NOT ")
		p.expr(u.X, bindsTest)
		return
	}
	p.put("-")
	p.expr(u.X, bindsValue)
}

// binary writes operators that group from the left; comparisons do not group.
func (p *printer) binary(b *Binary) {
	level := binds(b)
	left := level
	if level == bindsTest {
		left++
	}
	p.expr(b.Left, left)
	p.put(" ", b.Op, " ")
	p.expr(b.Right, level+1)
}

func (p *printer) cast(c *Cast) {
	if c.Try {
		p.put("TRY_")
	}
	p.put("CAST(")
	p.expr(c.X, 0)
	p.put(" AS ", c.Type.String(), ")")
}

// String is the type as it is written.
func (t Type) String() string {
	if t.Name != "DECIMAL" {
		return t.Name
	}
	return "DECIMAL(" + strconv.Itoa(t.Precision) + "," + strconv.Itoa(t.Scale) + ")"
}

func (p *printer) choice(c *Case) {
	p.put("CASE")
	p.clause(" ", c.Subject)
	for _, w := range c.Whens {
		p.clause(" WHEN ", w.If)
		p.clause(" THEN ", w.Then)
	}
	p.clause(" ELSE ", c.Else)
	p.put(" END")
}

// test writes IS, BETWEEN, IN and LIKE.
func (p *printer) test(e Expr) {
	not := func(is bool) string {
		if is {
			return " NOT"
		}
		return ""
	}
	switch e := e.(type) {
	case *Is:
		p.expr(e.X, bindsSum)
		p.put(" IS", not(e.Not), " ", e.What)
		if e.From != nil {
			p.put(" FROM ")
			p.expr(e.From, bindsSum)
		}
	case *Between:
		p.expr(e.X, bindsSum)
		p.put(not(e.Not), " BETWEEN ")
		p.expr(e.Low, bindsSum)
		p.put(" AND ")
		p.expr(e.High, bindsSum)
	case *In:
		p.expr(e.X, bindsSum)
		p.put(not(e.Not), " IN (")
		p.list(e.List)
		p.put(")")
	case *Like:
		p.expr(e.X, bindsSum)
		p.put(not(e.Not))
		p.put(map[bool]string{false: " LIKE ", true: " ILIKE "}[e.AnyCase])
		p.expr(e.Pattern, bindsSum)
		if e.Escape != "" {
			p.put(" ESCAPE ", single(e.Escape))
		}
	}
}
