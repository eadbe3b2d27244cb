package sql

import "slices"

// query reads the clauses of a query that begins within base parentheses. After a fault it goes
// on at the next clause.
func (p *parser) query(base int) *Query {
	q := &Query{At: p.tok.at}
	p.spend(480, 10)
	if !p.enter() {
		return q
	}
	defer p.leave()
	faults := p.faults
	if !p.begins() || p.tok.is("WITH") {
		p.noQuery()
	}
	last := -1
	for {
		p.settle(base)
		if p.tok.kind == end || base > 0 && p.open == base && p.tok.sign(")") {
			break
		}
		if p.tok.sign(";") && base == 0 {
			p.advance()
			if p.tok.kind != end {
				p.stop(p.tok.shown() + " stands after the end of the query. Write one query.")
			}
			continue
		}
		if at := slices.Index(clauses, p.clauseWord()); at >= 0 {
			p.order(at, last)
			last = max(last, at)
			p.clause(q, clauses[at])
			continue
		}
		p.stray(last)
	}
	if p.faults == faults {
		p.complete(q)
	}
	return q
}

// clauseWord is the word under which the clause that begins here is known.
func (p *parser) clauseWord() string {
	if p.tok.is("LEFT") {
		return "JOIN"
	}
	return p.tok.word.text
}

// order reports a clause that stands twice or too late. JOIN may be repeated.
func (p *parser) order(at, last int) {
	by := map[string]string{"GROUP": " BY", "ORDER": " BY"}
	switch word := clauses[at]; {
	case at == last && word != "JOIN":
		p.note(p.tok.at, p.tok.raw, "%s stands twice. Write one.", word+by[word])
	case at < last:
		p.note(p.tok.at, p.tok.raw, "%s stands after %s. Write it before.", word+by[word], clauses[last]+by[clauses[last]])
	}
}

func (p *parser) clause(q *Query, word string) {
	switch word {
	case "SELECT":
		p.columns(q)
	case "FROM":
		p.from(q)
	case "JOIN":
		p.join(q)
	case "MATCH_RECOGNIZE":
		p.match(q)
	case "WHERE":
		p.advance()
		q.Where = p.expr()
	case "GROUP":
		p.groups(q)
	case "HAVING":
		p.advance()
		q.Having = p.expr()
	case "QUALIFY":
		p.rank(q)
	case "ORDER":
		p.orders(q)
	case "LIMIT":
		p.limit(q)
	case "EMIT":
		p.emit(q)
	case "WITH":
		p.with(q)
	}
}

// noQuery reports a text that does not begin with SELECT.
func (p *parser) noQuery() {
	switch t := &p.tok; {
	case t.kind == end:
		p.fault("There is no query. Write SELECT … FROM a stream.")
	case t.is("WITH"):
		p.stop("A query begins with SELECT. Write what WITH names as FROM (SELECT …).")
	case t.kind == name && slices.Contains([]string{"CREATE", "INSERT", "REPLACE"}, upper(clip(t.raw))):
		p.fault("A query begins with SELECT. The PUT names the function, and the option into the stream that it writes.")
	default:
		p.expected("SELECT", "SELECT")
	}
}

// stray reports what continues no clause.
func (p *parser) stray(last int) {
	t := &p.tok
	switch {
	case t.is("UNION") || t.is("INTERSECT") || t.is("EXCEPT"):
		p.stop(t.word.text + " is not part of the language. Read both streams: FROM STREAMS(a, b); the column _stream tells them apart.")
	case t.sign(")"):
		p.fault("No parenthesis is open here. Leave it out, or open one before.")
	case t.is("OVER"):
		p.fault(rankOnly)
	case last == slices.Index(clauses, "FROM") && p.outer():
	default:
		p.unexpected("the query should go on or end", slices.Concat(clauses[max(last, 0):], joins))
	}
}

// outer reports joins of other kinds.
func (p *parser) outer() bool {
	if !p.ahead("JOIN") && !p.ahead("OUTER") {
		return false
	}
	switch t := &p.tok; {
	case t.is("INNER"):
		p.fault("INNER JOIN is written JOIN.")
	case t.is("RIGHT"):
		p.fault("RIGHT JOIN is not part of the language. Change the places of the streams and write LEFT JOIN.")
	case t.is("FULL") || t.is("CROSS"):
		p.fault(t.word.text + " JOIN is not part of the language. Write JOIN or LEFT JOIN, with a range of time.")
	default:
		return false
	}
	return true
}

// alias reads [AS] name, if it stands here.
func (p *parser) alias() string {
	if p.take("AS") {
		return p.name("a name")
	}
	if !p.tok.named() || p.tok.kind == name && p.another() {
		return ""
	}
	return p.name("a name")
}

// another says whether the bare name that stands here is no alias but a clause misspelt, or one
// that follows: after an alias comes a comma, a parenthesis, the end or a word of the language.
func (p *parser) another() bool {
	after := p.peek()
	if p.tok.is("INNER") || p.tok.is("RIGHT") || p.tok.is("FULL") || p.tok.is("CROSS") {
		return p.ahead("JOIN") || p.ahead("OUTER")
	}
	follows := after.kind == end || after.sign(",") || after.sign(")") || after.sign(";") || after.is("PATTERN") ||
		after.word.kind != free && !after.is("BY")
	return !follows
}

// columns reads the select list.
func (p *parser) columns(q *Query) {
	p.advance()
	if p.tok.is("DISTINCT") {
		q.DistinctOn = p.distinctOn()
	}
	q.Select = p.columnList()
}

func (p *parser) columnList() []Column {
	var list []Column
	for {
		if len(list) == columnsMax {
			p.fault("The list has more than 100 columns. Put several values into one: ROW(a, b AS x).")
		}
		c := Column{At: p.tok.at}
		if p.sign("*") {
			c.Star = true
		} else {
			c.Expr = p.expr()
			c.As = p.alias()
			if c.As != "" {
				p.spend(0, len(c.As)+1)
			}
		}
		list = grow(p, list, c, 48)
		if !p.sign(",") {
			return list
		}
	}
}

func (p *parser) distinctOn() *DistinctOn {
	d := &DistinctOn{At: p.tok.at}
	p.spend(64, 40)
	p.advance()
	if !p.take("ON") {
		p.fault("SELECT DISTINCT takes keys and a time. Write SELECT DISTINCT ON (id) WITHIN INTERVAL '10 minutes' *, or GROUP BY.")
		return d
	}
	p.wantSign("(")
	d.Keys = p.exprs()
	p.wantSign(")")
	p.want("WITHIN")
	d.Within = p.length()
	return d
}
