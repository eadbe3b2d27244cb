package expr

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/sql"
)

// parts reads a path as queries write it; data itself is empty.
func parts(t testing.TB, path string) []sql.Part {
	if path == "" {
		return nil
	}
	e, errs := sql.ParseExpr(path)
	if errs != nil {
		t.Fatal(errs)
	}
	return e.(*sql.Path).Parts
}

// somePaths are those that the tests look for.
var somePaths = []string{"", "a", "b", "a.b", "a.b.c", "a[0]", "a[2].b", "c[1]", "\"é\"", "a.a.a"} // read-only

func extractorOf(t testing.TB, paths ...string) *Extractor {
	p := NewPaths()
	for _, path := range paths {
		p.Add(parts(t, path))
	}
	return NewExtractor(p)
}

// find is the value at a path as encoding/json sees it.
func find(v any, path []sql.Part) any {
	for _, p := range path {
		switch in := v.(type) {
		case map[string]any:
			if v = in[p.Name]; p.IsIndex {
				v = nil
			}
		case []any:
			if v = nil; p.IsIndex && p.Index < len(in) {
				v = in[p.Index]
			}
		default:
			return nil
		}
	}
	return v
}

// same says whether a column holds what encoding/json found.
func same(got Value, want any) bool {
	switch want := want.(type) {
	case nil:
		return got.IsNull()
	case bool:
		return got.Kind() == Boolean && got.Boolean() == want
	case string:
		return got.Kind() == String && got.Text() == want
	case json.Number:
		return sameNumber(got, want)
	}
	var again any
	d := json.NewDecoder(strings.NewReader(got.Text()))
	d.UseNumber()
	if got.Kind() != JSON || d.Decode(&again) != nil {
		return false
	}
	var compact bytes.Buffer
	if json.Compact(&compact, []byte(got.Text())) != nil || compact.String() != got.Text() {
		return false
	}
	return strings.Contains(got.Text(), "\ufffd") || fmt.Sprintf("%#v", again) == fmt.Sprintf("%#v", want)
}

func sameNumber(got Value, want json.Number) bool {
	if i, err := want.Int64(); err == nil && !strings.ContainsAny(string(want), ".eE") {
		return got.Kind() == Integer && got.Integer() == i
	}
	f, err := want.Float64()
	if err != nil {
		return got.IsNull()
	}
	return got.Kind() == Double && got.Double() == f && got.digits() == string(want)
}

// checkExtract holds one document to encoding/json.
func checkExtract(t *testing.T, x *Extractor, doc []byte) {
	t.Helper()
	dst := make([]Value, len(somePaths))
	var text Arena
	ok := x.Extract(doc, dst, &text)
	if ok != json.Valid(doc) {
		t.Fatalf("%q is JSON: %v", doc, ok)
	}
	if !ok {
		for i, v := range dst {
			if i > 0 && !v.IsNull() {
				t.Fatalf("%q has %s at %q", doc, show(v), somePaths[i])
			}
		}
		return
	}
	var all any
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	if err := d.Decode(&all); err != nil {
		t.Fatal(err)
	}
	for i, path := range somePaths {
		if want := find(all, parts(t, path)); !same(dst[i], want) {
			t.Fatalf("%q at %q: %s, want %#v", doc, path, show(dst[i]), want)
		}
	}
}

