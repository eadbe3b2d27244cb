package sql

import "unicode/utf8"

// textBytesMax is the length of a text.
const textBytesMax = 64 << 10

// parser reads a text by descent. A fault makes it stuck: the current token then matches
// nothing, so every rule ends, until settle goes on at the next clause.
type parser struct {
	scanner
	once           bool // a query that runs once
	tok            token
	held           token // the current token while stuck
	open           int   // parentheses
	level, deepest int
	cost           int
	faults         int
	errs           Errors
	over           bool // no more is read, and no more reported
}

// Parse reads the query of a function. The error is of type Errors.
func Parse(text string) (*Query, error) {
	return parse(text, false)
}

// ParseOnce reads a query that runs once, over what is retained: it may have ORDER BY and LIMIT,
// but neither EMIT nor WITH.
func ParseOnce(text string) (*Query, error) {
	return parse(text, true)
}

func parse(text string, once bool) (*Query, error) {
	p := parser{scanner: scanner{text: text, line: 1, column: 1}, once: once}
	if !p.start() {
		return nil, p.errs
	}
	q := p.query(0)
	if err := p.finish(); err != nil {
		return nil, err
	}
	return q, nil
}

// ParseExpr reads an expression that stands alone. The error is of type Errors.
func ParseExpr(text string) (Expr, error) {
	p := parser{scanner: scanner{text: text, line: 1, column: 1}}
	if !p.start() {
		return nil, p.errs
	}
	e := p.expr()
	if p.tok.kind != end {
		p.unexpected("the expression should go on or end", joins)
	}
	if err := p.finish(); err != nil {
		return nil, err
	}
	return e, nil
}

// start checks the text as a whole and takes the first token.
func (p *parser) start() bool {
	if len(p.text) > textBytesMax {
		p.note(p.pos(), "", "The text has %d bytes. At most %d are read.", len(p.text), textBytesMax)
		return false
	}
	if !utf8.ValidString(p.text) {
		valid := p.text
		for at, r := range p.text {
			if _, n := utf8.DecodeRuneInString(p.text[at:]); r == utf8.RuneError && n == 1 {
				valid = p.text[:at]
				break
			}
		}
		p.skip(len(valid))
		p.note(p.pos(), "", "The text is not UTF-8 from here on. Send it as UTF-8.")
		return false
	}
	p.tok = p.scan()
	return true
}

// finish gives what was found, in the order of the text.
func (p *parser) finish() error {
	if len(p.errs) == 0 {
		return nil
	}
	p.errs.sort()
	return p.errs
}

// advance goes to the next token.
func (p *parser) advance() {
	switch {
	case p.tok.kind == stuck:
		return
	case p.tok.sign("("):
		p.open++
	case p.tok.sign(")"):
		p.open = max(0, p.open-1)
	}
	p.tok = p.scan()
}

// peek gives the token after the current one.
func (p *parser) peek() token {
	if p.tok.kind == stuck {
		return p.tok
	}
	ahead := p.scanner
	return ahead.scan()
}

// ahead says whether the token after the current one is that word or symbol.
func (p *parser) ahead(s string) bool {
	t := p.peek()
	return t.is(s) || t.sign(s)
}

// take goes past the word, if it stands here.
func (p *parser) take(word string) bool {
	if !p.tok.is(word) {
		return false
	}
	p.advance()
	return true
}

// sign goes past the symbol, if it stands here.
func (p *parser) sign(s string) bool {
	if !p.tok.sign(s) {
		return false
	}
	p.advance()
	return true
}

// want goes past the word, or reports that it is missing.
func (p *parser) want(word string) bool {
	if p.take(word) {
		return true
	}
	p.expected(word, word)
	return false
}

// wantSign goes past the symbol, or reports that it is missing.
func (p *parser) wantSign(s string) bool {
	if p.sign(s) {
		return true
	}
	p.expected(s)
	return false
}

// name takes a bare or a quoted name; what says of what, for the message.
func (p *parser) name(what string) string {
	if !p.tok.named() {
		p.unnamed(what)
		return ""
	}
	s := p.content()
	p.advance()
	return s
}

// content gives the current token without quotes. One with a doubled quote is written anew.
func (p *parser) content() string {
	s := p.tok.content()
	if p.tok.kind != name && len(s)+2 != len(p.tok.raw) {
		p.spend(len(s), 0)
	}
	return s
}
