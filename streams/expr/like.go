package expr

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/edgedhq/edged/streams/sql"
)

// like compiles LIKE and ILIKE. A pattern that is known and simple becomes a test of the beginning,
// the end or the whole.
func (c *Compiler) like(e *sql.Like) (*node, bool) {
	x, p := c.compile(e.X), c.compile(e.Pattern)
	for _, s := range []side{{e.X, x}, {e.Pattern, p}} {
		if text := clip(sql.Print(s.e)); s.typ.certain() && s.typ.Kind != String {
			return c.fault(s.e, "LIKE takes STRINGs, and %s is %s. Write CAST(%s AS STRING).", text, s.typ, text), false
		}
	}
	escape, _ := utf8.DecodeRuneInString(e.Escape)
	match := func(text, pattern string) bool { return likeMatch(text, pattern, escape, e.AnyCase) }
	if p.constant && p.value.kind == String {
		pattern := p.value.Text()
		match = func(text, _ string) bool { return likeMatch(text, pattern, escape, e.AnyCase) }
		if simple := simpleLike(pattern); simple != nil && e.Escape == "" && !e.AnyCase {
			match = simple
		}
	}
	return testNode(func(r *Row) truth {
		v, w := x.eval(r), p.eval(r)
		switch {
		case v.kind == Null || w.kind == Null:
			return unknown
		case v.kind != String || w.kind != String:
			r.Mistyped++
			return unknown
		}
		return truthOf(match(v.Text(), w.Text()) != e.Not)
	}, x, p).spend(50, []*node{x, p}), x.constant && p.constant
}

// simpleLike is the test that a pattern comes to with % at its ends only, or nil.
func simpleLike(pattern string) func(text, _ string) bool {
	middle := strings.Trim(pattern, "%")
	if strings.ContainsAny(middle, "%_") {
		return nil
	}
	first, last := strings.HasPrefix(pattern, "%"), strings.HasSuffix(pattern, "%")
	switch {
	case first && last:
		return func(text, _ string) bool { return strings.Contains(text, middle) }
	case first:
		return func(text, _ string) bool { return strings.HasSuffix(text, middle) }
	case last:
		return func(text, _ string) bool { return strings.HasPrefix(text, middle) }
	}
	return func(text, _ string) bool { return text == middle }
}

// likeMatch matches % and _. It goes back to the last % only, so that it takes at most the product of
// the lengths.
func likeMatch(text, pattern string, escape rune, anyCase bool) bool {
	backText, backPattern := -1, -1
	t, p := 0, 0
	for t < len(text) {
		if p < len(pattern) && pattern[p] == '%' && escape != '%' {
			backText, backPattern = t, p+1
			p++
			continue
		}
		if tn, pn, ok := likeOne(text[t:], pattern[p:], escape, anyCase); ok {
			t += tn
			p += pn
			continue
		}
		if backPattern < 0 {
			return false
		}
		_, n := utf8.DecodeRuneInString(text[backText:])
		backText += n
		t, p = backText, backPattern
	}
	return strings.Trim(pattern[p:], "%") == ""
}

// likeOne matches one character, and says how long it is in both.
func likeOne(text, pattern string, escape rune, anyCase bool) (inText, inPattern int, ok bool) {
	if pattern == "" {
		return 0, 0, false
	}
	want, n := utf8.DecodeRuneInString(pattern)
	got, m := utf8.DecodeRuneInString(text)
	if want == escape && escape != utf8.RuneError && len(pattern) > n {
		var k int
		want, k = utf8.DecodeRuneInString(pattern[n:])
		n += k
	} else if want == '_' {
		return m, n, true
	}
	return m, n, want == got || anyCase && fold(want) == fold(got)
}

// fold gives one character for all that differ by case only.
func fold(r rune) rune {
	if r < utf8.RuneSelf {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}
	return unicode.ToLower(unicode.ToUpper(r))
}
