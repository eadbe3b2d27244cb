package jsonscan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCheckPlaces(t *testing.T) {
	for _, c := range []struct {
		name, text string
		line, col  int
		message    string // empty: the text is right
	}{
		{"object", `{"a":[1,-0.5e+3,"x\u00e9\n",true,false,null,{}]}`, 0, 0, ""},
		{"around", " \t\r\n 1 \n", 0, 0, ""},
		{"lone surrogate", `"\ud800"`, 0, 0, ""},
		{"twice", `{"a":1,"a":2}`, 0, 0, ""},
		{"deep enough", strings.Repeat("[", 64) + strings.Repeat("]", 64), 0, 0, ""},
		{"huge number", `1` + strings.Repeat("0", 400), 0, 0, ""},
		{"nothing", "", 1, 1, "want a value"},
		{"only space", " \n ", 2, 2, "want a value"},
		{"too deep", strings.Repeat("[", 65) + strings.Repeat("]", 65), 1, 65, "want at most 64 containers"},
		{"far too deep", strings.Repeat(`{"a":`, 100_000), 1, 321, "want at most 64 containers"},
		{"byte order mark", "\ufeff1", 1, 1, "want a value"},
		{"comma at end", "{\"a\":1,\n}", 2, 1, "want a member's name"},
		{"comma in array", "[1,]", 1, 4, "want a value"},
		{"no comma", "[1 2]", 1, 4, "want a comma or ]"},
		{"wrong bracket", `{"a":1]`, 1, 7, "want a comma or }"},
		{"no colon", `{"a" 1}`, 1, 6, "want a colon"},
		{"name not string", `{a:1}`, 1, 2, "want a member's name"},
		{"single quotes", `{'a':1}`, 1, 2, "want a member's name"},
		{"open string", `"abc`, 1, 5, "want the closing quote"},
		{"open string, long", `"abcdefghijklmnop`, 1, 18, "want the closing quote"},
		{"cut escape", `"abc\`, 1, 6, "want the closing quote"},
		{"bad escape", `"\x"`, 1, 3, "want one of"},
		{"bad hex", `"\u12g4"`, 1, 6, "want four hexadecimal"},
		{"cut hex", `"\u12`, 1, 6, "want four hexadecimal"},
		{"tab in string", "\"a\tb\"", 1, 3, "want control characters"},
		{"bad UTF-8", "\"a\xffb\"", 1, 3, "want UTF-8"},
		{"surrogate in UTF-8", "\"\xed\xa0\x80\"", 1, 2, "want UTF-8"},
		{"overlong", "\"\xc0\xaf\"", 1, 2, "want UTF-8"},
		{"cut UTF-8", "\"\xe2\x82\"", 1, 2, "want UTF-8"},
		{"leading zero", "01", 1, 1, "want a number without"},
		{"plus", "+1", 1, 1, "want a value"},
		{"minus alone", "-", 1, 2, "want a digit"},
		{"point at end", "1.", 1, 3, "want a digit"},
		{"point first", ".5", 1, 1, "want a value"},
		{"empty power", "1e+", 1, 4, "want a digit"},
		{"NaN", "NaN", 1, 1, "want a value"},
		{"cut word", "tru", 1, 1, "want a value"},
		{"long word", "truex", 1, 5, "want nothing after"},
		{"two values", "1 2", 1, 3, "want nothing after"},
		{"NUL after", "1\x00", 1, 2, "want nothing after"},
		{"comment", "1 // one", 1, 3, "want nothing after"},
	} {
		_, err := Check([]byte(c.text))
		if c.message == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		f, ok := err.(*Fault)
		if !ok || f.Line != c.line || f.Column != c.col || !strings.Contains(f.Message, c.message) {
			t.Errorf("%s: got %v, want line %d, column %d: %s", c.name, err, c.line, c.col, c.message)
		}
	}
}

// plain is the second opinion: encoding/json with what it lets through taken out.
func plain(text []byte) bool {
	return json.Valid(text) && utf8.Valid(text) && depth(text) <= DepthMax
}

func depth(text []byte) int {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	deepest, now := 0, 0
	for {
		token, err := d.Token()
		if err != nil {
			return deepest
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			now++
			deepest = max(deepest, now)
		case json.Delim('}'), json.Delim(']'):
			now--
		}
	}
}

// compare holds everything that the package says about a text to encoding/json.
func compare(t *testing.T, text []byte) {
	t.Helper()
	v, err := Check(text)
	if (err == nil) != plain(text) {
		t.Fatalf("%q: got %v, want right: %v", text, err, plain(text))
	}
	if err != nil {
		f := err.(*Fault)
		if f.Offset < 0 || f.Offset > len(text) {
			t.Fatalf("%q: fault outside the text: %v", text, f)
		}
		return
	}
	if got, want := v.Bytes(text), bytes.Trim(text, " \t\r\n"); !bytes.Equal(got, want) {
		t.Fatalf("%q: got value %q, want %q", text, got, want)
	}
	var tight bytes.Buffer
	if err := json.Compact(&tight, text); err != nil {
		t.Fatal(err)
	}
	if got := Compact(nil, text); !bytes.Equal(got, tight.Bytes()) {
		t.Fatalf("%q: got compact %q, want %q", text, got, tight.Bytes())
	}
	if spaced := tight.Len() != v.To-v.From; spaced != (v.Marks&Spaced != 0) {
		t.Fatalf("%q: got marks %b, want spaced: %v", text, v.Marks, spaced)
	}
	if lined := bytes.ContainsAny(v.Bytes(text), "\r\n"); lined != (v.Marks&Lined != 0) {
		t.Fatalf("%q: got marks %b, want lined: %v", text, v.Marks, lined)
	}
	if v.Kind == String {
		compareString(t, v.Content(text), v.Bytes(text))
	}
	if got, want := rebuild(text), tight.String(); got != want {
		t.Fatalf("%q: the reader gave %q, want %q", text, got, want)
	}
}

func compareString(t *testing.T, content, quoted []byte) {
	t.Helper()
	var want string
	if err := json.Unmarshal(quoted, &want); err != nil {
		t.Fatal(err)
	}
	got, err := Unescape(nil, content)
	if err != nil {
		if !strings.ContainsRune(want, utf8.RuneError) {
			t.Fatalf("%q: %v", quoted, err)
		}
		return
	}
	if string(got) != want {
		t.Fatalf("%q: got %q, want %q", quoted, got, want)
	}
	var again string
	if err := json.Unmarshal(Quote(nil, got), &again); err != nil || again != want {
		t.Fatalf("%q: quoted again as %q", want, Quote(nil, got))
	}
}

// rebuild writes a text anew from what a Reader gives, without its whitespace.
func rebuild(text []byte) string {
	r := NewReader(text)
	var b strings.Builder
	var value func()
	value = func() {
		comma := ""
		switch r.Peek() {
		case Object:
			b.WriteByte('{')
			for r.Open('{'); r.More('}'); comma = "," {
				fmt.Fprintf(&b, `%s%s:`, comma, r.NameValue().Bytes(text))
				value()
			}
			b.WriteByte('}')
		case Array:
			b.WriteByte('[')
			for r.Open('['); r.More(']'); comma = "," {
				b.WriteString(comma)
				value()
			}
			b.WriteByte(']')
		default:
			b.Write(r.Value().Bytes(text))
		}
	}
	value()
	r.End()
	if err := r.Err(); err != nil {
		return err.Error()
	}
	return b.String()
}

// randomText writes JSON at random, and now and then breaks it.
func randomText(rng *rand.Rand) []byte {
	var b []byte
	space := func() {
		for rng.IntN(6) == 0 {
			b = append(b, " \t\r\n"[rng.IntN(4)])
		}
	}
	text := func() {
		b = append(b, '"')
		for n := rng.IntN(20); n > 0; n-- {
			b = append(b, []string{"a", "bc", "é", "世", "😀", `\"`, `\\`, `\n`, `\u00e9`, `\ud83d\ude00`, "0123456789"}[rng.IntN(11)]...)
		}
		b = append(b, '"')
	}
	var value func(room int)
	value = func(room int) {
		space()
		switch k := rng.IntN(9); {
		case k < 2 && room > 0:
			bracket := "[]{}"[2*k : 2*k+2]
			b = append(b, bracket[0])
			space()
			for n := rng.IntN(5); n > 0; n-- {
				if k == 1 {
					space()
					text()
					space()
					b = append(b, ':')
				}
				value(room - 1)
				if n > 1 {
					b = append(b, ',')
				}
			}
			b = append(b, bracket[1])
		case k < 5:
			text()
		default:
			b = append(b, []string{"0", "-1", "12.5", "1e9", "-0.25E-7", "true", "false", "null"}[rng.IntN(8)]...)
		}
		space()
	}
	value(6)
	for rng.IntN(2) == 0 {
		at := rng.IntN(len(b))
		switch rng.IntN(3) {
		case 0:
			b[at] = "{}[]\",:\\ 01e.-\n\x00\x1f\x7f\x80\xc3\xff"[rng.IntN(21)]
		case 1:
			b = append(b[:at], b[at+1:]...)
		default:
			b = b[:at]
		}
		if len(b) == 0 {
			break
		}
	}
	return b
}

func TestAgreesWithEncodingJSON(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	right := 0
	for range 20_000 {
		text := randomText(rng)
		if json.Valid(text) {
			right++
		}
		compare(t, text)
	}
	if right < 5000 || right > 19_000 {
		t.Errorf("%d texts of 20,000 were right: the test has lost its balance", right)
	}
}

func TestEveryPrefixIsRefused(t *testing.T) {
	text := []byte(`{"a":["b\u00e9",{"c":-12.5e3,"d":true}],"世界":null}`)
	for n := range text {
		if _, err := Check(text[:n]); err == nil {
			t.Errorf("%q passed", text[:n])
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	text := eventLike(100)
	pointer := Pointer{"data", "user"}
	if n := testing.AllocsPerRun(100, func() {
		if _, err := Check(text); err != nil {
			t.Fatal(err)
		}
		r := NewReader(text)
		for r.Open('['); r.More(']'); {
			Find(r.Value().Bytes(text), pointer)
		}
		if r.Err() != nil {
			t.Fatal(r.Err())
		}
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

func eventLike(n int) []byte {
	b := []byte{'['}
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"id":"01J9ZK%06d","key":"user-%d","type":"order.created","data":{"user":"u-%d","total":%d.25,"city":"Oslo","items":[1,2,3],"note":"left at the front door"}}`, i, i, i, i)
	}
	return append(b, ']')
}

func BenchmarkCheck(b *testing.B) {
	for _, c := range []struct {
		name string
		text []byte
	}{
		{"events", eventLike(100)},
		{"text", Quote(nil, strings.Repeat("the quick brown fox jumps over the lazy dog ", 400))},
		{"beyond ASCII", Quote(nil, strings.Repeat("тихо в лесу ", 800))},
		{"numbers", []byte("[" + strings.Repeat("1234.5,", 2000) + "0]")},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Check(c.text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
