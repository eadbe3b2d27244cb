package sql

const joinForm = "Write … AND b._time BETWEEN a._time AND a._time + INTERVAL '1 hour'."

// join reads one JOIN, of a stream or of a collection.
func (p *parser) join(q *Query) {
	j := Join{At: p.tok.at, Left: p.take("LEFT")}
	if p.tok.is("OUTER") {
		p.fault("LEFT OUTER JOIN is written LEFT JOIN.")
	}
	p.want("JOIN")
	ahead := p.peek()
	if p.tok.is("COLLECTION") && ahead.named() {
		p.advance()
		j.Collection = true
	}
	j.Name = p.name("a stream")
	if j.As = p.alias(); j.As == "" && !j.Collection {
		p.fault("A stream that is joined needs a name of its own. Write JOIN " + quote(clip(j.Name)) + " AS p ON ….")
	}
	p.spend(16, len(j.Name)+len(j.As)+12)
	if !p.take("ON") {
		p.fault("A JOIN needs ON. " + joinForm)
	}
	j.On = p.expr()
	q.Joins = grow(p, q.Joins, j, 80)
	if p.tok.kind != stuck {
		p.checkOn(&j)
	}
}

// checkOn holds ON to its form.
func (p *parser) checkOn(j *Join) {
	if j.Collection {
		as := j.As
		if as == "" {
			as = j.Name
		}
		if eq, ok := j.On.(*Binary); !ok || eq.Op != "=" || !member(eq.Left, as, "key") && !member(eq.Right, as, "key") {
			p.note(j.On.Pos(), brief(j.On), "A collection is joined by its key. Write ON %s.key = an expression.", as)
		}
		return
	}
	equal, ranges, strange := false, 0, Expr(nil)
	conjuncts(j.On, func(part Expr) bool {
		switch c := part.(type) {
		case *Between:
			if ranges++; ranged(c) {
				return true
			}
		case *Binary:
			if c.Op == "=" {
				equal = true
				return true
			}
		}
		strange = part
		return false
	})
	between, _ := strange.(*Between)
	switch {
	case between != nil:
		p.note(between.At, brief(between), "A range of a join stands between times of the other stream. "+joinForm)
	case strange != nil:
		p.note(strange.Pos(), brief(strange), "ON takes equalities and one range of time. Write other conditions in WHERE.")
	case ranges == 0:
		p.note(j.At, "JOIN "+j.Name, "A join of streams needs a range of time. %s", joinForm)
	case ranges > 1:
		p.note(j.At, "JOIN "+j.Name, "A join of streams has one range of time, not %d. Write other conditions in WHERE.", ranges)
	case !equal:
		p.note(j.At, "JOIN "+j.Name, "A join of streams compares what both have in common. Write ON b.id = a.id AND the range of time.")
	}
}

// conjuncts visits what AND joins, from the left, while visit says true.
func conjuncts(e Expr, visit func(Expr) bool) bool {
	if and, ok := e.(*Binary); ok && and.Op == "AND" {
		return conjuncts(and.Left, visit) && conjuncts(and.Right, visit)
	}
	return visit(e)
}

// ranged says whether b is name._time BETWEEN name._time ± interval AND name._time ± interval.
func ranged(b *Between) bool {
	return !b.Not && member(b.X, "", "_time") && bound(b.Low) && bound(b.High)
}

func bound(e Expr) bool {
	if sum, ok := e.(*Binary); ok && (sum.Op == "+" || sum.Op == "-") {
		if _, ok := sum.Right.(*Interval); !ok {
			return false
		}
		e = sum.Left
	}
	return member(e, "", "_time")
}

// member says whether e is of.name; an empty of is any.
func member(e Expr, of, name string) bool {
	path, ok := e.(*Path)
	if !ok || len(path.Parts) != 2 || path.Parts[0].IsIndex || path.Parts[1].IsIndex {
		return false
	}
	return (of == "" || path.Parts[0].Name == of) && path.Parts[1].Name == name
}
