package sql

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// scanner cuts the text into tokens. It is small and makes nothing, so looking ahead is scanning
// with a copy.
type scanner struct {
	text         string
	at           int // byte
	line, column int32
}

// symbols of more than one character, the longer first; those of the language and likely slips.
var symbols = []string{"<=", ">=", "<>", "!=", "||", "::", "->", "==", "&&"} // read-only

// scan gives the next token.
func (s *scanner) scan() token {
	if open := s.space(); open.kind == bad {
		return open
	}
	rest := s.text[s.at:]
	if rest == "" {
		return token{at: s.pos()}
	}
	c := rest[0]
	if c == '\'' || c == '"' {
		return s.quoted(c)
	}
	if c >= '0' && c <= '9' {
		return s.number()
	}
	if n := s.letters(); n > 0 {
		t := s.token(name, n)
		t.word = known(t.raw)
		return t
	}
	for _, long := range symbols {
		if strings.HasPrefix(rest, long) {
			if long == "==" || long == "&&" {
				return s.token(bad, 2)
			}
			return s.token(symbol, 2)
		}
	}
	if strings.IndexByte("()[]{},.;+-*/%=<>|&?", c) >= 0 {
		return s.token(symbol, 1)
	}
	_, n := utf8.DecodeRuneInString(rest)
	return s.token(bad, n)
}

func (s *scanner) pos() Pos { return Pos{s.line, s.column} }

// token takes the next n bytes.
func (s *scanner) token(kind tokenKind, n int) token {
	t := token{kind: kind, raw: s.text[s.at : s.at+n], at: s.pos()}
	s.skip(n)
	return t
}

// skip goes n bytes on, counting lines and characters.
func (s *scanner) skip(n int) {
	for _, r := range s.text[s.at : s.at+n] {
		s.column++
		if r == '\n' {
			s.line, s.column = s.line+1, 1
		}
	}
	s.at += n
}

// space skips blanks and comments. A comment that does not end is a bad token.
func (s *scanner) space() token {
	for s.at < len(s.text) {
		rest := s.text[s.at:]
		r, n := utf8.DecodeRuneInString(rest)
		switch {
		case unicode.IsSpace(r):
			s.skip(n)
		case strings.HasPrefix(rest, "--"):
			line, _, _ := strings.Cut(rest, "\n")
			s.skip(len(line))
		case strings.HasPrefix(rest, "/*"):
			length := strings.Index(rest[2:], "*/")
			if length < 0 {
				return s.token(bad, len(rest))
			}
			s.skip(length + 4)
		default:
			return token{}
		}
	}
	return token{}
}

// letters counts the bytes of the bare name that stands here.
func (s *scanner) letters() int {
	rest := s.text[s.at:]
	for i, r := range rest {
		if r == '_' || unicode.IsLetter(r) || i > 0 && (unicode.IsDigit(r) || unicode.IsMark(r)) {
			continue
		}
		return i
	}
	return len(rest)
}

// quoted takes a string or a quoted name; the quote is doubled within.
func (s *scanner) quoted(quote byte) token {
	rest := s.text[s.at:]
	for i := 1; i < len(rest); i++ {
		if rest[i] != quote {
			continue
		}
		if i+1 < len(rest) && rest[i+1] == quote {
			i++
			continue
		}
		kind := text
		if quote == '"' {
			kind = quoted
		}
		return s.token(kind, i+1)
	}
	return s.token(bad, len(rest))
}

// number takes digits, a fraction and an exponent. Letters that follow at once make it bad.
func (s *scanner) number() token {
	rest := s.text[s.at:]
	n := digits(rest)
	if m := digits(strings.TrimPrefix(rest[n:], ".")); m > 0 && rest[n] == '.' {
		n += 1 + m
	}
	if n < len(rest) && (rest[n] == 'e' || rest[n] == 'E') {
		sign := 0
		if n+1 < len(rest) && (rest[n+1] == '+' || rest[n+1] == '-') {
			sign = 1
		}
		if m := digits(rest[n+1+sign:]); m > 0 {
			n += 1 + sign + m
		}
	}
	after := scanner{text: rest, at: n}
	if m := after.letters(); m > 0 {
		return s.token(bad, n+m)
	}
	return s.token(number, n)
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
