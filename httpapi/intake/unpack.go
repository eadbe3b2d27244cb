package intake

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/edgedhq/edged/httpapi/jsonscan"
	"github.com/edgedhq/edged/httpapi/packscan"
)

// errLong stops a text that has become longer than it may be.
var errLong = errors.New("is too long as JSON")

// appendJSON appends the JSON text of a value of MessagePack that packscan has passed, while dst is
// no longer than lengthMax, and tells the place after the value. It calls itself no deeper than the
// check has let values be. An error says what JSON cannot hold, and where.
func appendJSON(dst, body []byte, t packscan.Token, lengthMax int64) (_ []byte, at int, err error) {
	if int64(len(dst)) > lengthMax {
		return dst, 0, errLong
	}
	switch t.Kind {
	case packscan.Nil:
		dst = append(dst, "null"...)
	case packscan.Bool:
		dst = strconv.AppendBool(dst, t.Bool())
	case packscan.Int:
		dst = strconv.AppendInt(dst, t.Int(), 10)
	case packscan.Uint:
		dst = strconv.AppendUint(dst, t.Uint(), 10)
	case packscan.Float:
		dst, err = appendFloat(dst, t)
	case packscan.String:
		dst, err = appendQuoted(dst, body, t)
	case packscan.Array, packscan.Map:
		return appendContainer(dst, body, t, lengthMax)
	default:
		return dst, 0, fmt.Errorf("has %s at byte %d, which JSON cannot hold", t.Kind, t.From)
	}
	return dst, t.To, err
}

func appendContainer(dst, body []byte, t packscan.Token, lengthMax int64) (_ []byte, at int, err error) {
	brackets := "[]"
	if t.Kind == packscan.Map {
		brackets = "{}"
	}
	dst = append(dst, brackets[0])
	at = t.To
	for i := range t.Len {
		if i > 0 {
			dst = append(dst, ',')
		}
		if t.Kind == packscan.Map {
			name := tokenOf(body, at)
			if name.Kind != packscan.String {
				return dst, 0, fmt.Errorf("has %s as a name at byte %d; want strings", name.Kind, at)
			}
			if dst, err = appendQuoted(dst, body, name); err != nil {
				return dst, 0, err
			}
			dst = append(dst, ':')
			at = name.To
		}
		if dst, at, err = appendJSON(dst, body, tokenOf(body, at), lengthMax); err != nil {
			return dst, 0, err
		}
	}
	return append(dst, brackets[1]), at, nil
}

func appendQuoted(dst, body []byte, t packscan.Token) ([]byte, error) {
	text := t.Bytes(body)
	if !utf8.Valid(text) {
		return dst, fmt.Errorf("has a string at byte %d that is not UTF-8", t.From)
	}
	return jsonscan.Quote(dst, text), nil
}

// appendFloat writes the shortest digits that give the number back.
func appendFloat(dst []byte, t packscan.Token) ([]byte, error) {
	f := t.Float()
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return dst, fmt.Errorf("has %v at byte %d, which JSON cannot hold", f, t.From)
	}
	format := byte('f')
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, f, format, -1, 8*t.Len), nil
}

// tokenOf reads a head of bytes that have been checked.
func tokenOf(body []byte, at int) packscan.Token {
	t, err := packscan.Next(body, at)
	if err != nil {
		panic("intake: what a check has passed cannot be read: " + err.Error())
	}
	return t
}
