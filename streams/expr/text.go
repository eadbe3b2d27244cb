package expr

import (
	"bytes"
	"strconv"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// take reads a string, a number, TRUE, FALSE or NULL.
func (s *scan) take(i int, to *Value, text *Arena) int {
	c := s.doc[i]
	if c != '"' {
		end := s.scalar(i)
		switch {
		case end < 0:
		case c == 't', c == 'f':
			*to = OfBoolean(c == 't')
		case c == 'n':
			*to = Value{}
		default:
			*to = numberOf(view(s.doc[i:end]))
		}
		return end
	}
	high := s.high
	s.high = 0
	end := s.string(i + 1)
	if end >= 0 {
		raw := s.doc[i+1 : end-1]
		if s.escape || s.high&highs != 0 && !utf8.Valid(raw) {
			*to = OfString(text.close(unescape(text.open(), raw)))
		} else {
			*to = OfString(view(raw))
		}
	}
	s.high |= high
	return end
}

// compact gives an object or an array without spaces outside strings, and as UTF-8. It stays where
// it is if it is so already.
func (s *scan) compact(raw []byte, text *Arena) string {
	broken := s.high&highs != 0 && !utf8.Valid(raw)
	if !s.spaced && !broken {
		return view(raw)
	}
	out := appendCompact(text.open(), raw)
	if broken {
		out = append(out[:0], bytes.ToValidUTF8(out, []byte("\ufffd"))...)
	}
	return text.close(out)
}

// appendCompact leaves out spaces that stand outside strings.
func appendCompact(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		switch c := raw[i]; c {
		case ' ', '\n', '\t', '\r':
			i++
		case '"':
			end := i + 1
			for raw[end] != '"' {
				if raw[end] == '\\' {
					end++
				}
				end++
			}
			dst = append(dst, raw[i:end+1]...)
			i = end + 1
		default:
			dst = append(dst, c)
			i++
		}
	}
	return dst
}

// unescape decodes what stands between the quotes of a string that was scanned. What is no UTF-8,
// and half a surrogate pair, become U+FFFD.
func unescape(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		c := raw[i]
		switch {
		case c == '\\':
			var n int
			dst, n = appendEscaped(dst, raw[i+1:])
			i += 1 + n
		case c < utf8.RuneSelf:
			dst = append(dst, c)
			i++
		default:
			r, n := utf8.DecodeRune(raw[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
		}
	}
	return dst
}

// appendEscaped decodes what follows a backslash and says how long it was.
func appendEscaped(dst, raw []byte) ([]byte, int) {
	switch c := raw[0]; c {
	case 'b':
		return append(dst, '\b'), 1
	case 'f':
		return append(dst, '\f'), 1
	case 'n':
		return append(dst, '\n'), 1
	case 'r':
		return append(dst, '\r'), 1
	case 't':
		return append(dst, '\t'), 1
	case 'u':
		r, _ := hex4(raw[1:])
		if utf16.IsSurrogate(r) {
			if len(raw) > 6 && raw[5] == '\\' && raw[6] == 'u' {
				low, _ := hex4(raw[7:])
				if pair := utf16.DecodeRune(r, low); pair != unicode.ReplacementChar {
					return utf8.AppendRune(dst, pair), 11
				}
			}
			r = unicode.ReplacementChar
		}
		return utf8.AppendRune(dst, r), 5
	default:
		return append(dst, c), 1
	}
}

// numberOf gives a JSON number: an INTEGER if it is written as one and fits, else a DOUBLE that
// remembers its digits, or NULL where that is too large.
func numberOf(s string) Value {
	i, negative := 0, s[0] == '-'
	if negative {
		i++
	}
	var m uint64
	digits, fraction, point := 0, 0, false
	for ; i < len(s); i++ {
		c := s[i]
		if c == '.' {
			point = true
			continue
		}
		if c-'0' > 9 {
			break
		}
		if digits++; point {
			fraction++
		}
		m = m*10 + uint64(c-'0')
	}
	whole := i == len(s) && !point
	if whole && digits <= 18 {
		if negative {
			return OfInteger(-int64(m))
		}
		return OfInteger(int64(m))
	}
	if whole {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return OfInteger(n)
		}
	}
	v := Value{}
	if i == len(s) && digits <= 19 && m < 1<<53 && fraction < len(exact) {
		f := float64(m) / exact[fraction]
		if negative {
			f = -f
		}
		v = OfDouble(f)
	} else {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return Value{}
		}
		v = OfDouble(f)
	}
	v.at, v.size = ofText(String, s).at, uint64(len(s))
	return v
}
