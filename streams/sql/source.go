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
