package sql

import (
	"math/rand/v2"
	"strconv"
	"time"
)

// maker makes trees that a text could have, for the laws.
type maker struct{ *rand.Rand }

func pick[T any](m maker, list ...T) T { return list[m.IntN(len(list))] }

func (m maker) odd(n int) bool { return m.IntN(n) == 0 }

func (m maker) name() string {
	return pick(m, "a", "price", "_time", "data", "größe", "first", "rows", "Final", "streams", "collection", "pattern",
		"order", "SELECT", "By", "a b", "", `q"q`, "1st", "it's", "orders-eu", "now", "current_date", "ſelect", "match", "e1", "x\ny")
}

func (m maker) alias() string {
	for {
		if s := m.name(); s != "" {
			return s
		}
	}
}

func (m maker) length() time.Duration {
	return time.Duration(1+m.IntN(100)) * pick(m, time.Millisecond, time.Second, time.Minute, time.Hour, 24*time.Hour)
}

func (m maker) exprs(deep int) []Expr {
	list := []Expr{m.expr(deep)}
	for !m.odd(2) {
		list = append(list, m.expr(deep))
	}
	return list
}

func (m maker) expr(deep int) Expr {
	if deep <= 0 || m.odd(4) {
		return m.leaf()
	}
	deep--
	switch m.IntN(12) {
	case 0, 1, 2:
		op := pick(m, "OR", "AND", "=", "<>", "<", "<=", ">", ">=", "+", "-", "||", "*", "/", "%")
		return &Binary{Op: op, Left: m.expr(deep), Right: m.expr(deep)}
	case 3:
		return &Unary{Op: pick(m, "NOT", "-"), X: m.expr(deep)}
	case 4:
		is := &Is{X: m.expr(deep), Not: m.odd(2), What: pick(m, "NULL", "TRUE", "FALSE", "DISTINCT")}
		if is.What == "DISTINCT" {
			is.From = m.expr(deep)
		}
		return is
	case 5:
		return &Between{X: m.expr(deep), Low: m.expr(deep), High: m.expr(deep), Not: m.odd(2)}
	case 6:
		return &In{X: m.expr(deep), List: m.exprs(deep), Not: m.odd(2)}
	case 7:
		return &Like{X: m.expr(deep), Pattern: m.expr(deep), Not: m.odd(2), AnyCase: m.odd(2), Escape: pick(m, "", "'", `\`, "é")}
	case 8:
		kind := Type{Name: pick(m, types...)}
		if kind.Name == "DECIMAL" {
			kind.Precision = 1 + m.IntN(38)
			kind.Scale = m.IntN(kind.Precision + 1)
		}
		return &Cast{X: m.expr(deep), Type: kind, Try: m.odd(2)}
	case 9:
		return m.choice(deep)
	}
	return m.call(deep)
}

func (m maker) leaf() Expr {
	switch m.IntN(7) {
	case 0:
		return &Literal{Kind: Number, Text: pick(m, "0", "007", "0.50", "1e6", "2E-3", "123456789012345678901234567890")}
	case 1:
		return &Literal{Kind: String, Text: pick(m, "", "it's", "--", "/*", "\n", `"`, "hour", "é")}
	case 2:
		return pick(m, &Literal{Kind: Null, Text: "NULL"}, &Literal{Kind: Boolean, Text: "TRUE"}, &Literal{Kind: Boolean, Text: "FALSE"})
	case 3:
		return &Interval{Length: time.Duration(m.IntN(3)) * m.length()}
	}
	path := &Path{Parts: []Part{{Name: m.name()}}}
	for !m.odd(2) {
		path.Parts = append(path.Parts, pick(m, Part{Name: m.name()}, Part{Index: m.IntN(1 << 31), IsIndex: true}))
	}
	return path
}

func (m maker) choice(deep int) Expr {
	c := &Case{Whens: []When{{m.expr(deep), m.expr(deep)}}}
	if m.odd(2) {
		c.Subject = m.expr(deep)
	}
	for m.odd(2) {
		c.Whens = append(c.Whens, When{m.expr(deep), m.expr(deep)})
	}
	if m.odd(2) {
		c.Else = m.expr(deep)
	}
	return c
}

func (m maker) call(deep int) Expr {
	c := &Call{Name: pick(m, "COUNT", "ROW", "EXTRACT", "LAST", "F_1", "CHANGED", "FINAL", "ÉTÉ")}
	switch {
	case m.odd(5):
		c.Star = true
	case !m.odd(5):
		c.Distinct = m.odd(4)
		for _, e := range m.exprs(deep) {
			a := Arg{Expr: e}
			if c.Name == "ROW" && m.odd(2) {
				a.As = m.alias()
			}
			c.Args = append(c.Args, a)
		}
	}
	if m.odd(4) {
		c.Filter = m.expr(deep)
	}
	if m.odd(4) {
		c.By = m.expr(deep)
	}
	return c
}

func (m maker) columns(star bool) []Column {
	var list []Column
	for {
		c := Column{Star: star && m.odd(4)}
		if !c.Star {
			c.Expr = m.expr(3)
			if m.odd(2) {
				c.As = m.alias()
			}
		}
		if list = append(list, c); m.odd(2) {
			return list
		}
	}
}

func (m maker) query(deep int, once bool) *Query {
	q := &Query{From: m.from(deep, once)}
	for m.odd(5) {
		q.GroupBy = append(q.GroupBy, Item{Expr: m.expr(2)})
	}
	if grouped := m.odd(3); grouped {
		q.GroupBy = append(q.GroupBy, Item{Window: m.window()})
		q.From.Query = nil
		q.From.Streams = []Stream{{Name: m.alias()}}
	}
	q.Select = m.columns(q.GroupBy == nil)
	if q.GroupBy == nil {
		m.alone(q)
	} else {
		clean(q)
	}
	if m.odd(2) {
		q.Where = m.expr(4)
	}
	if m.odd(4) {
		q.Having = m.expr(2)
	}
	if m.odd(4) {
		q.Qualify = &Rank{Func: pick(m, "RANK", "ROW_NUMBER"), Order: m.order(), Op: pick(m, "=", "<="), N: 1 + m.IntN(9)}
		if m.odd(2) {
			q.Qualify.Partition = m.exprs(2)
		}
	}
	if once {
		for m.odd(2) {
			q.OrderBy = append(q.OrderBy, m.order())
		}
		q.Limit = m.IntN(3)
	} else {
		m.tail(q)
	}
	if q.GroupBy != nil {
		clean(q)
	}
	return q
}

// clean takes out what does not stand together with GROUP BY.
func clean(q *Query) {
	q.exprs(func(e Expr) {
		if c, ok := e.(*Call); ok && c.Name == "CHANGED" {
			c.Name = "HASH"
		}
	})
}

// alone adds what stands without GROUP BY only.
func (m maker) alone(q *Query) {
	if m.odd(4) {
		q.DistinctOn = &DistinctOn{Keys: m.exprs(2), Within: m.length()}
	}
	for m.odd(3) {
		j := Join{Left: m.odd(2), Collection: m.odd(2), Name: m.alias(), As: m.alias()}
		at := func(of, name string) Expr { return &Path{Parts: []Part{{Name: of}, {Name: name}}} }
		j.On = &Binary{Op: "=", Left: at(j.As, "key"), Right: &Path{Parts: []Part{{Name: m.name()}}}}
		if !j.Collection {
			low := Expr(at("a", "_time"))
			if m.odd(2) {
				low = &Binary{Op: pick(m, "+", "-"), Left: low, Right: &Interval{Length: m.length()}}
			}
			j.On = &Binary{Op: "AND", Left: j.On, Right: &Between{X: at(j.As, "_time"), Low: low, High: at("a", "_time")}}
		}
		q.Joins = append(q.Joins, j)
	}
	if m.odd(4) {
		q.Match = m.match()
	}
}

func (m maker) from(deep int, once bool) From {
	f := From{As: pick(m, "", m.alias())}
	switch {
	case deep > 0 && m.odd(4):
		f.Query = m.query(deep-1, once)
	case m.odd(3):
		f.As = ""
		f.Streams = []Stream{{Name: m.name()}, {Name: m.name()}}
	default:
		f.Streams = []Stream{{Name: m.name()}}
	}
	if m.odd(4) {
		f.Unnest = &Unnest{Path: &Path{Parts: []Part{{Name: m.name()}, {Name: m.name()}}}, As: m.alias()}
	}
	return f
}

func (m maker) window() *Window {
	w := &Window{Kind: pick(m, windows...)}
	if w.Kind == "ROWS" {
		w.Rows, w.RowsStep = 1+m.IntN(9), 1+m.IntN(9)
		return w
	}
	w.Time = m.expr(1)
	step := 100*time.Millisecond + m.length()
	switch w.Kind {
	case "SESSION":
		w.Gap = step
		return w
	case "TUMBLE":
		w.Size = step
	default:
		w.Step, w.Size = step, time.Duration(1+m.IntN(9))*step
	}
	if m.odd(2) {
		w.Align = m.length()
	}
	return w
}

func (m maker) order() Order { return Order{Expr: m.expr(2), Desc: m.odd(2)} }

func (m maker) tail(q *Query) {
	if m.odd(2) {
		q.Emit = &Emit{Kind: pick(m, "CHANGES", "EVERY")}
		if q.Emit.Kind == "EVERY" {
			q.Emit.Every = m.length()
		}
		if q.Window() != nil && m.odd(2) {
			q.Emit = &Emit{Kind: "FINAL"}
		}
	}
	for i := 0; m.odd(2); i++ {
		value := &Literal{Kind: String, Text: m.name()}
		if m.odd(3) {
			value = &Literal{Kind: Boolean, Text: "TRUE"}
		}
		q.With = append(q.With, Option{Name: m.name() + strconv.Itoa(i), Value: value})
	}
}

func (m maker) match() *Match {
	match := &Match{
		Partition: m.exprs(2), Measures: m.columns(true), Pattern: m.pattern(4), Within: m.length(), SkipNext: m.odd(2),
	}
	for {
		match.Define = append(match.Define, Definition{Name: m.name(), Expr: m.expr(2)})
		if m.odd(2) {
			return match
		}
	}
}

func (m maker) pattern(deep int) *Pattern {
	p := &Pattern{Min: 1, Max: 1}
	if deep == 0 || m.odd(3) {
		if p.Name = m.name(); m.odd(4) {
			p.Kind, p.Within = None, time.Duration(m.IntN(2))*m.length()
			return p
		}
	} else {
		p.Kind = pick(m, Sequence, AnyOf, AllOf)
		for len(p.Steps) < 2 || m.odd(2) {
			step := m.pattern(deep - 1)
			step.Later = p.Kind == Sequence && len(p.Steps) > 0 && m.odd(2)
			p.Steps = append(p.Steps, step)
		}
	}
	if !m.odd(3) {
		return p
	}
	p.Min, p.Max = m.IntN(3), pick(m, -1, 2, 3)
	if m.odd(4) {
		return &Pattern{Kind: Sequence, Steps: []*Pattern{p}, Max: 1}
	}
	return p
}
