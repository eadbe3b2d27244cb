package sql

import "strconv"

func (p *printer) match(m *Match) {
	p.put("MATCH_RECOGNIZE (PARTITION BY ")
	p.list(m.Partition)
	p.put(" MEASURES ")
	p.columns(m.Measures)
	p.put(" PATTERN (")
	p.pattern(m.Pattern)
	p.put(") WITHIN ", interval(m.Within), " DEFINE ")
	for i, d := range m.Define {
		p.next(i, "")
		p.put(quote(d.Name), " AS ")
		p.expr(d.Expr, 0)
	}
	if m.SkipNext {
		p.put(" AFTER MATCH SKIP TO NEXT ROW")
	}
	p.put(")")
}

// pattern writes one without the parentheses that it may need where it stands.
func (p *printer) pattern(n *Pattern) {
	times := n.times()
	if times != "" && n.Kind != One {
		p.put("(")
	}
	switch n.Kind {
	case One:
		p.put(quote(n.Name))
	case None:
		p.put("NOT ", quote(n.Name))
		if n.Within > 0 {
			p.put(" WITHIN ", interval(n.Within))
		}
	case Sequence:
		p.sequence(n.Steps)
	default:
		op := map[PatternKind]string{AnyOf: " | ", AllOf: " & "}[n.Kind]
		for i, s := range n.Steps {
			if i > 0 {
				p.put(op)
			}
			p.part(s, s.Kind >= Sequence)
		}
	}
	if times != "" && n.Kind != One {
		p.put(")")
	}
	p.put(times)
}

func (p *printer) sequence(steps []*Pattern) {
	for i, s := range steps {
		switch {
		case s.Later:
			p.put(" -> ")
		case i > 0:
			p.put(" ")
		}
		p.part(s, s.Kind == Sequence)
	}
}

// part writes a part of another pattern; one that says how often has its parentheses already.
func (p *printer) part(n *Pattern, nested bool) {
	if nested && n.times() == "" {
		p.put("(")
		defer p.put(")")
	}
	p.pattern(n)
}

// times writes how often.
func (n *Pattern) times() string {
	switch {
	case n.Min == 1 && n.Max == 1:
		return ""
	case n.Min == 0 && n.Max == 1:
		return "?"
	case n.Min == 0 && n.Max < 0:
		return "*"
	case n.Min == 1 && n.Max < 0:
		return "+"
	case n.Max < 0:
		return "{" + strconv.Itoa(n.Min) + ",}"
	case n.Min == n.Max:
		return "{" + strconv.Itoa(n.Min) + "}"
	}
	return "{" + strconv.Itoa(n.Min) + "," + strconv.Itoa(n.Max) + "}"
}
