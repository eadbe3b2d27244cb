package sql

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// What a text may be. A part costs its memory less four times its characters, so that a tree
// stays within 64 KiB beside four times its text; errors and the like take the rest.
const (
	textBytesMax = 64 << 10
	levelsMax    = 64
	columnsMax   = 100
	partsCostMax = 57 << 10
)

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
	return q, p.finish()
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
	return e, p.finish()
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

// note reports what is refused though the parser can go on. After the last error that is
// reported nothing more is read.
func (p *parser) note(at Pos, value, message string, args ...any) {
	if len(p.errs) == errorsMax {
		return
	}
	p.errs = append(p.errs, &Error{int(at.Line), int(at.Column), clip(value), fmt.Sprintf(message, args...)})
	if len(p.errs) == errorsMax {
		p.at = len(p.text)
	}
}

// fault reports what is wrong with the current token, and makes the parser stuck. A message
// without arguments is taken as it is.
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
	p.held = token{at: p.tok.at}
}

// settle ends being stuck: it goes on at the next clause of the query that began within base
// parentheses, or at its end.
func (p *parser) settle(base int) {
	if p.tok.kind != stuck {
		return
	}
	p.tok = p.held
	if len(p.errs) == errorsMax {
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

// enter goes one level deeper, and leave comes back.
func (p *parser) enter() bool {
	if p.level == levelsMax {
		p.fault(fmt.Sprintf("The text nests deeper here than %d levels. Write the inner part as a function of its own, or with fewer parentheses.", levelsMax))
		return false
	}
	p.level++
	p.deepest = max(p.deepest, p.level)
	return true
}

func (p *parser) leave() { p.level-- }

// spend counts a part: the memory that it takes, and the least characters that it is written in.
// Past the bound nothing more is read.
func (p *parser) spend(bytes, characters int) {
	p.cost += bytes - 4*characters
	if p.cost > partsCostMax && p.tok.kind != stuck {
		p.at = len(p.text)
		p.stop("The text has too many parts. Write it as several functions; a long chain of OR is shorter as IN (…).")
	}
}

// grow adds an element of so many bytes to a list, which stands for one character at least.
func grow[T any](p *parser, list []T, element T, bytes int) []T {
	room := max(1, 2*len(list))
	if len(list) < cap(list) {
		room, bytes = 0, 0
	}
	if p.spend(room*bytes, 1); p.tok.kind == stuck {
		return list
	}
	if room > 0 {
		list = append(make([]T, 0, room), list...)
	}
	return append(list, element)
}

// upper is s in capitals, as names of functions and types are kept.
func upper(s string) string { return strings.ToUpper(s) }
