package sql

const rankForm = "QUALIFY takes one rank. Write QUALIFY ROW_NUMBER() OVER (ORDER BY n DESC) <= 10."

// ranksMax bounds how many rows QUALIFY keeps of a group.
const ranksMax = 1 << 30

// rank reads QUALIFY.
func (p *parser) rank(q *Query) {
	p.advance()
	r := &Rank{At: p.tok.at, Func: p.tok.word.text}
	if r.Func != "ROW_NUMBER" && r.Func != "RANK" || !p.ahead("(") {
		p.fault(rankForm)
		return
	}
	q.Qualify = r
	p.spend(144, 40)
	p.advance()
	p.advance()
	p.wantSign(")")
	p.want("OVER")
	p.wantSign("(")
	if p.take("PARTITION") {
		p.want("BY")
		r.Partition = p.exprs()
	}
	p.want("ORDER")
	p.want("BY")
	r.Order = p.by()
	p.wantSign(")")
	r.Op = p.tok.raw
	if !p.sign("=") && !p.sign("<=") {
		p.fault(rankForm)
	}
	r.N = p.integer("how many rows to keep", 1, ranksMax)
}

// by reads what to sort by.
func (p *parser) by() Order {
	o := Order{Expr: p.expr()}
	if o.Desc = p.take("DESC"); !o.Desc {
		p.take("ASC")
	}
	return o
}

// orders reads ORDER BY.
func (p *parser) orders(q *Query) {
	if !p.once {
		p.note(p.tok.at, p.tok.raw, "ORDER BY never ends on a stream. Write QUALIFY ROW_NUMBER() OVER (ORDER BY n DESC) <= 10, or order_by when the rows are read.")
	}
	p.advance()
	p.want("BY")
	for {
		q.OrderBy = grow(p, q.OrderBy, p.by(), 24)
		if !p.sign(",") {
			return
		}
	}
}

// limit reads LIMIT.
func (p *parser) limit(q *Query) {
	if !p.once {
		p.note(p.tok.at, p.tok.raw, "LIMIT has no meaning on a stream. Write QUALIFY ROW_NUMBER() OVER (ORDER BY n DESC) <= 10, or limit when the rows are read.")
	}
	p.advance()
	q.Limit = p.integer("how many rows to give", 1, ranksMax)
}

// emit reads EMIT.
func (p *parser) emit(q *Query) {
	e := &Emit{At: p.tok.at}
	q.Emit = e
	if p.once {
		p.note(p.tok.at, p.tok.raw, "EMIT is for functions. A query that runs once gives its rows once: leave it out.")
	}
	p.advance()
	e.Kind = p.tok.word.text
	switch {
	case p.take("CHANGES"), p.take("FINAL"):
	case p.take("EVERY"):
		e.Every = p.length()
	default:
		p.expected("CHANGES, FINAL or EVERY INTERVAL '1 second'", "CHANGES", "FINAL", "EVERY")
	}
}

// with reads the options.
func (p *parser) with(q *Query) {
	if p.once {
		p.note(p.tok.at, p.tok.raw, "WITH is for functions. A query that runs once has no options: leave it out.")
	}
	p.advance()
	p.wantSign("(")
	for {
		o := Option{At: p.tok.at, Name: p.name("the name of an option")}
		p.spend(0, len(o.Name)+1)
		p.wantSign("=")
		switch t := &p.tok; {
		case t.is("INTERVAL"):
			p.fault("The value of an option is a short text. Write lateness='10s'.")
		case t.named():
			p.fault("The value of an option is a string, a number, TRUE or FALSE. Write " + clip(o.Name) + "='" + clip(t.content()) + "'.")
		}
		o.Value = p.literal()
		if p.tok.kind == stuck {
			return
		}
		for _, before := range q.With {
			if before.Name == o.Name {
				p.note(o.At, o.Name, "The option %s stands twice. Write one.", clip(o.Name))
			}
		}
		q.With = grow(p, q.With, o, 40)
		if !p.sign(",") {
			break
		}
	}
	p.wantSign(")")
}
