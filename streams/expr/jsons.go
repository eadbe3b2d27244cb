package expr

import (
	"strings"

	"github.com/edgedhq/edged/streams/sql"
)

// jsonFunctions make objects and arrays, and look into them.
var jsonFunctions = []function{ // read-only
	{name: "ROW", takes: "x+", form: "ROW(a, b AS x)", build: buildRow},
	{name: "ARRAY", takes: "|x+", form: "ARRAY(a, b)", result: isJSON, open: true, call: func(r *Row, a []Value) Value { return r.composed(nil, a) }},
	{name: "JSON_TYPE", takes: "x", form: "JSON_TYPE(value)", result: isString, call: func(_ *Row, a []Value) Value { return OfString(jsonType(a[0])) }},
	{name: "JSON_KEYS", takes: "j", form: "JSON_KEYS(object)", result: isJSON, call: jsonKeys},
	{name: "JSON_LENGTH", takes: "j", form: "JSON_LENGTH(array)", result: isInteger, call: func(r *Row, a []Value) Value {
		n := int64(0)
		for m := r.members(a[0]); m.next(); {
			n++
		}
		return OfInteger(n)
	}},
	{name: "JSON_HAS", takes: "jx", form: "JSON_HAS(object, 'name')", result: isBoolean, call: jsonHas},
	{name: "JSON_TEXT", takes: "x", form: "JSON_TEXT(value)", result: isString, call: func(r *Row, a []Value) Value {
		if !r.Text.room(6*int(a[0].length()) + 2) {
			return r.mistype()
		}
		return r.made(AppendJSON(r.Text.open(), a[0]))
	}},
	{name: "JSON_PARSE", takes: "s", form: "JSON_PARSE(text)", result: Type{}, call: func(r *Row, a []Value) Value {
		v, ok := r.parseJSON(a[0].Text())
		if !ok {
			return r.mistype()
		}
		return v
	}},
	{name: "ARRAY_CONTAINS", takes: "jx", form: "ARRAY_CONTAINS(array, value)", result: isBoolean, call: func(r *Row, a []Value) Value {
		found := false
		for m := r.members(a[0]); m.next(); {
			found = found || !m.object && Equal(m.value(), a[1])
		}
		return OfBoolean(found)
	}},
}

// members goes through an object or an array.
type members struct {
	r        *Row
	i        int
	object   bool
	name     []byte // as it is written
	escape   bool
	from, to int
}

// members begins. What is no object and no array has none. Only one goes on at a time.
func (r *Row) members(v Value) members {
	r.scan.doc, r.scan.depth = bytesOf(v.Text()), 0
	return members{r: r, i: 1, object: strings.HasPrefix(v.Text(), "{")}
}

// next goes to the next member, if there is one.
func (m *members) next() bool {
	s := &m.r.scan
	if m.i <= 0 || m.i >= len(s.doc) || s.doc[m.i] == '}' || s.doc[m.i] == ']' {
		return false
	}
	if s.doc[m.i] == ',' {
		m.i++
	}
	if m.object && m.i < len(s.doc) {
		from := m.i + 1
		end := s.string(from)
		if end < 0 {
			return false
		}
		m.name, m.escape, m.i = s.doc[from:end-1], s.escape, s.colon(end)
		if m.i < 0 {
			return false
		}
	}
	m.from = m.i
	m.to = s.value(m.i)
	m.i = m.to
	return m.to >= 0
}

// is says whether the member has a name.
func (m *members) is(name string) bool {
	if m.escape {
		return string(unescape(nil, m.name)) == name
	}
	return string(m.name) == name
}

// value is what the member holds.
func (m *members) value() Value {
	s := &m.r.scan
	if c := s.doc[m.from]; c == '{' || c == '[' {
		return OfJSON(view(s.doc[m.from:m.to]))
	}
	var v Value
	s.take(m.from, &v, &m.r.Text)
	return v
}

// within follows a path into a value. Of members with one name the last counts.
func (r *Row) within(v Value, path []sql.Part) Value {
	for _, p := range path {
		if v.kind != JSON {
			return Value{}
		}
		v = r.member(v, p)
	}
	return v
}

func (r *Row) member(v Value, p sql.Part) Value {
	var found members
	index := 0
	m := r.members(v)
	if m.object == p.IsIndex {
		return Value{}
	}
	for m.next() {
		if p.IsIndex && index == p.Index || !p.IsIndex && m.is(p.Name) {
			found = m
		}
		index++
	}
	if found.r == nil {
		return Value{}
	}
	return found.value()
}

