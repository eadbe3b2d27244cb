package expr

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"
)

// stringFunctions work on texts. Places and lengths are in characters, from 1.
var stringFunctions = []function{ // read-only
	{name: "LOWER", takes: "s", form: "LOWER(text)", result: isString, call: func(r *Row, a []Value) Value { return r.mapped(a[0], unicode.ToLower) }},
	{name: "UPPER", takes: "s", form: "UPPER(text)", result: isString, call: func(r *Row, a []Value) Value { return r.mapped(a[0], unicode.ToUpper) }},
	{name: "TRIM", takes: "s|s", form: "TRIM(text, characters)", result: isString, call: func(_ *Row, a []Value) Value {
		return OfString(strings.Trim(a[0].Text(), cutset(a)))
	}},
	{name: "LTRIM", takes: "s|s", form: "LTRIM(text, characters)", result: isString, call: func(_ *Row, a []Value) Value {
		return OfString(strings.TrimLeft(a[0].Text(), cutset(a)))
	}},
	{name: "RTRIM", takes: "s|s", form: "RTRIM(text, characters)", result: isString, call: func(_ *Row, a []Value) Value {
		return OfString(strings.TrimRight(a[0].Text(), cutset(a)))
	}},
	{name: "LENGTH", takes: "y", form: "LENGTH(text)", result: isInteger, call: func(_ *Row, a []Value) Value {
		if a[0].kind == Bytes {
			return OfInteger(int64(a[0].size))
		}
		return OfInteger(int64(utf8.RuneCountInString(a[0].Text())))
	}},
	{name: "SUBSTRING", takes: "si|i", form: "SUBSTRING(text, from, length)", result: isString, call: substring},
	{name: "POSITION", takes: "ss", form: "POSITION(part, text)", result: isInteger, call: func(_ *Row, a []Value) Value {
		i := strings.Index(a[1].Text(), a[0].Text())
		if i < 0 {
			return OfInteger(0)
		}
		return OfInteger(int64(utf8.RuneCountInString(a[1].Text()[:i]) + 1))
	}},
	{name: "REPLACE", takes: "sss", form: "REPLACE(text, part, with)", result: isString, call: replace},
	{name: "CONCAT", takes: "x+", form: "CONCAT(a, b)", result: isString, open: true, call: func(r *Row, a []Value) Value { return r.concat(a...) }},
	{name: "SPLIT_PART", takes: "ssi", form: "SPLIT_PART(text, separator, number)", result: isString, call: splitPart},
	{name: "STARTS_WITH", takes: "ss", form: "STARTS_WITH(text, beginning)", result: isBoolean, call: func(_ *Row, a []Value) Value {
		return OfBoolean(strings.HasPrefix(a[0].Text(), a[1].Text()))
	}},
	{name: "ENDS_WITH", takes: "ss", form: "ENDS_WITH(text, end)", result: isBoolean, call: func(_ *Row, a []Value) Value {
		return OfBoolean(strings.HasSuffix(a[0].Text(), a[1].Text()))
	}},
	{name: "LPAD", takes: "si|s", form: "LPAD(text, length, fill)", result: isString, call: func(r *Row, a []Value) Value { return r.pad(a, true) }},
	{name: "RPAD", takes: "si|s", form: "RPAD(text, length, fill)", result: isString, call: func(r *Row, a []Value) Value { return r.pad(a, false) }},
	{name: "REVERSE", takes: "s", form: "REVERSE(text)", result: isString, call: func(r *Row, a []Value) Value {
		s, b := a[0].Text(), r.Text.open()
		for s != "" {
			_, n := utf8.DecodeLastRuneInString(s)
			b = append(b, s[len(s)-n:]...)
			s = s[:len(s)-n]
		}
		return r.made(b)
	}},
	{name: "HASH", takes: "x+", form: "HASH(a, b)", result: isInteger, open: true, call: func(_ *Row, a []Value) Value {
		h := uint64(seed0)
		for _, v := range a {
			h = HashMore(h, v)
		}
		return OfInteger(int64(h >> 1))
	}},
	{name: "SHA256", takes: "y", form: "SHA256(text)", result: isBytes, call: func(r *Row, a []Value) Value {
		sum := sha256.Sum256(bytesOf(a[0].Text()))
		return ofText(Bytes, r.Text.close(append(r.Text.open(), sum[:]...)))
	}},
	{name: "HEX", takes: "y", form: "HEX(bytes)", result: isString, call: func(r *Row, a []Value) Value {
		if !r.Text.room(2 * int(a[0].size)) {
			return r.mistype()
		}
		return r.made(hex.AppendEncode(r.Text.open(), bytesOf(a[0].Text())))
	}},
	{name: "BASE64", takes: "y", form: "BASE64(bytes)", result: isString, call: func(r *Row, a []Value) Value {
		if !r.Text.room(2*int(a[0].size) + 4) {
			return r.mistype()
		}
		return r.made(base64.StdEncoding.AppendEncode(r.Text.open(), bytesOf(a[0].Text())))
	}},
	{name: "URL_PART", takes: "ss|s", form: "URL_PART(url, 'query', name)", result: isString, call: urlPart},
}

