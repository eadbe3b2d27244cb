package sql

import (
	"fmt"
	"strings"
)

// tokenKind is what a token is.
type tokenKind uint8

const (
	end    tokenKind = iota
	name             // bare: a word of the language or not
	quoted           // "x"
	text             // 'x'
	number
	symbol
	bad   // what no token begins with, or one that does not end
	stuck // stands for the current token while a fault is unwound, and matches nothing
)

// token is one piece of the text. raw is as it was written, quotes included.
type token struct {
	kind tokenKind
	raw  string
	word word // of a bare name that is one of the language
	at   Pos
}

// is says whether the token is that word of the language.
func (t *token) is(word string) bool { return t.word.text == word }

// sign says whether the token is that symbol.
func (t *token) sign(s string) bool { return t.kind == symbol && t.raw == s }

// named says whether the token can be a name.
func (t *token) named() bool { return t.kind == quoted || t.kind == name && t.word.kind == free }

// content is the token without quotes: of "x", 'x' and x.
func (t *token) content() string {
	if t.kind != quoted && t.kind != text {
		return t.raw
	}
	quote, inner := t.raw[:1], t.raw[1:len(t.raw)-1]
	if !strings.Contains(inner, quote) {
		return inner
	}
	return strings.ReplaceAll(inner, quote+quote, quote)
}

// valueCharactersMax bounds what an error repeats of the text.
const valueCharactersMax = 60

// clip shortens what an error repeats.
func clip(s string) string {
	n := 0
	for i := range s {
		if n++; n > valueCharactersMax {
			return s[:i] + "…"
		}
	}
	return s
}

// shown is the token in a message.
func (t *token) shown() string {
	if t.word.kind != free {
		return t.word.text
	}
	return clip(t.raw)
}

// meant proposes the word that a misspelt name was likely meant to be.
func (t *token) meant(words []string) string {
	if t.kind == name && t.word.kind == free {
		if near := Nearest(t.raw, words); near != "" {
			return " Did you mean " + near + "?"
		}
	}
	return ""
}

// fault says what is wrong with a bad token, and what would be right.
func (t *token) fault() string {
	switch {
	case strings.HasPrefix(t.raw, "'"):
		return "This string does not end. Close it with '; within a string a quote is written ''."
	case strings.HasPrefix(t.raw, `"`):
		return `This quoted name does not end. Close it with "; within a name a quote is written "".`
	case strings.HasPrefix(t.raw, "/*"):
		return "This comment does not end. Close it with */."
	case t.raw[0] >= '0' && t.raw[0] <= '9':
		return fmt.Sprintf("%s is not a number. Numbers are written 10, 0.5 or 1e6; a name that begins with a digit is quoted: %q.", clip(t.raw), clip(t.raw))
	case t.raw == "==":
		return "== is no operator. One = compares."
	case t.raw == "&&":
		return "&& is no operator. Write AND."
	case t.raw == "!":
		return "! is no operator. Write NOT, or <> for \"is not equal to\"."
	case t.raw == "`":
		return "` quotes nothing. A name is quoted so: \"x\"; a string so: 'x'."
	case strings.ContainsAny(t.raw, "‘’“”´"):
		return "This is a typographic quote. A name is quoted so: \"x\"; a string so: 'x'."
	}
	return fmt.Sprintf("%s is no character of the language. A name that holds it is quoted: \"x\".", t.raw)
}
