package jsonscan

import (
	"bytes"
	"encoding/json"
	"strconv"
	"testing"
	"unicode/utf8"
)

func TestFind(t *testing.T) {
	const text = ` {"a": {"b":[10, {"~/":"x"}, []]}, "":1, "\u00e9":2, "a":3, "n":null} `
	for _, c := range []struct{ pointer, want string }{
		{"/a/b/0", "10"},
		{"/a/b/1/~0~1", `"x"`},
		{"/a/b/2", "[]"},
		{"/a/b/3", ""},
		{"/a/b/-", ""},
		{"/a/b/00", ""},
		{"/a/b/+1", ""},
		{"/a/b/99999999999999999999", ""},
		{"/a/c", ""},
		{"/a/b/0/c", ""},
		{"/", "1"},
		{"/é", "2"},
		{"/n", "null"},
		{"/n/x", ""},
	} {
		p, err := ParsePointer(c.pointer)
		if err != nil {
			t.Fatal(err)
		}
		v, ok := Find([]byte(text), p)
		if got := string(v.Bytes([]byte(text))); got != c.want || ok != (c.want != "") {
			t.Errorf("%s: got %q, %v; want %q", c.pointer, got, ok, c.want)
		}
	}
	for _, bad := range []string{"a", "a/b", "/~", "/~2", "/a~"} {
		if _, err := ParsePointer(bad); err == nil {
			t.Errorf("%s: want a refusal", bad)
		}
	}
}

// plainFind follows a pointer by decoding level after level with encoding/json.
func plainFind(text []byte, p Pointer) ([]byte, bool) {
	d := json.NewDecoder(bytes.NewReader(text))
	if len(p) == 0 {
		return bytes.Trim(text, " \t\r\n"), true
	}
	open, _ := d.Token()
	for n := 0; d.More(); n++ {
		name := strconv.Itoa(n)
		if open == json.Delim('{') {
			token, err := d.Token()
			if err != nil {
				return nil, false
			}
			name = token.(string)
			if name != p[0] && utf8.ValidString(p[0]) && bytes.ContainsRune([]byte(name), utf8.RuneError) {
				name = "\xff" // half a surrogate pair equals nothing
			}
		} else if open != json.Delim('[') {
			return nil, false
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, false
		}
		if name == p[0] {
			return plainFind(value, p[1:])
		}
	}
	return nil, false
}
