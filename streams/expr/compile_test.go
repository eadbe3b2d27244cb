package expr

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/edgedhq/edged/streams/sql"
)

// TestRefusals are the errors of compilation: place, what stands there, and what to write.
func TestRefusals(t *testing.T) {
	for _, c := range [][2]string{
		{"LOWR(city)", "1:1 LOWR(city): LOWR is no function. Did you mean LOWER?"},
		{"FROBNICATE(city)", "1:1 FROBNICATE(city): FROBNICATE is no function here."},
		{"price > 1 AND LOWER() = 'a'", "1:15 LOWER(): LOWER takes 1 value, not 0. Write LOWER(text)."},
		{"SUBSTRING(city)", "1:1 SUBSTRING(city): SUBSTRING takes 2 or 3 values, not 1. Write SUBSTRING(text, from, length)."},
		{"CONCAT()", "1:1 CONCAT(): CONCAT takes at least 1 value, not 0. Write CONCAT(a, b)."},
		{"LOWER(5)", "1:7 5: LOWER takes a STRING here, and 5 is INTEGER: LOWER(text)."},
		{"LOWER(DISTINCT city)", "1:1 LOWER(DISTINCT city): LOWER is no aggregate: *, DISTINCT, FILTER and BY have no place here. Write LOWER(text)."},
		{"1 + 'a'", "1:1 1 + 'a': + does not go with INTEGER and STRING. Cast one of them, as in CAST('a' AS DOUBLE)."},
		{"price + 'a'", "1:1 price + 'a': + does not go with JSON and STRING. Cast one of them, as in CAST('a' AS DOUBLE)."},
		{"-'a'", "1:1 -'a': - takes a number or an interval, and 'a' is STRING."},
		{"_time > '2026-01-01T00:00:00Z'", "1:9 '2026-01-01T00:00:00Z': '2026-01-01T00:00:00Z' is STRING, and is compared with TIMESTAMP. Write CAST('2026-01-01T00:00:00Z' AS TIMESTAMP)."},
		{"1 IN (2, 'a')", "1:10 'a': 'a' is STRING, and is compared with INTEGER. Write CAST('a' AS INTEGER)."},
		{"TRUE = 1", "1:8 1: TRUE is BOOLEAN and 1 is INTEGER: = does not compare them."},
		{"5 LIKE 'a'", "1:1 5: LIKE takes STRINGs, and 5 is INTEGER. Write CAST(5 AS STRING)."},
		{"1 AND price > 2", "1:1 1: A condition is TRUE or FALSE, and 1 is INTEGER. Compare it with something."},
		{"CAST('abc' AS INTEGER)", "1:1 CAST('abc' AS INTEGER): STRING abc is no INTEGER. TRY_CAST gives NULL instead."},
		{"CAST(TRUE AS TIMESTAMP)", "1:1 CAST(TRUE AS TIMESTAMP): No BOOLEAN can be cast to TIMESTAMP."},
		{"REGEXP_LIKE(city, '(')", "1:1 REGEXP_LIKE(city, '('): The pattern is no regular expression of RE2: error parsing regexp: missing closing ): `(`."},
		{"REGEXP_LIKE(city, '(a{1,30}){1,30}') OR REGEXP_LIKE(city, '(b{1,30}){1,30}') OR REGEXP_LIKE(city, '(c{1,31}){1,31}') OR REGEXP_LIKE(city, '(d{1,31}){1,31}')",
			"1:81 REGEXP_LIKE(city, '(c{1,31}){1,31}'): The patterns of the query are too large together. Repeat fewer times, or write two functions."},
		{"REGEXP_LIKE(city, city)", "1:19 city: REGEXP_LIKE takes a constant here: REGEXP_LIKE(text, 'pattern')."},
		{"REGEXP_EXTRACT(city, 'a', 1)", "1:1 REGEXP_EXTRACT(city, 'a', 1): The pattern has 0 groups, and no number 1."},
		{"DATE_TRUNC('hours', _time) = DATE_TRUNC('houre', _time)", "1:30 DATE_TRUNC('houre', _time): houre is no unit of time. Did you mean hour?"},
		{"DATE_TRUNC('day', _time, 'Europe/Oslo')", "1:1 DATE_TRUNC('day', _time, 'Europe/Oslo'): Europe/Oslo is no time zone here; named zones are planned. Write 'UTC' or '+02:00'."},
		{"DATE_FORMAT(_time, 'YYYY')", "1:1 DATE_FORMAT(_time, 'YYYY'): YYYY has no meaning in a format. Those that have are yyyy, MM, dd, HH, mm, ss and SSS; other letters stand in quotes."},
		{"ROW(price + 1)", "1:5 price + 1: This value of ROW has no name. Write price + 1 AS name."},
		{"GEO_INSIDE(1, 2, '{}')", `1:1 GEO_INSIDE(1, 2, '{}'): GEO_INSIDE takes a Polygon or a MultiPolygon. Write '{"type":"Polygon","coordinates":[[[10,59],[11,59],[11,60],[10,59]]]}', longitude first.`},
		{"1e999 > price", "1:1 1e999: 1e999 is too large for a number. Numbers go to 1.8e308."},
	} {
		_, err := newBench(t, c[0])
		if err == nil {
			t.Errorf("%s compiles", c[0])
			continue
		}
		e := err.(sql.Errors)[0]
		if got := fmt.Sprintf("%d:%d %s: %s", e.Line, e.Column, e.Value, e.Message); got != c[1] {
			t.Errorf("%s:\n%s, want\n%s", c[0], got, c[1])
		}
	}
}

