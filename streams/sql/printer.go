package sql

import (
	"strconv"
	"strings"
)

// Print writes a part of a tree as canonical text: words of the language in capitals, one space
// where there is one, and no more quotes and parentheses than are needed. What it writes of a
// query parses to an equal tree.
func Print(n Node) string {
	var p printer
	p.node(n)
	return p.String()
}

// brief is Print for an error: of a long text the beginning.
func brief(n Node) string {
	p := printer{most: 4 * valueCharactersMax}
	p.node(n)
	return clip(p.String())
}

type printer struct {
	strings.Builder
	most int // bytes; 0 is no bound
}

// put writes the pieces one after another.
func (p *printer) put(pieces ...string) {
	for _, s := range pieces {
		if p.most > 0 {
			s = s[:min(len(s), max(0, p.most-p.Len()))]
		}
		p.WriteString(s)
	}
}

func (p *printer) node(n Node) {
	switch n := n.(type) {
	case Expr:
		p.expr(n, 0)
	case *Query:
		p.query(n)
	case *Item:
		p.item(n)
	case *Window:
		p.window(n)
	case *Column:
		p.column(n)
	case *From:
		p.from(n)
	case *Unnest:
		p.put("UNNEST(")
		p.expr(n.Path, 0)
		p.put(") AS ", quote(n.As))
	case *Join:
		p.join(n)
	case *DistinctOn:
		p.put("DISTINCT ON (")
		p.list(n.Keys)
		p.put(") WITHIN ", interval(n.Within))
	case *Rank:
		p.rank(n)
	case *Emit:
		p.put("EMIT ", n.Kind)
		if n.Kind == "EVERY" {
			p.put(" ", interval(n.Every))
		}
	case *Option:
		p.put(quote(n.Name), "=")
		p.expr(n.Value, 0)
	case *Match:
		p.match(n)
	case *Pattern:
		p.pattern(n)
	}
}

func (p *printer) query(q *Query) {
	p.put("SELECT ")
	if q.DistinctOn != nil {
		p.node(q.DistinctOn)
		p.put(" ")
	}
	p.columns(q.Select)
	p.put(" FROM ")
	p.from(&q.From)
	for i := range q.Joins {
		p.put(" ")
		p.join(&q.Joins[i])
	}
	if q.Match != nil {
		p.put(" ")
		p.match(q.Match)
	}
	p.clause(" WHERE ", q.Where)
	for i := range q.GroupBy {
		p.next(i, " GROUP BY ")
		p.item(&q.GroupBy[i])
	}
	p.clause(" HAVING ", q.Having)
	if q.Qualify != nil {
		p.put(" QUALIFY ")
		p.rank(q.Qualify)
	}
	for i, o := range q.OrderBy {
		p.next(i, " ORDER BY ")
		p.order(o)
	}
	if q.Limit > 0 {
		p.put(" LIMIT ", strconv.Itoa(q.Limit))
	}
	if q.Emit != nil {
		p.put(" ")
		p.node(q.Emit)
	}
	for i := range q.With {
		p.next(i, " WITH (")
		p.node(&q.With[i])
	}
	if q.With != nil {
		p.put(")")
	}
}

// next writes what stands before the element i of a list.
func (p *printer) next(i int, first string) {
	if i == 0 {
		p.put(first)
		return
	}
	p.put(", ")
}

func (p *printer) clause(word string, e Expr) {
	if e != nil {
		p.put(word)
		p.expr(e, 0)
	}
}

func (p *printer) columns(list []Column) {
	for i := range list {
		p.next(i, "")
		p.column(&list[i])
	}
}

func (p *printer) column(c *Column) {
	if c.Star {
		p.put("*")
		return
	}
	p.expr(c.Expr, 0)
	p.as(c.As)
}

func (p *printer) as(name string) {
	if name != "" {
		p.put(" AS ", quote(name))
	}
}

func (p *printer) from(f *From) {
	switch {
	case f.Query != nil:
		p.put("(")
		p.query(f.Query)
		p.put(")")
	case len(f.Streams) == 1:
		p.put(source(f.Streams[0].Name))
	default:
		for i, s := range f.Streams {
			p.next(i, "STREAMS(")
			p.put(quote(s.Name))
		}
		p.put(")")
	}
	p.as(f.As)
	if f.Unnest != nil {
		p.put(", ")
		p.node(f.Unnest)
	}
}

func (p *printer) join(j *Join) {
	if j.Left {
		p.put("LEFT ")
	}
	p.put("JOIN ")
	if j.Collection {
		p.put("COLLECTION ")
	}
	p.put(source(j.Name))
	p.as(j.As)
	p.clause(" ON ", j.On)
}

func (p *printer) item(i *Item) {
	if i.Window != nil {
		p.window(i.Window)
		return
	}
	p.expr(i.Expr, 0)
}

func (p *printer) window(w *Window) {
	p.put(w.Kind, "(")
	switch w.Kind {
	case "ROWS":
		p.put(strconv.Itoa(w.Rows))
		if w.RowsStep != w.Rows {
			p.put(", ", strconv.Itoa(w.RowsStep))
		}
	case "SESSION":
		p.expr(w.Time, 0)
		p.put(", ", interval(w.Gap))
	default:
		p.expr(w.Time, 0)
		if w.Kind != "TUMBLE" {
			p.put(", ", interval(w.Step))
		}
		p.put(", ", interval(w.Size))
		if w.Align != 0 {
			p.put(", ", interval(w.Align))
		}
	}
	p.put(")")
}

func (p *printer) rank(r *Rank) {
	p.put(r.Func, "() OVER (")
	for i, e := range r.Partition {
		p.next(i, "PARTITION BY ")
		p.expr(e, 0)
	}
	if r.Partition != nil {
		p.put(" ")
	}
	p.put("ORDER BY ")
	p.order(r.Order)
	p.put(") ", r.Op, " ", strconv.Itoa(r.N))
}

func (p *printer) order(o Order) {
	p.expr(o.Expr, 0)
	if o.Desc {
		p.put(" DESC")
	}
}

// quote writes a name, in quotes if it needs them.
func quote(name string) string {
	if bare(name) {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// source writes the name of a stream where STREAMS or COLLECTION would mean something else.
func source(name string) string {
	if w := known(name).text; w == "STREAMS" || w == "COLLECTION" {
		return `"` + name + `"`
	}
	return quote(name)
}
