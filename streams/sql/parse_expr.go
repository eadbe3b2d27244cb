package sql

// expr reads OR, and with it every expression; each call is one level.
func (p *parser) expr() Expr {
	if !p.enter() {
		return nil
	}
	defer p.leave()
	at := p.tok.at
	left := p.and()
	for p.tok.is("OR") {
		left = p.binary(at, "OR", left, (*parser).and)
	}
	return left
}

func (p *parser) and() Expr {
	at := p.tok.at
	left := p.not()
	for p.tok.is("AND") {
		left = p.binary(at, "AND", left, (*parser).not)
	}
	return left
}

func (p *parser) not() Expr {
	at := p.tok.at
	if !p.take("NOT") {
		return p.test()
	}
	p.spend(48, 3)
	return &Unary{at, "NOT", p.test()}
}

// binary reads the operator that stands here and what is right of it.
func (p *parser) binary(at Pos, op string, left Expr, right func(*parser) Expr) Expr {
	p.advance()
	p.spend(64, len(op))
	return &Binary{at, op, left, right(p)}
}

// compares says whether the current token compares, and how the tree spells it.
func (p *parser) compares() (string, bool) {
	if p.tok.kind != symbol {
		return "", false
	}
	switch op := p.tok.raw; op {
	case "=", "<>", "<", "<=", ">", ">=":
		return op, true
	case "!=":
		return "<>", true
	}
	return "", false
}

func (p *parser) test() Expr {
	at := p.tok.at
	left := p.sum()
	op, compares := p.compares()
	switch {
	case compares:
		left = p.binary(at, op, left, (*parser).sum)
	case p.tok.is("IS"):
		left = p.is(at, left)
	case p.tok.is("NOT") && p.negates():
		p.advance()
		left = p.within(at, left, true)
	default:
		left = p.within(at, left, false)
	}
	if _, again := p.compares(); again {
		p.fault("Comparisons do not chain. Join two of them: a < b AND b < c.")
	}
	return left
}

// negates says whether the NOT that stands here belongs to BETWEEN, IN or LIKE.
func (p *parser) negates() bool {
	t := p.peek()
	return t.is("BETWEEN") || t.is("IN") || t.is("LIKE") || t.is("ILIKE")
}

func (p *parser) is(at Pos, x Expr) Expr {
	p.advance()
	p.spend(80, 6)
	is := &Is{At: at, X: x, Not: p.take("NOT")}
	for _, what := range []string{"NULL", "TRUE", "FALSE"} {
		if p.take(what) {
			is.What = what
			return is
		}
	}
	if !p.take("DISTINCT") {
		p.expected("NULL, TRUE, FALSE or DISTINCT FROM", "NULL", "TRUE", "FALSE", "DISTINCT")
		return is
	}
	is.What = "DISTINCT"
	p.want("FROM")
	is.From = p.sum()
	return is
}

// within reads BETWEEN, IN or LIKE, if one stands here.
func (p *parser) within(at Pos, x Expr, not bool) Expr {
	switch {
	case p.take("BETWEEN"):
		p.spend(64, 10)
		b := &Between{At: at, X: x, Not: not, Low: p.sum()}
		p.want("AND")
		b.High = p.sum()
		return b
	case p.take("IN"):
		p.spend(64, 4)
		in := &In{At: at, X: x, Not: not}
		p.wantSign("(")
		p.noSelect()
		in.List = p.exprs()
		p.wantSign(")")
		return in
	case p.tok.is("LIKE") || p.tok.is("ILIKE"):
		p.spend(80, 4)
		like := &Like{At: at, X: x, Not: not, AnyCase: p.tok.is("ILIKE")}
		p.advance()
		like.Pattern = p.sum()
		if p.take("ESCAPE") {
			like.Escape = p.escape()
		}
		return like
	}
	return x
}

// escape reads the one character that ESCAPE takes.
func (p *parser) escape() string {
	s := p.tok.content()
	if p.tok.kind != text || len([]rune(clip(s))) != 1 {
		p.fault(`ESCAPE takes one character: LIKE '50\%' ESCAPE '\'.`)
		return ""
	}
	p.spend(8, 0)
	p.advance()
	return s
}

// noSelect refuses a query in the place of a value.
func (p *parser) noSelect() {
	if p.tok.is("SELECT") {
		p.fault("A query can't stand in an expression. Join the other stream: JOIN b ON b.id = a.id AND b._time BETWEEN a._time AND a._time + INTERVAL '1 hour'.")
	}
}

// exprs reads one expression or more.
func (p *parser) exprs() []Expr {
	var list []Expr
	for {
		list = grow(p, list, p.expr(), 16)
		if !p.sign(",") {
			return list
		}
	}
}

func (p *parser) sum() Expr {
	at := p.tok.at
	left := p.term()
	for p.tok.sign("+") || p.tok.sign("-") || p.tok.sign("||") {
		left = p.binary(at, p.tok.raw, left, (*parser).term)
	}
	return left
}

func (p *parser) term() Expr {
	at := p.tok.at
	left := p.unary()
	for p.tok.sign("*") || p.tok.sign("/") || p.tok.sign("%") {
		left = p.binary(at, p.tok.raw, left, (*parser).unary)
	}
	return left
}

func (p *parser) unary() Expr {
	at := p.tok.at
	minus := p.sign("-")
	deepest := p.deepest
	p.deepest = p.level
	x := p.value()
	for p.sign("::") {
		// CAST(x AS t), as it is printed, nests.
		if p.deepest++; p.deepest > levelsMax {
			p.level = levelsMax
			p.enter()
		}
		p.spend(64, 3)
		x = &Cast{At: at, X: x, Type: p.typeName()}
	}
	p.deepest = max(p.deepest, deepest)
	if !minus {
		return x
	}
	p.spend(48, 1)
	return &Unary{at, "-", x}
}
