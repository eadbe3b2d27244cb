package crdt

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestCanonical(t *testing.T) {
	for in, want := range map[string]string{
		" null ":                     `null`,
		"[ true ,\tfalse\r\n]":       `[true,false]`,
		`{}`:                         `{}`,
		`{"b":[],"a":{},"":0}`:       `{"":0,"a":{},"b":[]}`,
		`{"a\u0062":1,"a":2,"aa":3}`: `{"a":2,"aa":3,"ab":1}`,
		`{"x":{"b":1,"a":2},"a":[{"d":1,"c":[1]}]}`: `{"a":[{"c":[1],"d":1}],"x":{"a":2,"b":1}}`,
		`{"\u00e9":1,"z":2}`:                        `{"z":2,"é":1}`,
		`{" ":1,"":2,"\"":3,"!":4}`:                 `{"":2," ":1,"!":4,"\"":3}`,
		`"\u0041\/\u002f\u00e9\ud83d\ude00"`:        `"A//é😀"`,
		`"\"\\\b\f\n\r\t\u0000\u001F\u007f"`:        `"\"\\\b\f\n\r\t\u0000\u001f` + "\u007f\"",
		"\"\u2028<>&\"":                             "\"\u2028<>&\"",

		"0": "0", "-0": "0", "0.0": "0", "-0e5": "0", "0e999999999999": "0",
		"1": "1", "1.0": "1", "10e-1": "1", "0.1e1": "1", "1E+0": "1", "-1.50": "-1.5",
		"100": "100", "1e2": "100", "1e18": "1000000000000000000",
		"9223372036854775807":            "9223372036854775807",
		"9223372036854775807.0":          "9223372036854775807",
		"922337203685477580.7":           "922337203685477632",
		"-9223372036854775808":           "-9223372036854775808",
		"9223372036854775808":            "9223372036854775808",
		"9007199254740993":               "9007199254740993",
		"9223372036854775809":            "9223372036854775808",
		"18446744073709551616":           "18446744073709552000",
		"1e20":                           "100000000000000000000",
		"1e21":                           "1e+21",
		"123456789012345678901234567890": "1.2345678901234568e+29",
		"0.1":                            "0.1",
		"0.10000000000000000001":         "0.1",
		"0.000001":                       "0.000001",
		"0.0000001":                      "1e-7",
		"1.7976931348623157e308":         "1.7976931348623157e+308",
		"5e-324":                         "5e-324",
		"1e-400":                         "0",
		"-1e-99999999999999999999":       "0",
		"0." + strings.Repeat("0", 500) + "15e501": "1.5",
		"1" + strings.Repeat("0", 500) + "e-500":   "1",
	} {
		got, err := Canonical([]byte("x"), []byte(in))
		if err != nil || string(got) != "x"+want {
			t.Errorf("%s becomes %s, %v; want %s", in, got, err, want)
			continue
		}
		if again, err := Canonical(nil, []byte(want)); err != nil || string(again) != want {
			t.Errorf("%s, canonical, becomes %s, %v", want, again, err)
		}
		if !isCanonical([]byte(want)) || want != in && isCanonical([]byte(in)) {
			t.Errorf("%s or %s is not told from one that is canonical", want, in)
		}
	}
}

