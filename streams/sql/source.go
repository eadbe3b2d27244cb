package sql

import "strings"

// from reads where events come from.
func (p *parser) from(q *Query) {
	p.advance()
	f := From{At: p.tok.at}
	switch {
	case p.tok.sign("("):
		p.advance()
		f.Query = p.query(p.open)
		p.wantSign(")")
		f.As = p.alias()
	case p.tok.is("STREAMS") && p.ahead("("):
		p.advance()
		p.advance()
		f.Streams = p.streams()
		p.wantSign(")")
	default:
		f.Streams = []Stream{p.stream()}
		f.As = p.alias()
	}
	p.spend(96, len(f.As))
	if p.sign(",") {
		f.Unnest = p.unnest()
	}
	q.From = f
}

func (p *parser) streams() []Stream {
	var list []Stream
	for {
		list = grow(p, list, p.stream(), 24)
		if !p.sign(",") {
			return list
		}
	}
}

// stream reads the name of one.
func (p *parser) stream() Stream {
	if p.tok.kind == text {
		p.fault("A stream is named without quotes, or in double ones. Write \"" + clip(p.tok.content()) + "\".")
	}
	first, begin := p.tok, p.at-len(p.tok.raw)
	s := Stream{first.at, p.name("a stream")}
	p.spend(24, len(s.Name))
	next := p.tok.sign("-") || p.tok.sign(".") || p.tok.kind == bad
	if next && p.at-len(p.tok.raw) == begin+len(first.raw) {
		whole := p.text[begin:]
		if i := strings.IndexAny(whole, " \t\n,;()"); i >= 0 {
			whole = whole[:i]
		}
		p.fault("A name of a stream that holds more than letters, digits and _ is quoted. Write \"" + clip(whole) + "\".")
	}
	return s
}

func (p *parser) unnest() *Unnest {
	u := &Unnest{At: p.tok.at}
	if !p.take("UNNEST") {
		p.fault("Two streams in one FROM are read together, or joined. Write STREAMS(a, b), or JOIN b ON ….")
		return u
	}
	p.spend(64, 14)
	p.wantSign("(")
	u.Path = p.path()
	p.wantSign(")")
	p.want("AS")
	u.As = p.name("a name")
	p.spend(0, len(u.As))
	return u
}

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
	equal, ranges := false, 0
	for on, more := j.On, true; more; {
		part := on
		var both *Binary
		if both, more = on.(*Binary); more && both.Op == "AND" {
			on, part = both.Left, both.Right
		} else {
			more = false
		}
		switch c := part.(type) {
		case *Between:
			if !ranged(c) {
				p.note(part.Pos(), brief(part), "A range of a join stands between times of the other stream. "+joinForm)
				return
			}
			ranges++
		case *Binary:
			if c.Op == "=" {
				equal = true
				continue
			}
			p.onlyEqual(part)
			return
		default:
			p.onlyEqual(part)
			return
		}
	}
	switch {
	case ranges == 0:
		p.note(j.At, "JOIN "+j.Name, "A join of streams needs a range of time. %s", joinForm)
	case ranges > 1:
		p.note(j.At, "JOIN "+j.Name, "A join of streams has one range of time, not %d. Write other conditions in WHERE.", ranges)
	case !equal:
		p.note(j.At, "JOIN "+j.Name, "A join of streams compares what both have in common. Write ON b.id = a.id AND the range of time.")
	}
}

func (p *parser) onlyEqual(part Expr) {
	p.note(part.Pos(), brief(part), "ON takes equalities and one range of time. Write other conditions in WHERE.")
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
