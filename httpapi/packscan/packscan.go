// Package packscan walks MessagePack without building anything, as jsonscan does JSON: it says
// whether bytes are right, where a value ends, and what its heads say. Bytes from outside pass
// [Check] before anything decodes them, because a decoder that believes a length allocates it and
// one that recurses overflows its stack.
//
// The rules: every length that is claimed fits into the bytes that are left (an element takes at
// least one byte, a pair two), at most [DepthMax] arrays and maps stand inside one another, the
// byte 0xc1 is refused, and nothing follows the value. Whether a string is UTF-8 is for those to
// ask who take it for text.
//
//	head ──▶ Token{Kind, From, Body, To, Len}      From ≤ Body ≤ To; an array's or a map's To is
//	                                               the place of its first element
package packscan

import (
	"encoding/binary"
	"fmt"
	"math"
)

// DepthMax is how many arrays and maps may stand inside one another.
const DepthMax = 64

// Kind is the kind of a value.
type Kind uint8

// The kinds.
const (
	Nil Kind = iota
	Bool
	Int    // negative, in Token.Int
	Uint   // zero or positive, in Token.Uint
	Float  // in Token.Float
	String // Body to To
	Binary // Body to To
	Ext    // Body to To, its type in Token.Type
	Array  // Token.Len elements follow
	Map    // Token.Len pairs follow
)

var kinds = [...]string{ // read-only
	"nil", "a boolean", "an integer", "an integer", "a float", "a string", "binary", "an extension", "an array", "a map",
}

// String names the kind with its article.
func (k Kind) String() string { return kinds[k] }

// Token is the head of a value, and the whole of one that holds no others.
type Token struct {
	Kind           Kind
	Type           int8 // of an Ext
	From, Body, To int
	Len            int    // elements of an Array, pairs of a Map, bytes of a body or of a Float
	bits           uint64 // a number's
}

// Bytes cuts the body out.
func (t Token) Bytes(b []byte) []byte { return b[t.Body:t.To:t.To] }

// Bool is the truth of a Bool.
func (t Token) Bool() bool { return t.bits == 1 }

// Uint is the number of a Uint.
func (t Token) Uint() uint64 { return t.bits }

// Int is the number of an Int.
func (t Token) Int() int64 { return int64(t.bits) }

// Float is the number of a Float.
func (t Token) Float() float64 { return math.Float64frombits(t.bits) }

// Fault tells where bytes break the rules.
type Fault struct {
	Offset  int
	Message string
}

// Error gives place and message.
func (f *Fault) Error() string { return fmt.Sprintf("byte %d: %s", f.Offset, f.Message) }

func cut(at int) error { return &Fault{at, "want a value, found the end"} }

// Check holds bytes to the rules: exactly one value.
func Check(b []byte) error {
	end, err := End(b, 0, DepthMax)
	if err == nil && end < len(b) {
		err = &Fault{end, fmt.Sprintf("want nothing after the value, found %d bytes", len(b)-end)}
	}
	return err
}

// End is the place after the value that begins at a place, with all that it holds.
func End(b []byte, at, depthMax int) (int, error) {
	var left [DepthMax]int // values that each open container still wants
	depthMax = min(depthMax, DepthMax)
	depth := 0
	for {
		if at = plain(b, at); at < 0 {
			at = ^at
			t, err := Next(b, at)
			if err != nil {
				return at, err
			}
			at = t.To
			if t.Kind >= Array {
				if depth == depthMax {
					return t.From, &Fault{t.From, fmt.Sprintf("want at most %d arrays and maps inside one another", depthMax)}
				}
				left[depth] = t.Len
				if t.Kind == Map {
					left[depth] = 2 * t.Len
				}
				depth++
			}
		}
		for depth > 0 && left[depth-1] == 0 {
			depth--
		}
		if depth == 0 {
			return at, nil
		}
		left[depth-1]--
	}
}

// plain passes over the commonest values that hold no others; of all else it gives the complement
// of the place.
func plain(b []byte, at int) int {
	if at >= len(b) {
		return ^at
	}
	n := 0
	switch c := b[at]; {
	case c < 0x80, c >= 0xe0, c == 0xc0, c == 0xc2, c == 0xc3:
		return at + 1
	case c >= 0xa0 && c < 0xc0:
		n = 1 + int(c&31)
	case c == 0xcb, c == 0xcf, c == 0xd3:
		n = 9
	case c == 0xca, c == 0xce, c == 0xd2:
		n = 5
	case (c == 0xd9 || c == 0xc4) && at+1 < len(b):
		n = 2 + int(b[at+1])
	default:
		return ^at
	}
	if n > len(b)-at {
		return ^at // Next says what is wrong
	}
	return at + n
}

