package jsonscan

import (
	"errors"
	"unicode/utf16"
	"unicode/utf8"
)

// ErrSurrogate is a \u escape that names one half of a surrogate pair without the other.
var ErrSurrogate = errors.New(`jsonscan: a \u escape names half a surrogate pair`)

// Unescape appends what the content of a string stands for. The content has been checked; it is
// never shorter than the result.
func Unescape(dst, content []byte) ([]byte, error) {
	for i := 0; i < len(content); {
		c := content[i]
		if c != '\\' {
			dst = append(dst, c)
			i++
			continue
		}
		if content[i+1] != 'u' {
			dst = append(dst, unescaped(content[i+1]))
			i += 2
			continue
		}
		r := hexRune(content[i+2:])
		i += 6
		if utf16.IsSurrogate(r) {
			if len(content)-i < 6 || content[i] != '\\' || content[i+1] != 'u' {
				return dst, ErrSurrogate
			}
			if r = utf16.DecodeRune(r, hexRune(content[i+2:])); r == utf8.RuneError {
				return dst, ErrSurrogate
			}
			i += 6
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst, nil
}

func unescaped(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

func hexRune(b []byte) rune {
	return hexDigit(b[0])<<12 | hexDigit(b[1])<<8 | hexDigit(b[2])<<4 | hexDigit(b[3])
}

// Compact appends a text that has been checked, without the whitespace between its tokens.
func Compact(dst, text []byte) []byte {
	s := scan{text: text}
	for i := 0; i < len(text); {
		from := i
		switch text[i] {
		case ' ', '\t', '\n', '\r':
			i++
			continue
		case '"':
			i = s.str(i + 1)
		default:
			for i++; i < len(text) && text[i] > ' ' && text[i] != '"'; i++ {
			}
		}
		dst = append(dst, text[from:i]...)
	}
	return dst
}

// Quote appends s as a JSON string. What is not UTF-8 becomes the replacement character.
func Quote[T string | []byte](dst []byte, s T) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ' || c == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		default:
			var raw [utf8.UTFMax]byte
			r, n := utf8.DecodeRune(raw[:copy(raw[:], s[i:])])
			dst = utf8.AppendRune(dst, r)
			i += n - 1
		}
	}
	return append(dst, '"')
}
