package httpapi

import (
	"encoding/binary"
	"errors"
	"math"
	"unicode/utf8"
)

// A small body, such as a definition, becomes a tree before it is held to its schema. A tree
// can take a hundred times the memory of the text it comes from, so its parts are counted.
const (
	treeDepthMax      = 64
	treeContainersMax = 64
	treeValuesMax     = 1000
)

var (
	errTreeDepth = errors.New("it nests deeper than 64")
	errTreeSize  = errors.New("it has more than 1,000 values or 64 objects and arrays")
	errPackCut   = errors.New("it is cut off, or claims more than there is")
	errPackKey   = errors.New("a key is not a string")
	errPackText  = errors.New("a string is not UTF-8")
	errPackKind  = errors.New("binary and extension values have no place here")
	errPackTail  = errors.New("something follows its end")
)

// countJSON holds a text that is known to be JSON to the bounds of a tree.
func countJSON(text []byte) error {
	containers, values, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			containers++
		case c == ',':
			values++
		}
	}
	if containers > treeContainersMax || values > treeValuesMax {
		return errTreeSize
	}
	return nil
}

// unpack makes a tree of one msgpack value, as encoding/json would of its JSON form: a claimed
// length is believed only as far as bytes are left.
func unpack(b []byte) (any, error) {
	u := unpacker{rest: b}
	v, err := u.value(1)
	if err == nil && len(u.rest) > 0 {
		err = errPackTail
	}
	return v, err
}

type unpacker struct {
	rest       []byte
	containers int
	values     int
}

func (u *unpacker) value(depth int) (any, error) {
	if u.values++; u.values > treeValuesMax {
		return nil, errTreeSize
	}
	c, err := u.uint(1)
	if err != nil {
		return nil, err
	}
	switch {
	case c < 0x80:
		return int64(c), nil
	case c < 0x90:
		return u.object(c&0x0f, depth)
	case c < 0xa0:
		return u.array(c&0x0f, depth)
	case c < 0xc0:
		return u.text(c & 0x1f)
	case c >= 0xe0:
		return int64(int8(c)), nil
	}
	return u.long(byte(c), depth)
}

// long reads what follows a first byte from 0xc0 to 0xdf.
func (u *unpacker) long(c byte, depth int) (any, error) {
	switch c {
	case 0xc0:
		return nil, nil
	case 0xc2, 0xc3:
		return c == 0xc3, nil
	case 0xca, 0xcb:
		return u.float(c == 0xcb)
	case 0xcc, 0xcd, 0xce, 0xcf:
		n, err := u.uint(1 << (c - 0xcc))
		return n, err
	case 0xd0, 0xd1, 0xd2, 0xd3:
		size := 1 << (c - 0xd0)
		n, err := u.uint(size)
		shift := 64 - 8*size
		return int64(n<<shift) >> shift, err
	}
	size := map[byte]int{0xd9: 1, 0xda: 2, 0xdb: 4, 0xdc: 2, 0xdd: 4, 0xde: 2, 0xdf: 4}[c]
	if size == 0 {
		return nil, errPackKind
	}
	n, err := u.uint(size)
	switch {
	case err != nil:
		return nil, err
	case c <= 0xdb:
		return u.text(n)
	case c <= 0xdd:
		return u.array(n, depth)
	}
	return u.object(n, depth)
}

func (u *unpacker) float(double bool) (any, error) {
	if !double {
		n, err := u.uint(4)
		return float64(math.Float32frombits(uint32(n))), err
	}
	n, err := u.uint(8)
	return math.Float64frombits(n), err
}

func (u *unpacker) uint(size int) (uint64, error) {
	if len(u.rest) < size {
		return 0, errPackCut
	}
	var full [8]byte
	copy(full[8-size:], u.rest)
	u.rest = u.rest[size:]
	return binary.BigEndian.Uint64(full[:]), nil
}

func (u *unpacker) text(n uint64) (string, error) {
	if n > uint64(len(u.rest)) {
		return "", errPackCut
	}
	b := u.rest[:n]
	u.rest = u.rest[n:]
	if !utf8.Valid(b) {
		return "", errPackText
	}
	return string(b), nil
}

// enter counts a container that claims n parts of at least one byte each.
func (u *unpacker) enter(n uint64, depth int) error {
	if n > uint64(len(u.rest)) {
		return errPackCut
	}
	if depth > treeDepthMax {
		return errTreeDepth
	}
	if u.containers++; u.containers > treeContainersMax || n > treeValuesMax {
		return errTreeSize
	}
	return nil
}

func (u *unpacker) array(n uint64, depth int) (any, error) {
	if err := u.enter(n, depth); err != nil {
		return nil, err
	}
	out := make([]any, 0, n)
	for range n {
		v, err := u.value(depth + 1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (u *unpacker) object(n uint64, depth int) (any, error) {
	if err := u.enter(2*n, depth); err != nil {
		return nil, err
	}
	out := map[string]any{}
	for range n {
		k, err := u.value(depth + 1)
		if err != nil {
			return nil, err
		}
		name, ok := k.(string)
		if !ok {
			return nil, errPackKey
		}
		if out[name], err = u.value(depth + 1); err != nil {
			return nil, err
		}
	}
	return out, nil
}