// someJSON writes a document that often has what the paths name.
func someJSON(r *rand.Rand, dst []byte, depth int) []byte {
	space := func() {
		if r.IntN(4) == 0 {
			dst = append(dst, []string{" ", "\n", "\t \r"}[r.IntN(3)]...)
		}
	}
	space()
	defer func() { space() }()
	kind := r.IntN(10)
	if depth == 0 {
		kind = 4 + r.IntN(6)
	}
	switch {
	case kind < 3:
		dst = append(dst, '{')
		for i := range r.IntN(5) {
			if i > 0 {
				dst = append(dst, ',')
			}
			space()
			dst = append(dst, []string{`"a"`, `"b"`, `"c"`, `"\u0061"`, `"é"`, `"\u00e9"`, `"x\\"`, `""`}[r.IntN(8)]...)
			space()
			dst = append(dst, ':')
			dst = someJSON(r, dst, depth-1)
		}
		return append(dst, '}')
	case kind == 3:
		dst = append(dst, '[')
		for i := range r.IntN(4) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = someJSON(r, dst, depth-1)
		}
		return append(dst, ']')
	case kind < 6:
		return append(dst, []string{
			`""`, `"plain"`, `"a longer plain text"`, `"q\"\\\/\b\f\n\r\t"`, `"\u0041\ud83d\ude00"`, `"\ud83d"`, `"\ude00\ud83dx"`, "\"\xff\xc3\"",
			`"é 日本"`, `"a string of 16 B"`, `"[{\"a\":1}]"`,
		}[r.IntN(11)]...)
	case kind < 9:
		return append(dst, []string{
			"0", "-0", "1", "-17", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "0.1", "-0.0", "1e3", "1E-7", "1.25e+2",
			"123456789.123456789", "1e400", "4.9e-324", "12345678901234567890.5", "0.30000000000000004", "1e22", "9007199254740993.0",
		}[r.IntN(19)]...)
	}
	return append(dst, []string{"true", "false", "null"}[r.IntN(3)]...)
}

// TestExtract finds what encoding/json finds, in documents that are JSON and that are not.
func TestExtract(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	x := extractorOf(t, somePaths...)
	for range 10_000 {
		doc := someJSON(r, nil, 4)
		checkExtract(t, x, doc)
		if len(doc) > 0 {
			doc[r.IntN(len(doc))] = "\"\\{}[],:0-.e tn\x00\xff"[r.IntN(17)]
			checkExtract(t, x, doc)
			checkExtract(t, x, doc[:r.IntN(len(doc))])
		}
	}
	for _, n := range []int{9_999, 10_000, 10_001} {
		checkExtract(t, x, []byte(strings.Repeat("[", n)+strings.Repeat("]", n)))
		checkExtract(t, x, []byte(strings.Repeat(`{"a":`, n)+"1"+strings.Repeat("}", n)))
	}
}

// TestOpaque gives data that is no JSON as it is, whole.
func TestOpaque(t *testing.T) {
	x := extractorOf(t, "", "a")
	dst := make([]Value, 2)
	for _, c := range []struct {
		contentType, data, want string
	}{
		{"", `{"a":1}`, "JSON {\"a\":1} INTEGER 1"},
		{"application/json; charset=utf-8", `{"a":1}`, "JSON {\"a\":1} INTEGER 1"},
		{"application/cloudevents+json", `{"a":1}`, "JSON {\"a\":1} INTEGER 1"},
		{"text/plain", `{"a":1}`, "STRING {\"a\":1} NULL "},
		{"", `{"a":1`, "STRING {\"a\":1 NULL "},
		{"application/octet-stream", "\xff", "BYTES ? NULL "},
		{"", "", "NULL  NULL "},
	} {
		x.Event(&edged.Event{ContentType: c.contentType, Data: []byte(c.data)}, dst, new(Arena))
		if got := show(dst[0]) + " " + show(dst[1]); got != c.want {
			t.Errorf("%s %q: %s, want %s", c.contentType, c.data, got, c.want)
		}
	}
}

// typical is an event of 100 bytes.
const typical = `{"auction":1007,"bidder":20031,"price":18350,"channel":"Google","url":"https://x.example/i?c=1"}`

func TestExtractAllocatesNothing(t *testing.T) {
	x := extractorOf(t, "auction", "channel", "s")
	dst := make([]Value, 3)
	var text Arena
	doc := []byte(`{"auction":1007,"channel":"Google","s":"with \"escapes\""}`)
	n := testing.AllocsPerRun(100, func() {
		text.Reset()
		x.Extract(doc, dst, &text)
	})
	if n != 0 || dst[2].Text() != `with "escapes"` {
		t.Fatalf("%v allocations, %v", n, show(dst[2]))
	}
}

func BenchmarkExtract(b *testing.B) {
	x := extractorOf(b, "auction", "price")
	dst := make([]Value, 2)
	var text Arena
	doc := []byte(typical)
	b.ReportAllocs()
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		x.Extract(doc, dst, &text)
	}
}
