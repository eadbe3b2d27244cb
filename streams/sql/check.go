package sql

const second = "Write the result into a stream, then group that stream in a second function."

// complete refuses what the clauses of a query are not together. The query has no other fault.
func (p *parser) complete(q *Query) {
	if q.Select == nil {
		p.note(q.At, "", "The query has no SELECT. Write SELECT … FROM a stream.")
	}
	if q.From.Query == nil && q.From.Streams == nil {
		p.note(p.tok.at, p.tok.raw, "The query has no FROM. Write SELECT … FROM a stream.")
	}
	window := q.Window()
	if inner := q.From.Query; window != nil && inner != nil && inner.Window() != nil {
		p.note(window.At, window.Kind, "The inner query has a window, and the outer one is computed for each. Leave this one out.")
	}
	if e := q.Emit; e != nil && e.Kind == "FINAL" && window == nil && (q.From.Query == nil || q.From.Query.Window() == nil) {
		p.note(e.At, "EMIT FINAL", "Without a window no row is final. Write EMIT CHANGES, or group by a window.")
	}
	if q.GroupBy != nil {
		p.ungrouped(q)
	}
}

// Window gives the window of the query's GROUP BY, or nil.
func (q *Query) Window() *Window {
	for i := range q.GroupBy {
		if w := q.GroupBy[i].Window; w != nil {
			return w
		}
	}
	return nil
}

// ungrouped refuses what does not stand together with GROUP BY.
func (p *parser) ungrouped(q *Query) {
	for i := range q.Select {
		if c := &q.Select[i]; c.Star {
			p.note(c.At, "*", "* does not say which columns of a group are meant. Name them: SELECT city, COUNT(*) AS n.")
		}
	}
	if q.DistinctOn != nil {
		p.note(q.DistinctOn.At, "DISTINCT ON", "DISTINCT ON does not stand together with GROUP BY. %s", second)
	}
	for i := range q.Joins {
		p.note(q.Joins[i].At, "JOIN "+q.Joins[i].Name, "JOIN does not stand together with GROUP BY. %s", second)
	}
	if q.Match != nil {
		p.note(q.Match.At, "MATCH_RECOGNIZE", "A pattern does not stand together with GROUP BY. %s", second)
	}
	q.exprs(func(e Expr) {
		if c, ok := e.(*Call); ok && (c.Name == "CHANGED" || c.Name == "PREV") {
			p.note(c.At, brief(c), "%s does not stand together with GROUP BY. %s", c.Name, second)
		}
	})
}

// exprs visits every expression of the query, those of an inner query not.
func (q *Query) exprs(visit func(Expr)) {
	walk := func(e Expr) {
		Walk(e, func(e Expr) bool { visit(e); return true })
	}
	if q.DistinctOn != nil {
		for _, e := range q.DistinctOn.Keys {
			walk(e)
		}
	}
	for i := range q.Select {
		walk(q.Select[i].Expr)
	}
	for i := range q.Joins {
		walk(q.Joins[i].On)
	}
	walk(q.Where)
	for i := range q.GroupBy {
		walk(q.GroupBy[i].Expr)
	}
	walk(q.Having)
	if r := q.Qualify; r != nil {
		for _, e := range r.Partition {
			walk(e)
		}
		walk(r.Order.Expr)
	}
	for i := range q.OrderBy {
		walk(q.OrderBy[i].Expr)
	}
}
