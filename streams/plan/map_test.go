package plan

import (
	"strings"
	"testing"

	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/sql"
)

// TestMap makes events of events.
func TestMap(t *testing.T) {
	for _, c := range []struct{ name, text, in, want string }{
		{"columns", "SELECT a, b.c, a + 1 AS d, a * 2 FROM s", `0 {"a":1,"b":{"c":[2, 3]}}`, `{"a":1,"c":[2,3],"d":2,"column_4":2} k t 0`},
		{"a field that is missing", "SELECT a FROM s", `0 {"b":1}`, `{"a":null} k t 0`},
		{"a filter", "SELECT a FROM s WHERE a > 1", `0 {"a":1}`, ``},
		{"all", "SELECT * FROM s", `0 {"a": 1, "b" : [ 2 ]}`, `{"a": 1, "b" : [ 2 ]} k t 0`},
		{"all of what is no JSON", "SELECT * FROM s", `0 so it goes`, `so it goes k t 0`},
		{"all and more", "SELECT *, a + 1 AS d FROM s", `0 { "a": 1, "b": {"c":[2, 3]} }`, `{"a":1,"b":{"c":[2,3]},"d":2} k t 0`},
		{"what takes a place", "SELECT *, 7 AS a, 8 AS c FROM s", `0 {"a":{"a":[1,"}"]},"b":"\"a\":{","c":null,"d":0}`, `{"b":"\"a\":{","d":0,"a":7,"c":8} k t 0`},
		{"all are replaced", "SELECT *, 7 AS a FROM s", `0 {"a":1}`, `{"a":7} k t 0`},
		{"an empty object", "SELECT *, 7 AS a FROM s", `0 {}`, `{"a":7} k t 0`},
		{"a name twice", "SELECT *, 7 AS a FROM s", `0 {"a":1,"a":2,"ab":3}`, `{"ab":3,"a":7} k t 0`},
		{"a name with escapes is kept, and the later counts", "SELECT *, 7 AS a FROM s", `0 {"\u0061":1}`, `{"\u0061":1,"a":7} k t 0`},
		{"what is no object has no members", "SELECT *, 7 AS a FROM s", `0 [1,2]`, `{"a":7} k t 0`},
		{"what is no JSON has none", "SELECT *, 7 AS a FROM s", `0 {"a":1`, `{"a":7} k t 0`},
		{"the envelope", "SELECT *, id AS _key, 'order' AS _type, CAST(at AS TIMESTAMP) AS _time FROM s", `0 {"id":"x","at":"2026-11-25T10:00:07Z"}`,
			`{"id":"x","at":"2026-11-25T10:00:07Z"} x order 7`},
		{"a key of another type", "SELECT a, user AS _key FROM s", `0 {"a":1,"user":{"id":3}}`, `{"a":1} {"id":3} t 0`},
		{"no key", "SELECT a, user AS _key FROM s", `0 {"a":1}`, `{"a":1}  t 0`},
		{"no time", "SELECT a, CAST(at AS TIMESTAMP) AS _time FROM s", `0 {"a":1}`, `{"a":1} k t`},
		{"a time that is none", "SELECT a, CAST(at AS TIMESTAMP) AS _time FROM s", `0 {"a":1,"at":"noon"}`, `{"a":1} k t failed`},
		{"only an envelope", "SELECT id AS _key FROM s", `0 {"id":7}`, `{} 7 t 0`},
		{"meta columns", "SELECT _key, _stream, _region, _time FROM s", `3 {}`, `{"key":"k","stream":"s","region":"eu","time":"2026-11-25T10:00:03Z"} k t 3`},
		{"put in", "SELECT *, y + 1 AS z FROM (SELECT *, x * 2 AS y, x AS _key FROM s WHERE x > 1)", `0 {"x":2,"y":9}`, `{"x":2,"y":4,"z":5} 2 t 0`},
		{"put in with an envelope", "SELECT y FROM (SELECT x * 2 AS y, x AS _key, z AS _type FROM s)", `0 {"x":2,"z":"u"}`, `{"y":4} 2 u 0`},
		{"put in with an envelope that is set again", "SELECT y, 'a' AS _key FROM (SELECT x * 2 AS y, x AS _key FROM s)", `0 {"x":2}`, `{"y":4} a t 0`},
		{"put in, columns alone", "SELECT * FROM (SELECT x * 2 AS y FROM s)", `0 {"x":2,"y":9}`, `{"y":4} k t 0`},
		{"streams", "SELECT CASE _stream WHEN 's' THEN a ELSE b END AS c FROM STREAMS(t, s)", "s:0 {\"a\":1}\nt:1 {\"b\":2}", "{\"c\":1} k t 0\n{\"c\":2} k t 1"},
		{"an object of paths", "SELECT ROW(d.x, data.y, _key) AS r FROM s AS d", `0 {"x":1,"y":2}`, `{"r":{"x":1,"y":2,"_key":"k"}} k t 0`},
	} {
		w := newWorld(t, planOf(t, c.text+" WITH (into='out')"), c.in)
		if got := strings.TrimSuffix(w.mapped(t), "\n"); got != c.want {
			t.Errorf("%s: %s\n of %s\n got %s\nwant %s", c.name, c.text, c.in, got, c.want)
		}
	}
}

// TestMapOnce gives the values of columns and of ORDER BY.
func TestMapOnce(t *testing.T) {
	q, err := sql.ParseOnce("SELECT *, a + 1 AS b FROM s WHERE a > 0 ORDER BY b DESC, c LIMIT 3")
	if err != nil {
		t.Fatal(err)
	}
	p, errs := MakeOnce(q)
	if errs != nil {
		t.Fatal(errs)
	}
	w := newWorld(t, p, `0 {"a":1,"c":"x"}`)
	w.load(&w.events[0][0], expr.NewExtractor(w.paths))
	var got []string
	for _, v := range append(w.fold.Map.Values(&w.row, nil), w.fold.Map.Order(&w.row, nil)...) {
		got = append(got, string(expr.AppendJSON(nil, v)))
	}
	if got, want := strings.Join(got, " "), `{"a":1,"c":"x"} 2 2 "x"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	two, three, null := expr.OfInteger(2), expr.OfInteger(3), expr.Value{}
	for _, c := range []struct {
		a, b []expr.Value
		want int
	}{{[]expr.Value{two, two}, []expr.Value{three, two}, 1}, {[]expr.Value{null, two}, []expr.Value{two, two}, 1}, {[]expr.Value{two, two}, []expr.Value{two, three}, -1}} {
		if got := p.CompareOrder(c.a, c.b); got != c.want {
			t.Errorf("%v before %v: %d, want %d", c.a, c.b, got, c.want)
		}
	}
	if !p.Ordered() || p.Limit != 3 {
		t.Errorf("ordered %t, limit %d", p.Ordered(), p.Limit)
	}
}

// TestMapAllocatesNothing maps into a buffer that has grown.
func TestMapAllocatesNothing(t *testing.T) {
	w := newWorld(t, planOf(t, "SELECT *, user.id AS _key, price * 1.25 AS gross FROM orders WHERE price > 10 WITH (into='out')"),
		`0 {"user":{"id":"u-1"},"price":20,"gross":1,"city":"Oslo"}`)
	x := expr.NewExtractor(w.paths)
	var out []byte
	if n := testing.AllocsPerRun(100, func() {
		w.load(&w.events[0][0], x)
		if w.fold.Where.Test(&w.row) {
			out, _, _, _, _ = w.fold.Map.Append(out[:0], &w.row)
		}
	}); n > 0 {
		t.Errorf("%g allocations an event", n)
	}
}
