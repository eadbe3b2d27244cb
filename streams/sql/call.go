package sql

import (
	"slices"
	"strings"
)

// windows are the functions that stand in GROUP BY only.
var windows = []string{"TUMBLE", "HOP", "CUMULATE", "SESSION", "ROWS"} // read-only

// clocks and chances are what other databases call functions that differ from node to node.
var (
	clocks = []string{ // read-only
		"NOW", "CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "LOCALTIMESTAMP", "LOCALTIME", "SYSDATE", "GETDATE",
		"CLOCK_TIMESTAMP", "UNIX_TIMESTAMP", "PROCTIME",
	}
	chances = []string{"RANDOM", "RAND", "UUID", "GEN_RANDOM_UUID", "NEWID"} // read-only
)

const rankOnly = "OVER stands only in QUALIFY. Write QUALIFY ROW_NUMBER() OVER (ORDER BY n DESC) <= 10."

func clockFault(called string) string {
	return called + " differs from node to node. Use _ingest, the time this event was appended."
}

// call reads a function with its arguments.
func (p *parser) call() Expr {
	t := p.tok
	c := &Call{At: t.at, Name: upper(t.raw)}
	p.spend(112+len(t.raw), len(t.raw)+2)
	if slices.Contains(windows, c.Name) {
		p.fault(c.Name + " is a window, and stands in GROUP BY. Elsewhere its bounds are window_start and window_end.")
		return c
	}
	p.advance()
	p.advance()
	switch {
	case p.tok.sign("*"):
		p.advance()
		c.Star = true
	case c.Name == "EXTRACT" && p.tok.named() && p.ahead("FROM"):
		p.extract(c)
	case !p.tok.sign(")"):
		c.Distinct = p.take("DISTINCT")
		p.noSelect()
		p.args(c)
	}
	p.wantSign(")")
	p.chance(t, c)
	p.tail(c)
	return c
}

// args reads what a call is given.
func (p *parser) args(c *Call) {
	for {
		a := Arg{Expr: p.expr()}
		if p.tok.is("AS") {
			if c.Name != "ROW" {
				p.fault("Only the values of ROW have names. Write ROW(a, b AS x), or the name after the parenthesis.")
			}
			p.advance()
			a.As = p.name("the name of the value")
		}
		c.Args = grow(p, c.Args, a, 32)
		if !p.sign(",") {
			return
		}
	}
}

// extract reads unit FROM t; the unit becomes a string, so that EXTRACT('unit', t) is the same.
func (p *parser) extract(c *Call) {
	p.spend(96, 6)
	unit := &Literal{p.tok.at, String, p.name("a unit")}
	p.spend(0, len(unit.Text))
	p.advance()
	c.Args = append(make([]Arg, 0, 2), Arg{Expr: unit}, Arg{Expr: p.expr()})
}

// chance refuses a function that would not be the same everywhere.
func (p *parser) chance(t token, c *Call) {
	called := c.Name
	if len(c.Args) == 0 {
		called += "()"
	}
	switch {
	case slices.Contains(clocks, c.Name):
		p.note(t.at, called, "%s", clockFault(called))
	case !slices.Contains(chances, c.Name):
	case c.Name[0] == 'R':
		p.note(t.at, called, "%s differs from node to node. Use HASH(_id) %% 100 < 5, which keeps 5 %% of the events.", called)
	default:
		p.note(t.at, called, "%s differs from node to node. Use _id, the id of this event.", called)
	}
}

// tail reads FILTER and BY.
func (p *parser) tail(c *Call) {
	if p.take("FILTER") {
		p.spend(0, 15)
		p.wantSign("(")
		p.want("WHERE")
		c.Filter = p.expr()
		p.wantSign(")")
	}
	if p.take("BY") {
		p.spend(0, 3)
		if p.enter() {
			c.By = p.value()
			p.leave()
		}
	}
	if p.tok.is("OVER") {
		p.fault(rankOnly)
	}
}

// upper is s in capitals, as names of functions and types are kept.
func upper(s string) string { return strings.ToUpper(s) }