// Next reads the head at a place and holds what it claims to the bytes that are left.
func Next(b []byte, at int) (Token, error) {
	if at >= len(b) {
		return Token{}, cut(at)
	}
	t := Token{From: at}
	switch c := b[at]; {
	case c < 0x80:
		t.Kind, t.bits = Uint, uint64(c)
	case c < 0x90:
		return t.container(b, Map, 0, int(c&15))
	case c < 0xa0:
		return t.container(b, Array, 0, int(c&15))
	case c < 0xc0:
		n := int(c & 31)
		if n > len(b)-at-1 {
			return t.body(b, String, 0, n)
		}
		return Token{Kind: String, From: at, Body: at + 1, To: at + 1 + n, Len: n}, nil
	case c >= 0xe0:
		t.Kind, t.bits = Int, uint64(int64(int8(c)))
	default:
		return t.wide(b, c)
	}
	t.Body, t.To = at+1, at+1
	return t, nil
}

// wide reads the heads 0xc0 to 0xdf.
func (t Token) wide(b []byte, c byte) (Token, error) {
	switch c {
	case 0xc0:
		return t.number(b, Nil, 0)
	case 0xc1:
		return t, &Fault{t.From, "want a value, found the byte 0xc1, which means nothing"}
	case 0xc2, 0xc3:
		t.bits = uint64(c & 1)
		return t.fixed(b, Bool), nil
	case 0xc4, 0xc5, 0xc6:
		return t.sized(b, Binary, 1<<(c-0xc4))
	case 0xc7, 0xc8, 0xc9:
		return t.sized(b, Ext, 1<<(c-0xc7))
	case 0xca:
		return t.number(b, Float, 4)
	case 0xcb:
		return t.number(b, Float, 8)
	case 0xcc, 0xcd, 0xce, 0xcf:
		return t.number(b, Uint, 1<<(c-0xcc))
	case 0xd0, 0xd1, 0xd2, 0xd3:
		return t.number(b, Int, 1<<(c-0xd0))
	case 0xd4, 0xd5, 0xd6, 0xd7, 0xd8:
		return t.body(b, Ext, 0, 1<<(c-0xd4))
	case 0xd9, 0xda, 0xdb:
		return t.sized(b, String, 1<<(c-0xd9))
	case 0xdc, 0xdd:
		return t.sized(b, Array, 2<<(c-0xdc))
	}
	return t.sized(b, Map, 2<<(c-0xde))
}

func (t Token) fixed(b []byte, k Kind) Token {
	t.Kind, t.Body, t.To = k, t.From+1, t.From+1
	return t
}

// big reads the n bytes after the first as a big-endian number.
func (t Token) big(b []byte, n int) (uint64, bool) {
	rest := b[t.From+1:]
	if len(rest) < n {
		return 0, false
	}
	switch n {
	case 1:
		return uint64(rest[0]), true
	case 2:
		return uint64(binary.BigEndian.Uint16(rest)), true
	case 4:
		return uint64(binary.BigEndian.Uint32(rest)), true
	case 8:
		return binary.BigEndian.Uint64(rest), true
	}
	return 0, true
}

func (t Token) number(b []byte, k Kind, n int) (Token, error) {
	v, ok := t.big(b, n)
	if !ok {
		return t, cut(len(b))
	}
	switch {
	case k == Float && n == 4:
		v = math.Float64bits(float64(math.Float32frombits(uint32(v))))
	case k == Int:
		v = uint64(int64(v<<(64-8*n)) >> (64 - 8*n))
		if int64(v) >= 0 {
			k = Uint
		}
	}
	t.Kind, t.bits, t.Len = k, v, n
	t.Body, t.To = t.From+1+n, t.From+1+n
	return t, nil
}

// sized reads a length of n bytes and what it is the length of.
func (t Token) sized(b []byte, k Kind, n int) (Token, error) {
	v, ok := t.big(b, n)
	if !ok {
		return t, cut(len(b))
	}
	if k >= Array {
		return t.container(b, k, n, int(v))
	}
	return t.body(b, k, n, int(v))
}

// body cuts off n bytes after a head whose length took some bytes.
func (t Token) body(b []byte, k Kind, head, n int) (Token, error) {
	at := t.From + 1 + head
	if k == Ext {
		if at >= len(b) {
			return t, cut(len(b))
		}
		t.Type = int8(b[at])
		at++
	}
	if n > len(b)-at {
		return t, &Fault{t.From, fmt.Sprintf("%s claims %d bytes, and %d are left", k, n, len(b)-at)}
	}
	t.Kind, t.Body, t.To, t.Len = k, at, at+n, n
	return t, nil
}

func (t Token) container(b []byte, k Kind, head, n int) (Token, error) {
	at := t.From + 1 + head
	least := n
	if k == Map {
		least = 2 * n
	}
	if least > len(b)-at {
		return t, &Fault{t.From, fmt.Sprintf("%s claims %d entries, and %d bytes are left", k, n, len(b)-at)}
	}
	t.Kind, t.Body, t.To, t.Len = k, at, at, n
	return t, nil
}
