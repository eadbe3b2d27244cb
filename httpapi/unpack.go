package httpapi

import (
	"errors"
	"unicode/utf8"

	"github.com/edgedhq/edged/httpapi/packscan"
)

// A small body, such as a definition, becomes a tree before it is held to its schema. A tree
// can take a hundred times the memory of the text it comes from, so its parts are counted.
const (
	treeContainersMax = 64
	treeValuesMax     = 150
)

var (
	errTreeSize = errors.New("it has more than 150 values or 64 objects and arrays")
	errPackKey  = errors.New("a key is not a string")
	errPackText = errors.New("a string is not UTF-8")
	errPackKind = errors.New("binary and extension values have no place here")
)

// countJSON holds a text that is known to be JSON to the bounds of a tree.
func countJSON(text []byte) error {
	containers, values, quoted := 0, 1, false
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

// unpack makes a tree of one msgpack value, as encoding/json would of its JSON form.
func unpack(b []byte) (any, error) {
	if err := packscan.Check(b); err != nil {
		return nil, err
	}
	u := unpacker{bytes: b}
	return u.value()
}

// unpacker builds the tree of bytes that packscan has found right.
type unpacker struct {
	bytes      []byte
	at         int
	containers int
	values     int
}

func (u *unpacker) value() (any, error) {
	t, err := packscan.Next(u.bytes, u.at)
	if err != nil {
		return nil, err
	}
	u.at = t.To
	if u.values++; u.values > treeValuesMax {
		return nil, errTreeSize
	}
	switch t.Kind {
	case packscan.Nil:
		return nil, nil
	case packscan.Bool:
		return t.Bool(), nil
	case packscan.Int:
		return t.Int(), nil
	case packscan.Uint:
		return t.Uint(), nil
	case packscan.Float:
		return t.Float(), nil
	case packscan.String:
		text := t.Bytes(u.bytes)
		if !utf8.Valid(text) {
			return nil, errPackText
		}
		return string(text), nil
	case packscan.Array:
		return u.array(t.Len)
	case packscan.Map:
		return u.object(t.Len)
	}
	return nil, errPackKind
}

// enter counts a container of n parts.
func (u *unpacker) enter(n int) error {
	if u.containers++; u.containers > treeContainersMax || n > treeValuesMax {
		return errTreeSize
	}
	return nil
}

func (u *unpacker) array(n int) (any, error) {
	if err := u.enter(n); err != nil {
		return nil, err
	}
	out := make([]any, 0, n)
	for range n {
		v, err := u.value()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (u *unpacker) object(n int) (any, error) {
	if err := u.enter(n); err != nil {
		return nil, err
	}
	out := map[string]any{}
	for range n {
		k, err := u.value()
		if err != nil {
			return nil, err
		}
		name, ok := k.(string)
		if !ok {
			return nil, errPackKey
		}
		if out[name], err = u.value(); err != nil {
			return nil, err
		}
	}
	return out, nil
}
