package jsonscan

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// DepthMax is how many containers may stand inside one another. The scan keeps a bit for each.
const DepthMax = 64

// Marks say what a scan met inside a value.
type Marks uint8

// The marks.
const (
	Escaped Marks = 1 << iota // a backslash in a string
	Spaced                    // whitespace between tokens
	Lined                     // carriage returns or line feeds among it
)

// scan is one walk over a text. The methods take the place to begin at and return the place after
// what they read, or -1 with at and why set.
type scan struct {
	text  []byte
	marks Marks
	why   reason
	at    int
}

func (s *scan) stop(at int, why reason) int {
	s.at, s.why = at, why
	return -1
}

// value reads the value that begins at i, whitespace before it included.
func (s *scan) value(i, depthMax int) int {
	text := s.text
	depth, objects := 0, uint64(0) // the lowest bit tells what the innermost container is
	for {
		if i < len(text) && text[i] <= ' ' {
			i = s.space(i)
		}
		if i >= len(text) {
			return s.stop(len(text), wantValue)
		}
		switch c := text[i]; {
		case c == '"':
			i = s.str(i + 1)
		case c-'0' <= 9 || c == '-':
			i = s.number(i)
		case c == '{' || c == '[':
			if depth == depthMax {
				return s.stop(i, tooDeep)
			}
			if i++; i < len(text) && text[i] <= ' ' {
				i = s.space(i)
			}
			if i < len(text) && text[i] == c+2 { // both brackets close with the byte two further on
				i++
				break
			}
			depth++
			objects <<= 1
			if c == '{' {
				objects |= 1
				i = s.name(i)
			}
			if i < 0 {
				return -1
			}
			continue
		default:
			i = s.word(i)
		}
		// What follows a value: the next one, or the ends of containers.
		for {
			if depth == 0 || i < 0 {
				return i
			}
			if i < len(text) && text[i] <= ' ' {
				i = s.space(i)
			}
			if i >= len(text) || text[i] != ',' {
				if i = s.leave(i, objects&1 == 1); i < 0 {
					return -1
				}
				depth--
				objects >>= 1
				continue
			}
			i++
			break
		}
		if objects&1 == 1 {
			if i < len(text) && text[i] <= ' ' {
				i = s.space(i)
			}
			if i = s.name(i); i < 0 {
				return -1
			}
		}
	}
}

// leave reads the end of a container.
func (s *scan) leave(i int, object bool) int {
	if i < len(s.text) && (s.text[i] == '}' && object || s.text[i] == ']' && !object) {
		return i + 1
	}
	return s.stop(i, wantNext(object))
}

// name reads a member's name and the colon after it.
func (s *scan) name(i int) int {
	text := s.text
	if i >= len(text) || text[i] != '"' {
		return s.stop(i, wantName)
	}
	if i = s.str(i + 1); i < 0 {
		return -1
	}
	if i < len(text) && text[i] == ':' {
		return i + 1
	}
	if i = s.space(i); i >= len(text) || text[i] != ':' {
		return s.stop(i, wantColon)
	}
	return i + 1
}

// space passes over whitespace.
func (s *scan) space(i int) int {
	for ; i < len(s.text); i++ {
		switch s.text[i] {
		case ' ', '\t':
			s.marks |= Spaced
		case '\n', '\r':
			s.marks |= Spaced | Lined
		default:
			return i
		}
	}
	return i
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// odd marks the bytes of x that end a plain run inside a string: quotes, backslashes, control
// characters and all beyond ASCII. Only the lowest mark is exact, because a subtraction borrows
// upwards.
func odd(x uint64) uint64 {
	quote := (x ^ '"'*ones) - ones
	slash := (x ^ '\\'*ones) - ones
	control := x - ' '*ones
	return (quote | slash | control | x) & highs
}

// str reads a string's content and closing quote, eight bytes at a time.
func (s *scan) str(i int) int {
	text := s.text
	for len(text)-i >= 8 {
		m := odd(binary.LittleEndian.Uint64(text[i:]))
		if m == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(m) >> 3
		if text[i] == '"' {
			return i + 1
		}
		if i = s.oddity(i); i < 0 {
			return -1
		}
	}
	for i < len(text) {
		switch c := text[i]; {
		case c == '"':
			return i + 1
		case c < ' ' || c == '\\' || c >= utf8.RuneSelf:
			if i = s.oddity(i); i < 0 {
				return -1
			}
		default:
			i++
		}
	}
	return s.stop(i, wantQuote)
}

// oddity reads an escape or a run of characters beyond ASCII inside a string.
func (s *scan) oddity(i int) int {
	text := s.text
	if text[i] < ' ' {
		return s.stop(i, controlByte)
	}
	if text[i] == '\\' {
		s.marks |= Escaped
		return s.escape(i)
	}
	for i < len(text) && text[i] >= utf8.RuneSelf {
		if c := text[i]; c >= 0xc2 && c < 0xe0 && i+1 < len(text) && text[i+1]&0xc0 == 0x80 {
			i += 2 // two bytes: most of what is not Latin and not East Asian
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n <= 1 {
			return s.stop(i, notUTF8)
		}
		i += n
	}
	return i
}

func (s *scan) escape(i int) int {
	if i+1 >= len(s.text) {
		return s.stop(len(s.text), wantQuote)
	}
	switch s.text[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		for k := i + 2; k < i+6; k++ {
			if k >= len(s.text) || hexDigit(s.text[k]) < 0 {
				return s.stop(min(k, len(s.text)), wantHex)
			}
		}
		return i + 6
	}
	return s.stop(i+1, wantEscape)
}

// hexDigit is the worth of c, or -1.
func hexDigit(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return rune(c|0x20-'a') + 10
	}
	return -1
}

// word reads true, false or null.
func (s *scan) word(i int) int {
	word := ""
	switch s.text[i] {
	case 't':
		word = "true"
	case 'f':
		word = "false"
	case 'n':
		word = "null"
	}
	if word != "" && len(s.text)-i >= len(word) && string(s.text[i:i+len(word)]) == word {
		return i + len(word)
	}
	return s.stop(i, wantValue)
}

func (s *scan) number(i int) int {
	text := s.text
	if text[i] == '-' {
		i++
	}
	whole := i
	i = digits(text, i)
	switch {
	case i == whole:
		return s.stop(i, wantDigit)
	case text[whole] == '0' && i-whole > 1:
		return s.stop(whole, leadingZero)
	}
	if i < len(text) && text[i] == '.' {
		if i = digits(text, i+1); text[i-1] == '.' {
			return s.stop(i, wantDigit)
		}
	}
	if i < len(text) && text[i]|0x20 == 'e' {
		if i++; i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		power := i
		if i = digits(text, i); i == power {
			return s.stop(i, wantDigit)
		}
	}
	return i
}

// digits passes over decimal digits.
func digits(text []byte, i int) int {
	for i < len(text) && text[i]-'0' <= 9 {
		i++
	}
	return i
}
