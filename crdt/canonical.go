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
func isCanonical(text []byte) bool {
	if n := len(text); n >= 2 && text[0] == '"' && text[n-1] == '"' && utf8.Valid(text) {
		plain := true
		for _, b := range text[1 : n-1] {
			plain = plain && b >= ' ' && b != '"' && b != '\\'
		}
		if plain {
			return true
		}
	}
	var room [64]byte
	c := canonical{in: text, out: room[:0], exact: true}
	return c.value(0) == nil && bytes.Equal(c.out, text)
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

// text copies a string, each character in its shortest allowed form.
func (c *canonical) text() *defect {
	c.at++
	c.out = append(c.out, '"')
	for c.at < len(c.in) {
		switch b := c.in[c.at]; {
		case b == '"':
			c.at++
			c.out = append(c.out, '"')
			return nil
		case b == '\\':
			if err := c.escape(); err != nil {
				return err
			}
		case b < ' ':
			return c.broken("a control character in a string stands escaped")
		case b < utf8.RuneSelf:
			c.at++
			c.out = append(c.out, b)
		default:
			r, size := utf8.DecodeRune(c.in[c.at:])
			if r == utf8.RuneError && size == 1 {
				return c.broken("no UTF-8")
			}
			c.out = append(c.out, c.in[c.at:c.at+size]...)
			c.at += size
		}
	}
	return c.broken("a string without an end")
}

func (c *canonical) escape() *defect {
	c.at++
	if c.at == len(c.in) {
		return c.broken("a string without an end")
	}
	b := c.in[c.at]
	c.at++
	switch b {
	case '"', '\\', '/':
		c.out = appendEscaped(c.out, b)
	case 'b':
		c.out = appendEscaped(c.out, '\b')
	case 'f':
		c.out = appendEscaped(c.out, '\f')
	case 'n':
		c.out = appendEscaped(c.out, '\n')
	case 'r':
		c.out = appendEscaped(c.out, '\r')
	case 't':
		c.out = appendEscaped(c.out, '\t')
	case 'u':
		return c.unicode()
	default:
		return c.broken("no such escape in JSON")
	}
	return nil
}

// unicode reads what stands after \u, with the second half of a pair.
func (c *canonical) unicode() *defect {
	r, ok := c.hex()
	if !ok {
		return c.broken(`want four hexadecimal digits after \u`)
	}
	if 0xd800 <= r && r < 0xe000 {
		low := rune(-1)
		if r < 0xdc00 && len(c.in) > c.at+1 && c.in[c.at] == '\\' && c.in[c.at+1] == 'u' {
			c.at += 2
			low, _ = c.hex()
		}
		if low < 0xdc00 || low >= 0xe000 {
			return &defect{why: `half a surrogate pair after \u is no character`}
		}
		r = (r-0xd800)<<10 + (low - 0xdc00) + 0x10000
	}
	if r < utf8.RuneSelf {
		c.out = appendEscaped(c.out, byte(r))
	} else {
		c.out = utf8.AppendRune(c.out, r)
	}
	return nil
}

func (c *canonical) hex() (rune, bool) {
	if len(c.in)-c.at < 4 {
		return -1, false
	}
	n, err := strconv.ParseUint(string(c.in[c.at:c.at+4]), 16, 16)
	if err != nil {
		return -1, false
	}
	c.at += 4
	return rune(n), true
}

// appendEscaped appends one ASCII character of a string.
func appendEscaped(dst []byte, b byte) []byte {
	switch b {
	case '"', '\\':
		return append(dst, '\\', b)
	case '\b':
		return append(dst, `\b`...)
	case '\f':
		return append(dst, `\f`...)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	if b < ' ' {
		const digits = "0123456789abcdef"
		return append(dst, '\\', 'u', '0', '0', digits[b>>4], digits[b&15])
	}
	return append(dst, b)
}

// appendString appends a text in UTF-8 as a canonical JSON string.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := range len(s) {
		dst = appendEscaped(dst, s[i])
	}
	return append(dst, '"')
}
