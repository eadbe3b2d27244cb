package crdt

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

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

// unquoted is the text that a canonical JSON string stands for.
func unquoted(s []byte) string {
	if bytes.IndexByte(s, '\\') < 0 {
		return string(s[1 : len(s)-1])
	}
	text := make([]byte, 0, len(s))
	for i := 1; i < len(s)-1; {
		var b byte
		b, i = character(s, i)
		text = append(text, b)
	}
	return string(text)
}

// stringAt is the canonical JSON string that begins at a place, quotes included.
func stringAt(text []byte, from int) []byte {
	to := from + 1
	for text[to] != '"' {
		if text[to] == '\\' {
			to++
		}
		to++
	}
	return text[from : to+1]
}

// valueEnd is where the canonical JSON value ends that begins at a place.
func valueEnd(text []byte, at int) int {
	for depth := 0; at < len(text); at++ {
		switch text[at] {
		case '"':
			at += len(stringAt(text, at)) - 1
		case '[', '{':
			depth++
		case ']', '}', ',':
			if depth == 0 {
				return at
			}
			if text[at] != ',' {
				depth--
			}
		}
	}
	return len(text)
}

// shown is the beginning of a text that came from outside, for a message.
func shown(text []byte) string {
	const most = 100
	if len(text) <= most {
		return string(text)
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return string(text[:cut]) + "..."
}