// TestAllFaultsAreFound goes on after a fault.
func TestAllFaultsAreFound(t *testing.T) {
	_, err := newBench(t, "LOWR(city) = UPPR(city) OR 1 + 'a' > 2")
	if errs, ok := err.(sql.Errors); !ok || len(errs) != 3 {
		t.Fatalf("%v", err)
	}
}

// TestCompileIsCheap holds the longest texts to a bound of memory.
func TestCompileIsCheap(t *testing.T) {
	if raced {
		t.Skip("under the race detector pools forget at random what was given back")
	}
	for _, part := range []string{
		"a IN (1, 2.5, 'x') AND ", "LOWER(a) = 'b' OR ", "LOWR(a) = 'b' OR ", "LPAD('a', 100000) = b OR ", "CASE a WHEN 1 THEN b ELSE c END = 2 OR ",
		"CAST(a AS DECIMAL(9,2)) > 0.5 OR ", "a LIKE '%x%' OR ", "REGEXP_LIKE(a, '(a{1,30}){1,30}') OR ", "REGEXP_LIKE('a', 'a') OR ",
	} {
		var e sql.Expr
		for n := 4096; e == nil; n = n * 9 / 10 { // as long as the parser allows
			e, _ = sql.ParseExpr(strings.Repeat(part, n) + "TRUE")
		}
		if n := allocated(func() { _, _ = compileBench(e) }); n > 2<<20 {
			t.Errorf("%s: %d bytes", part, n)
		}
	}
}

// TestTypes are those that are certain.
func TestTypes(t *testing.T) {
	for _, c := range [][2]string{
		{"price", "JSON"}, {"_time", "TIMESTAMP"}, {"price > 1", "BOOLEAN"}, {"CAST(price AS DECIMAL(10,2))", "DECIMAL(10,2)"},
		{"price * 2.0", "JSON"}, {"CAST(price AS DOUBLE) * 2", "DOUBLE"}, {"1 / 2", "DOUBLE"}, {"LOWER(city)", "STRING"}, {"COALESCE(LOWER(city), 'a')", "STRING"},
		{"CASE WHEN price > 1 THEN 1 ELSE 'a' END", "JSON"}, {"CASE WHEN price > 1 THEN 1 END", "INTEGER"}, {"_time - _ingest", "INTERVAL"},
		{"ROW(price)", "JSON"}, {"city || 'a'", "STRING"}, {"TRY_CAST(city AS TIMESTAMP)", "TIMESTAMP"},
	} {
		b, err := newBench(t, c[0])
		if err != nil {
			t.Fatal(err)
		}
		if got := b.program.Type().String(); got != c[1] {
			t.Errorf("%s is %s, want %s", c[0], got, c[1])
		}
	}
}

// TestConstants are computed once.
func TestConstants(t *testing.T) {
	for _, c := range []struct {
		text     string
		constant bool
	}{
		{"1 + 2 * 3", true}, {"LOWER('ABC')", true}, {"REPLACE('abc', 'b', 'x') || '!'", true}, {"CASE WHEN 1 > 2 THEN 'a' ELSE 'b' END", true},
		{"ARRAY(1, 2)", true}, {"INTERVAL '1 hour'", true}, {"price + 1", false}, {"_time", false}, {"LPAD('a', 2000000)", false},
	} {
		b, err := newBench(t, c.text)
		if err != nil {
			t.Fatal(err)
		}
		if _, constant := b.program.Constant(); constant != c.constant {
			t.Errorf("%s is a constant: %v", c.text, constant)
		}
	}
}

// TestMistypedIsCounted counts an operator once an event.
func TestMistypedIsCounted(t *testing.T) {
	b, err := newBench(t, "price + city > 1 OR LOWER(id) = 'a'")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		b.load(event(order))
		if b.program.Test(&b.row) {
			t.Fatal("true")
		}
	}
	if b.row.Mistyped != 6 {
		t.Fatalf("counted %d, want 6", b.row.Mistyped)
	}
}

