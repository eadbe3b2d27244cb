package jsonscan

import (
	"fmt"
	"strconv"
	"strings"
)

// Pointer is a JSON Pointer (RFC 6901), taken apart into its tokens.
type Pointer []string

// ParsePointer reads a pointer: empty, or tokens that each begin with a slash, in which ~0 stands
// for a tilde and ~1 for a slash.
func ParsePointer(s string) (Pointer, error) {
	if s == "" {
		return Pointer{}, nil
	}
	if s[0] != '/' {
		return nil, fmt.Errorf("jsonscan: pointer %q: want a slash first", s)
	}
	tokens := strings.Split(s[1:], "/")
	if len(tokens) > DepthMax {
		return nil, fmt.Errorf("jsonscan: pointer %q: want at most %d tokens", s, DepthMax)
	}
	for i, t := range tokens {
		for k := 0; k < len(t); k++ {
			if t[k] == '~' && (k+1 == len(t) || t[k+1] != '0' && t[k+1] != '1') {
				return nil, fmt.Errorf("jsonscan: pointer %q: want ~0 or ~1 for a tilde or a slash", s)
			}
		}
		tokens[i] = strings.ReplaceAll(strings.ReplaceAll(t, "~1", "/"), "~0", "~")
	}
	return tokens, nil
}

// Find tells what stands at the pointer in a text that Check or a Reader has passed. Of members
// that come twice it takes the first.
func Find(text []byte, p Pointer) (Value, bool) {
	r := NewReader(text)
	for _, token := range p {
		ok := false
		switch r.Peek() {
		case Object:
			ok = r.enterMember(token)
		case Array:
			ok = r.enterElement(token)
		}
		if !ok {
			return Value{}, false
		}
	}
	v := r.Value()
	return v, v.Kind != None
}

// enterMember moves to the value of the member of that name.
func (r *Reader) enterMember(name string) bool {
	for r.Open('{'); r.More('}'); r.Value() {
		got, marks := r.Name()
		if marks == 0 && string(got) == name || marks != 0 && equalUnescaped(got, name) {
			return true
		}
	}
	return false
}

// enterElement moves to the element of that number.
func (r *Reader) enterElement(token string) bool {
	n, err := strconv.ParseUint(token, 10, 31)
	if err != nil || token[0] == '+' || len(token) > 1 && token[0] == '0' {
		return false
	}
	for r.Open('['); r.More(']'); r.Value() {
		if n == 0 {
			return true
		}
		n--
	}
	return false
}

func equalUnescaped(raw []byte, name string) bool {
	var small [64]byte
	got, err := Unescape(small[:0], raw)
	return err == nil && string(got) == name
}
