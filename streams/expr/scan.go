package expr

import (
	"encoding/binary"
	"math/bits"
)

// depthMax is how deep JSON may nest, as in encoding/json.
const depthMax = 10_000

// scan steps over JSON without decoding it, and sees every fault that encoding/json sees. Its
// methods take the place where something begins and give the place after it, or -1.
type scan struct {
	doc    []byte
	depth  int
	high   uint64 // bytes seen in strings, or'ed: says whether all were ASCII
	spaced bool   // spaces were seen outside strings
	escape bool   // the last string holds a backslash
	open   [depthMax/64 + 1]uint64
}

const (
	each  = 0x0101010101010101
	highs = 0x8080808080808080
)

// space steps over spaces.
func (s *scan) space(i int) int {
	if i < len(s.doc) && s.doc[i] > ' ' {
		return i
	}
	return s.spaces(i)
}

func (s *scan) spaces(i int) int {
	for i < len(s.doc) {
		if c := s.doc[i]; c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return i
		}
		s.spaced = true
		i++
	}
	return i
}

// string steps over a string, eight bytes at a time. It begins after the first quote.
func (s *scan) string(i int) int {
	s.escape = false
	for {
		for i+8 <= len(s.doc) {
			w := binary.LittleEndian.Uint64(s.doc[i:])
			quote, slash := w^('"'*each), w^('\\'*each)
			stop := ((quote-each)&^quote | (slash-each)&^slash | (w-' '*each)&^w) & highs
			if stop != 0 {
				n := bits.TrailingZeros64(stop) / 8
				s.high |= w & (1<<(8*n) - 1)
				i += n
				break
			}
			s.high |= w
			i += 8
		}
		if i >= len(s.doc) {
			return -1
		}
		switch c := s.doc[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			s.escape = true
			if i = s.escaped(i + 1); i < 0 {
				return -1
			}
		case c < ' ':
			return -1
		default:
			s.high |= uint64(c)
			i++
		}
	}
}

// escaped steps over what follows a backslash.
func (s *scan) escaped(i int) int {
	if i >= len(s.doc) {
		return -1
	}
	switch s.doc[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1
	case 'u':
		if _, ok := hex4(s.doc[i+1:]); ok {
			return i + 5
		}
	}
	return -1
}

// hex4 reads four hexadecimal digits.
func hex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range b[:4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// scalar steps over a number, true, false or null.
func (s *scan) scalar(i int) int {
	switch s.doc[i] {
	case 't':
		return s.word(i, "true")
	case 'f':
		return s.word(i, "false")
	case 'n':
		return s.word(i, "null")
	}
	n := numberLen(s.doc[i:])
	if n == 0 {
		return -1
	}
	return i + n
}

func (s *scan) word(i int, word string) int {
	if len(s.doc)-i < len(word) || string(s.doc[i:i+len(word)]) != word {
		return -1
	}
	return i + len(word)
}

// numberLen is the length of the JSON number at the beginning of b, 0 if there is none.
func numberLen(b []byte) int {
	i := 0
	if i < len(b) && b[i] == '-' {
		i++
	}
	switch {
	case i == len(b):
		return 0
	case b[i] == '0':
		i++
	default:
		n := digitsLen(b[i:])
		if n == 0 {
			return 0
		}
		i += n
	}
	if i < len(b) && b[i] == '.' {
		n := digitsLen(b[i+1:])
		if n == 0 {
			return 0
		}
		i += 1 + n
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		n := digitsLen(b[i:])
		if n == 0 {
			return 0
		}
		i += n
	}
	return i
}

func digitsLen(b []byte) int {
	n := 0
	for n < len(b) && b[n]-'0' <= 9 {
		n++
	}
	return n
}

// enter notes that an object or an array begins, and says whether it may.
func (s *scan) enter(object bool) bool {
	if s.depth == depthMax {
		return false
	}
	bit := uint64(1) << (s.depth % 64)
	if object {
		s.open[s.depth/64] |= bit
	} else {
		s.open[s.depth/64] &^= bit
	}
	s.depth++
	return true
}

// inObject says whether what is open last is an object.
func (s *scan) inObject() bool {
	return s.open[(s.depth-1)/64]>>((s.depth-1)%64)&1 != 0
}

// skip steps over a value, soonest over one that holds no others.
func (s *scan) skip(i int) int {
	if i >= len(s.doc) {
		return -1
	}
	switch s.doc[i] {
	case '{', '[':
		return s.value(i)
	case '"':
		return s.string(i + 1)
	}
	return s.scalar(i)
}

// value steps over a value.
func (s *scan) value(i int) int {
	floor := s.depth
	for i < len(s.doc) {
		switch c := s.doc[i]; c {
		case '{', '[':
			if !s.enter(c == '{') {
				return -1
			}
			i = s.space(i + 1)
			if i >= len(s.doc) || s.doc[i] != c+2 { // c+2 closes c
				if c == '{' {
					i = s.key(i)
				}
				if i < 0 {
					return -1
				}
				continue
			}
			s.depth--
			i++
		case '"':
			i = s.string(i + 1)
		default:
			i = s.scalar(i)
		}
		if i < 0 {
			return -1
		}
		if i = s.after(i, floor); i < 0 || s.depth == floor {
			return i
		}
	}
	return -1
}

// key steps over a member's name, to its value.
func (s *scan) key(i int) int {
	if i >= len(s.doc) || s.doc[i] != '"' {
		return -1
	}
	if i = s.string(i + 1); i < 0 {
		return -1
	}
	return s.colon(i)
}

func (s *scan) colon(i int) int {
	if i = s.space(i); i >= len(s.doc) || s.doc[i] != ':' {
		return -1
	}
	return s.space(i + 1)
}

// after closes what ends behind a value, and goes to the next value in what stays open.
func (s *scan) after(i, floor int) int {
	for s.depth > floor {
		if i = s.space(i); i >= len(s.doc) {
			return -1
		}
		object := s.inObject()
		switch c := s.doc[i]; {
		case c == ',' && object:
			return s.key(s.space(i + 1))
		case c == ',':
			return s.space(i + 1)
		case c == '}' && object, c == ']' && !object:
			s.depth--
			i++
		default:
			return -1
		}
	}
	return i
}