func TestCanonicalRefuses(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":1,"b":2,"a":3}`:           "invalid body.a",
		`[0,{"b":{"x":1,"a":1,"x":1}}]`: "invalid body[1].b.x",
		`{"a":1,"\u0061":2}`:            "invalid body.a",
		`[1,1e309]`:                     "invalid body[1]",
		`{"n":-1e999999999999}`:         "invalid body.n",
		`"\ud800"`:                      "invalid body",
		`"\ud800\u0041"`:                "invalid body",
		`"\udc00\ud800"`:                "invalid body",
		strings.Repeat("[", 200):        "invalid body" + strings.Repeat("[0]", 129),

		"": "bad_request", " ": "bad_request", "nul": "bad_request", "nulls": "bad_request", "1 2": "bad_request",
		"[1,]": "bad_request", "[1": "bad_request", "[1 2]": "bad_request", "{": "bad_request",
		`{"a"}`: "bad_request", `{"a":}`: "bad_request", `{a:1}`: "bad_request", `{"a":1,}`: "bad_request",
		"01": "bad_request", "-": "bad_request", "1.": "bad_request", ".5": "bad_request", "1e": "bad_request", "+1": "bad_request",
		"NaN": "bad_request", "Infinity": "bad_request", "0x10": "bad_request",
		`"`: "bad_request", `"\x"`: "bad_request", `"\u12"`: "bad_request", `"\u+123"`: "bad_request", "\"\n\"": "bad_request",
		"\"\xff\"": "bad_request", `"\`: "bad_request",
	} {
		got, err := Canonical([]byte("x"), []byte(in))
		if refusalText(err) != want || string(got) != "x" {
			t.Errorf("%q gives %q, %q (%v), want %q", in, got, refusalText(err), err, want)
		}
	}
}

// What is less stands before what is more, and only the same bytes are equal.
func TestOrder(t *testing.T) {
	in := []string{
		"null", "false", "true", "-1e+300", "-9223372036854775808", "-9007199254740993", "-9007199254740992", "-1.5", "-1", "-0.5",
		"0", "5e-324", "0.5", "1", "1.5", "2", "10", "9007199254740992", "9007199254740993", "9223372036854775807",
		"9223372036854775808", "18446744073709552000", "1e+300",
		`""`, `"\u0000"`, `"\n"`, `" "`, `"\""`, `"A"`, `"\\"`, `"a"`, `"a\u0001"`, `"a\n"`, `"a "`, `"a b"`, `"aa"`, `"b"`, `"é"`, `"😀"`,
		"[]", "[1]", "[10]", "[[1]]", "{}", `{"a":1}`,
	}
	slices.Sort(in[slices.Index(in, "[]"):])
	for i, a := range in {
		if !isCanonical([]byte(a)) {
			t.Errorf("%s is not canonical", a)
		}
		for j, b := range in {
			if got, want := compareJSON(a, b), min(max(i-j, -1), 1); got != want {
				t.Errorf("%s against %s: %d, want %d", a, b, got, want)
			}
		}
	}
}

func ExampleCanonical() {
	text, err := Canonical(nil, []byte(`{ "n": 1.0, "a": "\u0041" }`))
	fmt.Println(string(text), err)
	_, err = Canonical(nil, []byte(`{"n": [1, 1e999]}`))
	fmt.Println(err)
	// Output:
	// {"a":"A","n":1} <nil>
	// invalid: body.n[1]: a number of this size cannot be held; want less than 1.8e308
}

// FuzzCanonical holds the text to the library's reading of JSON.
func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{`{"b":[1,2.5e3,-0],"a":"\u0041"}`, `"\ud83d\ude00\n"`, `[1e20,{"b":1,"a":{"d":1,"c":2}}]`, "9223372036854775808", `{"a":1,"a":2}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var got []byte
		var err error
		if n := allocated(func() { got, err = Canonical(nil, in) }); n > 40*len(in)+64<<10 {
			t.Fatalf("%d bytes of input took %d bytes", len(in), n)
		}
		if err != nil {
			return
		}
		var before, after any
		if err := json.Unmarshal(in, &before); err != nil {
			t.Fatalf("%q is taken as %q, and is no JSON: %v", in, got, err)
		}
		if err := json.Unmarshal(got, &after); err != nil || !reflect.DeepEqual(before, after) {
			t.Fatalf("%q becomes %q, %v", in, got, err)
		}
		if again, err := Canonical(nil, got); err != nil || !bytes.Equal(again, got) {
			t.Fatalf("%q becomes %q, and that %q, %v", in, got, again, err)
		}
		if !isCanonical(got) || isCanonical(in) != bytes.Equal(in, got) {
			t.Fatalf("%q or %q is not told from one that is canonical", in, got)
		}
		compareJSON(string(got), string(got))
	})
}
