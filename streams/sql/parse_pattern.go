package sql

// timesMax bounds how often a step of a pattern may stand.
const timesMax = 1000

// match reads MATCH_RECOGNIZE.
func (p *parser) match(q *Query) {
	m := &Match{At: p.tok.at}
	q.Match = m
	p.spend(208, 60)
	p.advance()
	p.wantSign("(")
	p.want("PARTITION")
	p.want("BY")
	m.Partition = p.exprs()
	p.want("MEASURES")
	m.Measures = p.columnList()
	p.want("PATTERN")
	p.wantSign("(")
	m.Pattern = p.pattern()
	p.wantSign(")")
	p.want("WITHIN")
	m.Within = p.length()
	p.want("DEFINE")
	m.Define = p.definitions()
	if p.take("AFTER") {
		m.SkipNext = p.resume()
	}
	p.wantSign(")")
}

func (p *parser) definitions() []Definition {
	var list []Definition
	for {
		d := Definition{At: p.tok.at, Name: p.name("a name of the pattern")}
		p.spend(0, len(d.Name)+4)
		p.want("AS")
		d.Expr = p.expr()
		list = grow(p, list, d, 40)
		if !p.sign(",") {
			return list
		}
	}
}

// resume reads where the next match may begin, after AFTER.
func (p *parser) resume() bool {
	p.want("MATCH")
	p.want("SKIP")
	next := p.take("TO")
	if next {
		p.want("NEXT")
	} else if p.take("PAST") {
		p.want("LAST")
	} else {
		p.expected("PAST LAST ROW or TO NEXT ROW", "PAST", "TO")
	}
	p.want("ROW")
	return next
}

// pattern reads steps that follow one another.
func (p *parser) pattern() *Pattern {
	if !p.enter() {
		return nil
	}
	defer p.leave()
	at := p.tok.at
	first := p.step()
	var rest []*Pattern
	for {
		later := p.sign("->")
		if !later && !p.tok.named() && !p.tok.sign("(") && !p.tok.is("NOT") {
			break
		}
		next := p.step()
		if p.tok.kind == stuck {
			return first
		}
		next.Later = later
		rest = grow(p, rest, next, 8)
	}
	if rest == nil {
		return first
	}
	return p.several(at, Sequence, first, rest)
}

// several makes one pattern of its parts.
func (p *parser) several(at Pos, kind PatternKind, first *Pattern, rest []*Pattern) *Pattern {
	p.spend(112+16*len(rest), 0)
	return &Pattern{At: at, Kind: kind, Min: 1, Max: 1, Steps: append([]*Pattern{first}, rest...)}
}

// step reads alternatives, or parts that may come in any order.
func (p *parser) step() *Pattern {
	at := p.tok.at
	first := p.atom()
	var rest []*Pattern
	for _, op := range []string{"|", "&"} {
		for p.tok.sign(op) {
			p.advance()
			rest = grow(p, rest, p.atom(), 8)
		}
		if rest == nil {
			continue
		}
		if p.tok.sign("|") || p.tok.sign("&") {
			p.fault("| and & stand side by side. Say by parentheses which belongs together: (A | B) & C.")
		}
		if op == "&" {
			return p.several(at, AllOf, first, rest)
		}
		return p.several(at, AnyOf, first, rest)
	}
	return first
}

// atom reads a name, NOT a name, or a pattern in parentheses, with how often it stands.
func (p *parser) atom() *Pattern {
	a := &Pattern{At: p.tok.at, Min: 1, Max: 1}
	p.spend(144, 1)
	switch {
	case p.take("NOT"):
		a.Kind = None
		a.Name = p.name("a name of the pattern")
		p.spend(0, len(a.Name))
		if p.take("WITHIN") {
			a.Within = p.length()
		}
		return a
	case p.sign("("):
		inner := p.pattern()
		p.wantSign(")")
		if p.tok.kind == stuck {
			return a
		}
		a = inner
		if p.quantified() && (a.Min != 1 || a.Max != 1 || a.Kind == None) {
			a = p.several(a.At, Sequence, a, nil)
		}
	default:
		a.Name = p.name("a name of the pattern")
		p.spend(0, len(a.Name))
	}
	p.times(a)
	return a
}

// quantified says whether the current token says how often.
func (p *parser) quantified() bool {
	return p.tok.sign("?") || p.tok.sign("*") || p.tok.sign("+") || p.tok.sign("{")
}

// times reads how often a step stands.
func (p *parser) times(a *Pattern) {
	switch {
	case p.sign("?"):
		a.Min, a.Max = 0, 1
	case p.sign("*"):
		a.Min, a.Max = 0, -1
	case p.sign("+"):
		a.Min, a.Max = 1, -1
	case p.sign("{"):
		a.Min = p.integer("how often", 0, timesMax)
		a.Max = a.Min
		if p.sign(",") {
			if a.Max = -1; p.tok.kind == number {
				a.Max = p.integer("how often", max(1, a.Min), timesMax)
			}
		}
		if a.Max == 0 {
			p.fault("A step that never stands says nothing. Write how often from 1, or NOT.")
		}
		p.wantSign("}")
	}
}