// parseJSON reads any JSON.
func (r *Row) parseJSON(text string) (Value, bool) {
	s := &r.scan
	s.doc, s.depth, s.high, s.spaced = bytesOf(text), 0, 0, false
	from := s.space(0)
	s.spaced = false
	end := s.value(from)
	if end < 0 {
		return Value{}, false
	}
	spaced := s.spaced
	if s.space(end) != len(s.doc) {
		return Value{}, false
	}
	if c := s.doc[from]; c == '{' || c == '[' {
		s.spaced = spaced
		return OfJSON(s.compact(s.doc[from:end], &r.Text)), true
	}
	var v Value
	s.take(from, &v, &r.Text)
	return v, true
}

// jsonType names what a value is in JSON.
func jsonType(v Value) string {
	switch {
	case v.kind == Boolean:
		return "boolean"
	case v.kind.number():
		return "number"
	case v.kind == JSON && v.Text()[0] == '{':
		return "object"
	case v.kind == JSON:
		return "array"
	}
	return "string"
}

func jsonKeys(r *Row, a []Value) Value {
	if jsonType(a[0]) != "object" {
		return r.mistype()
	}
	b := append(r.Text.open(), '[')
	for m := r.members(a[0]); m.next(); {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), m.name...), '"')
	}
	return OfJSON(r.Text.close(append(b, ']')))
}

// jsonHas looks for a member by name, or for an element by index from 0; null counts.
func jsonHas(r *Row, a []Value) Value {
	object := jsonType(a[0]) == "object"
	if object && a[1].kind != String || !object && a[1].kind != Integer {
		return r.mistype()
	}
	index := int64(0)
	for m := r.members(a[0]); m.next(); index++ {
		if object && m.is(a[1].Text()) || !object && index == a[1].Integer() {
			return OfBoolean(true)
		}
	}
	return OfBoolean(false)
}

// composed writes an object, or without names an array.
func (r *Row) composed(names []string, values []Value) Value {
	b, brackets := r.Text.open(), "[]"
	if names != nil {
		brackets = "{}"
	}
	b = append(b, brackets[0])
	for i, v := range values {
		if !r.Text.room(len(b) + 6*int(v.length())) {
			return r.mistype()
		}
		if i > 0 {
			b = append(b, ',')
		}
		if names != nil {
			b = append(b, names[i]...)
		}
		b = AppendJSON(b, v)
	}
	return OfJSON(r.Text.close(append(b, brackets[1])))
}

// buildRow makes an object; a path gives its own name.
func buildRow(c *Compiler, e *sql.Call, args []*node) *node {
	names := make([]string, len(args))
	for i, a := range e.Args {
		name := a.As
		if p, ok := a.Expr.(*sql.Path); ok && name == "" {
			name = p.Parts[len(p.Parts)-1].Name
		}
		if name == "" {
			return c.fault(a.Expr, "This value of ROW has no name. Write %s AS name.", clip(sql.Print(a.Expr)))
		}
		names[i] = string(append(AppendQuoted(nil, name), ':'))
	}
	f := &function{result: isJSON, open: true}
	kinds := make([]uint16, len(args))
	for i := range kinds {
		kinds[i] = kindsOf['x']
	}
	return callNode(f, func(r *Row, values []Value) Value { return r.composed(names, values) }, args, kinds)
}

// choiceFunctions evaluate only what they give.
var choiceFunctions = []function{ // read-only
	{name: "COALESCE", takes: "x+", form: "COALESCE(a, b)", build: func(_ *Compiler, _ *sql.Call, args []*node) *node {
		return valueNode(unite(args), func(r *Row) Value {
			for _, a := range args {
				if v := a.eval(r); v.kind != Null {
					return v
				}
			}
			return Value{}
		}, args...)
	}},
	{name: "NULLIF", takes: "xx", form: "NULLIF(a, b)", build: func(c *Compiler, e *sql.Call, args []*node) *node {
		a, b := args[0], exactly(args[1], args[0])
		c.comparison("=", side{e.Args[0].Expr, a}, side{e.Args[1].Expr, b})
		return valueNode(a.typ, func(r *Row) Value {
			v := a.eval(r)
			if r.compare(2, v, b.eval(r)) == yes {
				return Value{}
			}
			return v
		}, a, b)
	}},
	{name: "IF", takes: "bx|x", form: "IF(condition, then, else)", build: func(_ *Compiler, _ *sql.Call, args []*node) *node {
		other := constantNode(Value{})
		if len(args) > 2 {
			other = args[2]
		}
		return valueNode(unite([]*node{args[1], other}), func(r *Row) Value {
			if args[0].test(r) == yes {
				return args[1].eval(r)
			}
			return other.eval(r)
		}, args...)
	}},
}