// TestFailure is the first cast that failed, until the row is reset.
func TestFailure(t *testing.T) {
	b, err := newBench(t, "1 = CAST(city AS INTEGER) + CAST(tags AS DOUBLE)")
	if err != nil {
		t.Fatal(err)
	}
	b.load(event(order))
	b.program.Eval(&b.row)
	f := b.row.Failure()
	if f == nil || f.At.Column != 5 || f.To.Kind != Integer || f.Value.Text() != "Oslo" {
		t.Fatalf("%+v", f)
	}
	if b.row.Reset(); b.row.Failure() != nil {
		t.Fatal("it stays")
	}
}

// TestTextsAreBounded keeps one event from making texts without end.
func TestTextsAreBounded(t *testing.T) {
	text := "city"
	for range 30 {
		text = "REPLACE(" + text + ", 'o', 'oooooooo')"
	}
	b, err := newBench(t, text)
	if err != nil {
		t.Fatal(err)
	}
	var got string
	n := allocated(func() {
		b.load(event(order))
		got = b.outcome()
	})
	if got != "mistyped" || n > 8*arenaBytesMax {
		t.Fatalf("%s, %d bytes", clip(got), n)
	}
}

// TestFloatBits pins the bits of our functions: they are the same on every machine.
func TestFloatBits(t *testing.T) {
	for _, c := range []struct {
		name string
		f    func(float64) float64
		want uint64
	}{
		{"exp", exp, 0xcaf22b740738a066}, {"ln", ln, 0x2a175cfa83209171}, {"log10", log10, 0xea853b658321a569}, {"sin", sin, 0xdcee29f3a651c67d}, {"cos", cos, 0x3b5fa808627a73e9}, {"tan", tan, 0x117dafc50c2f6c70}, {"asin", asin, 0x6df94ec35c1ef72e}, {"acos", acos, 0xae540bdde445695e},
		{"atan", atan, 0x14f11b4f24afee65}, {"power", func(x float64) float64 { return power(x, 2.3) }, 0x31da832462e8f011},
		{"haversine", func(x float64) float64 { return haversine([4]float64{x, -x, 10, 20}) }, 0x90b95c43270ee375},
	} {
		r := rand.New(rand.NewPCG(51, 52))
		h := fnv.New64a()
		for range 2_000 {
			x := (r.Float64() - 0.5) * []float64{1, 2, 100, 1e10}[r.IntN(4)]
			y := math.Float64bits(c.f(x))
			if math.IsNaN(math.Float64frombits(y)) {
				y = 0
			}
			for range 8 {
				h.Write([]byte{byte(y)})
				y >>= 8
			}
		}
		if got := h.Sum64(); got != c.want {
			t.Errorf("%s: %#x, want %#x", c.name, got, c.want)
		}
	}
}

// TestEventsAllocateNothing extracts, filters and projects.
func TestEventsAllocateNothing(t *testing.T) {
	for _, text := range []string{
		"price > 10 AND city = 'Oslo'", "0.908 * price", "price * 1.25 + id", "LOWER(city)", "city || '-' || id", "CAST(amount AS DECIMAL(18,2)) * 3",
		"CASE WHEN HOUR(_time) BETWEEN 8 AND 18 THEN 'day' ELSE 'night' END", "city LIKE '%sl%'", "city IN ('Rome', 'Oslo')", "SPLIT_PART('a/b/c', '/', 2)",
		"ROW(id, city, user.name)", "DATE_FORMAT(_time, 'yyyy-MM-dd')", "LENGTH(city) - LENGTH(REPLACE(city, 'o', ''))", "HASH(_id) % 100 < 5", "MOD(id, 123) = 0",
		"HAVERSINE(price, id, 48.8, 2.35)", "CAST(text AS INTEGER)", "CAST(_time AS STRING)", "inner.a.b", "_origin", "REGEXP_LIKE(city, '^O')", "GEO_CELL(price, id, 12)",
	} {
		b, err := newBench(t, text)
		if err != nil {
			t.Fatal(err)
		}
		e := event(order)
		out := make([]byte, 0, 1<<10)
		b.load(e)
		b.program.Eval(&b.row)
		if n := testing.AllocsPerRun(50, func() {
			b.load(e)
			out = AppendJSON(out[:0], b.program.Eval(&b.row))
		}); n != 0 {
			t.Errorf("%s: %v allocations an event", text, n)
		}
	}
}

// BenchmarkFilter extracts two fields of an event of 100 bytes and compares one.
func BenchmarkFilter(b *testing.B) {
	benchmark(b, "price > 10000 AND channel = 'Google'")
}

func BenchmarkProject(b *testing.B) { benchmark(b, "ROW(auction, 0.908 * price AS price)") }

func benchmark(b *testing.B, text string) {
	p, err := newBench(b, text)
	if err != nil {
		b.Fatal(err)
	}
	e := event(typical)
	b.ReportAllocs()
	for b.Loop() {
		p.load(e)
		p.program.Eval(&p.row)
	}
}
