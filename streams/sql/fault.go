package sql

import "fmt"

// note reports what is refused though the parser can go on. After the last error that is
// reported nothing more is read.
func (p *parser) note(at Pos, value, message string, args ...any) {
	if p.over {
		return
	}
	p.errs = append(p.errs, &Error{int(at.Line), int(at.Column), clip(value), fmt.Sprintf(message, args...)})
	if len(p.errs) == errorsMax {
		p.over, p.at = true, len(p.text)
	}
}

// fault reports what is wrong with the current token, and makes the parser stuck.
func (p *parser) fault(message string) {
	if p.tok.kind == stuck {
		return
	}
	if p.tok.kind == bad {
		message = p.tok.fault()
	}
	p.note(p.tok.at, p.tok.raw, "%s", message)
	p.faults++
	p.held, p.tok = p.tok, token{kind: stuck, at: p.tok.at}
}

// expected reports that the current token is not what should stand here; words are what it may
// have been meant to be.
func (p *parser) expected(what string, words ...string) {
	t := &p.tok
	if t.kind == end {
		p.fault("The text ends where " + what + " should stand.")
		return
	}
	p.fault(t.shown() + " stands where " + what + " should." + t.meant(words))
}

// unnamed reports that no name, and nothing that begins with one, stands here.
func (p *parser) unnamed(what string) {
	if t := &p.tok; t.kind == name {
		p.fault(t.shown() + " stands where " + what + " should. A name that is a word of the language is quoted: \"" + t.raw + "\".")
		return
	}
	p.expected(what)
}

// unexpected reports a token that continues nothing.
func (p *parser) unexpected(where string, words []string) {
	p.fault(p.tok.shown() + " stands where " + where + "." + p.tok.meant(words))
}

// stop reports what nothing can follow: the rest of the text is not read.
func (p *parser) stop(message string) {
	p.fault(message)
	p.over, p.at = true, len(p.text)
}

// settle ends being stuck: it goes on at the next clause of the query that began within base
// parentheses, or at its end.
func (p *parser) settle(base int) {
	if p.tok.kind != stuck {
		return
	}
	p.tok = p.held
	if p.over {
		p.tok = token{at: p.tok.at}
	}
	inner := false // past the SELECT of another query
	for p.tok.kind != end {
		t := &p.tok
		if base > 0 && p.open <= base && t.sign(")") {
			return
		}
		if p.begins() {
			never := t.is("GROUP") || t.is("HAVING") || t.is("QUALIFY") || t.is("EMIT") // within parentheses
			if p.open <= base || never && !inner {
				p.open = base
				return
			}
			inner = inner || t.is("SELECT")
		}
		p.advance()
	}
}

// begins says whether a clause begins here, rather than that its word was taken for a name.
func (p *parser) begins() bool {
	if p.tok.word.kind != clause {
		return false
	}
	next := p.peek()
	switch p.tok.word.text {
	case "GROUP", "ORDER":
		return next.is("BY")
	case "LEFT":
		return next.is("JOIN") || next.is("OUTER")
	case "LIMIT":
		return next.kind == number
	case "EMIT":
		return next.kind == name && next.word.kind == free
	case "WITH":
		return next.sign("(")
	}
	return true
}