// cutset is what TRIM takes away.
func cutset(a []Value) string {
	if len(a) > 1 {
		return a[1].Text()
	}
	return " \t\r\n"
}

// mapped changes characters one by one; a text that stays as it is costs nothing.
func (r *Row) mapped(v Value, to func(rune) rune) Value {
	s, i := v.Text(), 0
	for i < len(s) && s[i] < utf8.RuneSelf && to(rune(s[i])) == rune(s[i]) {
		i++
	}
	if i == len(s) {
		return v
	}
	if !r.Text.room(2 * len(s)) {
		return r.mistype()
	}
	b := append(r.Text.open(), s[:i]...)
	for _, c := range s[i:] {
		b = utf8.AppendRune(b, to(c))
	}
	return r.made(b)
}

// places gives the place in bytes of the character number n, from 0, or the end.
func places(s string, n int64) int {
	if n >= int64(len(s)) {
		return len(s)
	}
	for i := range s {
		if n <= 0 {
			return i
		}
		n--
	}
	return len(s)
}

// substring counts from 1; what lies before the text counts too, as in standard SQL.
func substring(_ *Row, a []Value) Value {
	s, from := a[0].Text(), a[1].Integer()
	length := int64(len(s))
	if len(a) > 2 {
		if length = a[2].Integer(); from < 1 && length > 0 {
			length = length - 1 + from
		}
	}
	if length <= 0 {
		return OfString("")
	}
	s = s[places(s, max(from, 1)-1):]
	return OfString(s[:places(s, length)])
}

func replace(r *Row, a []Value) Value {
	s, part, with := a[0].Text(), a[1].Text(), a[2].Text()
	n := strings.Count(s, part)
	if part == "" || n == 0 {
		return a[0]
	}
	if len(s) > arenaBytesMax || len(with) > arenaBytesMax || !r.Text.room(len(s)+n*max(0, len(with)-len(part))) {
		return r.mistype()
	}
	b := r.Text.open()
	for {
		i := strings.Index(s, part)
		if i < 0 {
			return r.made(append(b, s...))
		}
		b = append(append(b, s[:i]...), with...)
		s = s[i+len(part):]
	}
}

// concat writes values end to end, without NULLs.
func (r *Row) concat(values ...Value) Value {
	var out Value
	b, bytes := r.Text.open(), len(values) > 0
	for _, v := range values {
		if v.kind != Bytes && v.kind != Null {
			bytes = false
		}
	}
	for _, v := range values {
		if v.kind == Bytes && !bytes || !r.Text.room(len(b)+int(v.length())) {
			return r.mistype()
		}
		if v.kind != Null {
			b = appendText(b, v)
		}
	}
	if out = r.made(b); bytes {
		out.kind = Bytes
	}
	return out
}

// length is how long a text is, and enough for all else.
func (v Value) length() uint64 {
	switch v.kind {
	case String, Bytes, JSON:
		return v.size
	}
	return 64
}

// splitPart counts from 1, below zero from the end; a part that is not there is NULL.
func splitPart(_ *Row, a []Value) Value {
	s, separator, n := a[0].Text(), a[1].Text(), a[2].Integer()
	if separator == "" {
		if n == 1 || n == -1 {
			return a[0]
		}
		return Value{}
	}
	if n < 0 {
		if n += int64(strings.Count(s, separator)) + 2; n < 1 {
			return Value{}
		}
	}
	for ; n > 1; n-- {
		i := strings.Index(s, separator)
		if i < 0 {
			return Value{}
		}
		s = s[i+len(separator):]
	}
	if n < 1 {
		return Value{}
	}
	s, _, _ = strings.Cut(s, separator)
	return OfString(s)
}

// pad fills up to a length, or cuts.
func (r *Row) pad(a []Value, left bool) Value {
	s, n, fill := a[0].Text(), a[1].Integer(), " "
	if len(a) > 2 {
		fill = a[2].Text()
	}
	missing := n - int64(utf8.RuneCountInString(s))
	if missing <= 0 || fill == "" {
		return OfString(s[:places(s, max(n, 0))])
	}
	if missing > arenaBytesMax/utf8.UTFMax || !r.Text.room(len(s)+utf8.UTFMax*int(missing)) {
		return r.mistype()
	}
	b := r.Text.open()
	if !left {
		b = append(b, s...)
	}
	for rest := fill; missing > 0; missing-- {
		_, k := utf8.DecodeRuneInString(rest)
		b = append(b, rest[:k]...)
		if rest = rest[k:]; rest == "" {
			rest = fill
		}
	}
	if left {
		b = append(b, s...)
	}
	return r.made(b)
}
