package crdt

import (
	"bytes"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/edgedhq/edged"
)

// nestedMax is how deep arrays and objects may stand in one another.
const nestedMax = 128

// Canonical appends the one text of a JSON value that every node writes for it: no white space,
// object keys sorted by their bytes and each once, strings in UTF-8 with no escape that JSON does
// not demand, numbers as in RFC 8785 but for integers of up to 2^63, which stand exact. So equal
// values have equal bytes: 1, 1.0 and 10e-1 are one number.
//
// What is no JSON is edged.BadRequest. A key that stands twice, a number past what a float64
// holds, half a surrogate and a depth of more than 128 are edged.Invalid at their place below
// "body". Nothing is appended then.
func Canonical(dst, text []byte) ([]byte, error) {
	c := canonical{in: text, out: slices.Grow(dst, len(text))}
	c.space()
	err := c.value(0)
	if err == nil {
		if c.space(); c.at < len(text) {
			err = c.broken("text after the value")
		}
	}
	if err != nil {
		return dst, err.refusal()
	}
	return c.out, nil
}

// isCanonical says whether a text is what Canonical writes.
func isCanonical(text []byte) bool { return new(canonical).writes(text) }

// writes says whether a text is what a run would write. The run is free for more texts.
func (c *canonical) writes(text []byte) bool {
	if isPlain(text) {
		return true
	}
	*c = canonical{in: text, out: c.out[:0], scratch: c.scratch, exact: true}
	return c.value(0) == nil && bytes.Equal(c.out, text)
}

// isPlain says whether a text is a string or an integer that is easily seen to be canonical.
func isPlain(text []byte) bool {
	n := len(text)
	if n == 0 {
		return false
	}
	if text[0] == '"' {
		for _, b := range text[1:max(n-1, 1)] {
			if b < ' ' || b == '"' || b == '\\' || b >= utf8.RuneSelf {
				return false
			}
		}
		return n > 1 && text[n-1] == '"'
	}
	for _, b := range text {
		if b < '0' || b > '9' {
			return false
		}
	}
	return n <= 18 && (n == 1 || text[0] > '0')
}

// canonical is one run over a text.
type canonical struct {
	in, out []byte
	at      int
	exact   bool // end as soon as something is written otherwise than it stands
	scratch []byte
}

// defect is what is wrong in a text. The path is completed on the way out of arrays and objects.
type defect struct {
	broken bool // it is no JSON
	path   string
	given  any
	why    string
}

func (d *defect) refusal() *edged.Refusal {
	if d.broken {
		return edged.Refuse(edged.BadRequest, "the body cannot be read as JSON: %s", d.why)
	}
	return edged.RefuseField(edged.Invalid, "body"+d.path, d.given, "%s", d.why)
}

func (d *defect) in(path string) *defect {
	d.path = path + d.path
	return d
}

func (c *canonical) broken(why string) *defect {
	return &defect{broken: true, why: "byte " + strconv.Itoa(c.at) + ": " + why}
}

func (c *canonical) space() {
	for c.at < len(c.in) {
		switch c.in[c.at] {
		case ' ', '\t', '\n', '\r':
			c.at++
		default:
			return
		}
	}
}

// next says whether a byte comes next, after white space, and takes it.
func (c *canonical) next(b byte) bool {
	c.space()
	if c.at < len(c.in) && c.in[c.at] == b {
		c.at++
		return true
	}
	return false
}

func (c *canonical) value(depth int) *defect {
	if depth > nestedMax {
		return &defect{why: "arrays and objects stand in one another at most 128 deep"}
	}
	if c.at == len(c.in) {
		return c.broken("a value is missing")
	}
	switch c.in[c.at] {
	case '{':
		return c.object(depth)
	case '[':
		return c.array(depth)
	}
	err := c.scalar()
	if err == nil && c.exact && c.at != len(c.out) {
		err = c.broken("not canonical")
	}
	return err
}

func (c *canonical) scalar() *defect {
	switch b := c.in[c.at]; {
	case b == '"':
		return c.text()
	case b == '-' || '0' <= b && b <= '9':
		return c.number()
	}
	for _, word := range [...]string{"null", "false", "true"} {
		if rest := c.in[c.at:]; len(rest) >= len(word) && string(rest[:len(word)]) == word {
			c.at += len(word)
			c.out = append(c.out, word...)
			return nil
		}
	}
	return c.broken("no JSON value begins like this")
}

func (c *canonical) array(depth int) *defect {
	c.at++
	c.out = append(c.out, '[')
	for i := 0; !c.next(']'); i++ {
		if i > 0 {
			if !c.next(',') {
				return c.broken("want , or ] in an array")
			}
			c.space()
			c.out = append(c.out, ',')
		}
		if err := c.value(depth + 1); err != nil {
			return err.in("[" + strconv.Itoa(i) + "]")
		}
	}
	c.out = append(c.out, ']')
	return nil
}

func (c *canonical) object(depth int) *defect {
	c.at++
	start, members, before, sorted := len(c.out), 0, 0, true
	c.out = append(c.out, '{')
	for ; !c.next('}'); members++ {
		if members > 0 {
			if !c.next(',') {
				return c.broken("want , or } in an object")
			}
			c.out = append(c.out, ',')
		}
		key := len(c.out)
		if err := c.member(depth); err != nil {
			return err
		}
		if members > 0 && sorted {
			order := compareStrings(stringAt(c.out, before), stringAt(c.out, key))
			if order == 0 {
				return twice(stringAt(c.out, key))
			}
			sorted = order < 0
		}
		before = key
	}
	c.out = append(c.out, '}')
	if sorted {
		return nil
	}
	return c.sort(start, members)
}

func (c *canonical) member(depth int) *defect {
	c.space()
	if c.at == len(c.in) || c.in[c.at] != '"' {
		return c.broken("want a key in quotes")
	}
	key := len(c.out)
	if err := c.text(); err != nil {
		return err
	}
	name := stringAt(c.out, key)
	if !c.next(':') {
		return c.broken("want : after a key")
	}
	c.space()
	c.out = append(c.out, ':')
	if err := c.value(depth + 1); err != nil {
		return err.in("." + shown(name[1:len(name)-1]))
	}
	return nil
}

func twice(key []byte) *defect {
	return &defect{path: "." + shown(key[1:len(key)-1]), why: "this key stands twice in one object"}
}

// sort puts the members of an object in order that has been written from start on.
func (c *canonical) sort(start, members int) *defect {
	type member struct{ from, to int32 }
	all := make([]member, 0, members)
	for at := start + 1; at < len(c.out); {
		to := valueEnd(c.out, len(stringAt(c.out, at))+1+at)
		all = append(all, member{int32(at), int32(to)})
		at = to + 1
	}
	key := func(m member) []byte { return stringAt(c.out, int(m.from)) }
	slices.SortFunc(all, func(a, b member) int { return compareStrings(key(a), key(b)) })
	c.scratch = c.scratch[:0]
	c.scratch = slices.Grow(c.scratch, len(c.out)-start)
	for i, m := range all {
		if i > 0 {
			if compareStrings(key(all[i-1]), key(m)) == 0 {
				return twice(key(m))
			}
			c.scratch = append(c.scratch, ',')
		}
		c.scratch = append(c.scratch, c.out[m.from:m.to]...)
	}
	copy(c.out[start+1:], c.scratch)
	return nil
}
