package expr

import (
	"regexp"
	"regexp/syntax"
	"strconv"
)

// regexpFunctions match patterns of RE2, which are constants and take time in proportion to the text.
var regexpFunctions = []function{ // read-only
	{name: "REGEXP_LIKE", takes: "sS", form: "REGEXP_LIKE(text, 'pattern')", result: isBoolean, cost: 500, prepare: withPattern(func(_ *Row, re *regexp.Regexp, a []Value) Value {
		return OfBoolean(re.MatchString(a[0].Text()))
	})},
	{name: "REGEXP_EXTRACT", takes: "sS|I", form: "REGEXP_EXTRACT(text, 'pattern', group)", result: isString, cost: 500, prepare: prepareExtract},
	{name: "REGEXP_REPLACE", takes: "sSs", form: "REGEXP_REPLACE(text, 'pattern', with)", result: isString, cost: 500, prepare: withPattern(regexpReplace)},
}

// patternPartsMax bounds the patterns of one query, in instructions of their programs: (a{1,30}){1,30}
// has a thousand.
const patternPartsMax = 4_000

// pattern compiles the constant of a call. NULL gives nil.
func (c *Compiler) pattern(n *node) (*regexp.Regexp, string) {
	if n.value.kind != String || c.full() {
		return nil, ""
	}
	text := n.value.Text()
	if re := c.patterns[text]; re != nil {
		return re, ""
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, "The pattern is no regular expression of RE2: " + err.Error() + "."
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, "The pattern is no regular expression of RE2: " + err.Error() + "."
	}
	if c.patternParts += len(program.Inst); c.patternParts > patternPartsMax {
		return nil, "The patterns of the query are too large together. Repeat fewer times, or write two functions."
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, "The pattern is no regular expression of RE2: " + err.Error() + "."
	}
	if c.patterns == nil {
		c.patterns = make(map[string]*regexp.Regexp)
	}
	c.patterns[text] = re
	return re, ""
}

func withPattern(call func(r *Row, re *regexp.Regexp, a []Value) Value) func(*Compiler, []*node) (func(*Row, []Value) Value, string) {
	return func(c *Compiler, args []*node) (func(*Row, []Value) Value, string) {
		re, fault := c.pattern(args[1])
		return func(r *Row, a []Value) Value { return call(r, re, a) }, fault
	}
}

// prepareExtract gives the whole match, or the group with a number; no match is NULL.
func prepareExtract(c *Compiler, args []*node) (func(*Row, []Value) Value, string) {
	re, fault := c.pattern(args[1])
	if fault != "" || re == nil {
		return func(*Row, []Value) Value { return Value{} }, fault
	}
	group := 0
	if len(args) > 2 {
		n := args[2].value.Integer()
		if n < 0 || n > int64(re.NumSubexp()) {
			return nil, "The pattern has " + strconv.Itoa(re.NumSubexp()) + " groups, and no number " + strconv.FormatInt(n, 10) + "."
		}
		group = int(n)
	}
	if group == 0 {
		return func(_ *Row, a []Value) Value {
			found := re.FindString(a[0].Text())
			if found == "" && !re.MatchString(a[0].Text()) {
				return Value{}
			}
			return OfString(found)
		}, ""
	}
	return func(_ *Row, a []Value) Value {
		s := a[0].Text()
		at := re.FindStringSubmatchIndex(s)
		if at == nil || at[2*group] < 0 { // of no match, or of a group that took no part
			return Value{}
		}
		return OfString(s[at[2*group]:at[2*group+1]])
	}, ""
}

// regexpReplace replaces all matches; $1 in the text stands for a group.
func regexpReplace(r *Row, re *regexp.Regexp, a []Value) Value {
	s, with := a[0].Text(), a[2].Text()
	b, from := r.Text.open(), 0
	for _, at := range re.FindAllStringSubmatchIndex(s, -1) {
		if !r.Text.room(len(b) + len(s) + len(with)*(1+at[1]-at[0])) {
			return r.mistype()
		}
		b = append(b, s[from:at[0]]...)
		b = re.ExpandString(b, with, s, at)
		from = at[1]
	}
	return r.made(append(b, s[from:]...))
}
