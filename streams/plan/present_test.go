package plan

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/edgedhq/edged/streams/aggregate"
	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/sql"
)

const (
	north = `
		1 {"city":"Oslo","user":"a","x":1,"tags":{"k":"n"}}
		2 {"city":"Bergen","user":"b","x":5}
		8 {"city":"Oslo","user":"a","x":2.5,"tags":{"k":"m"}}
		9 {"city":null,"user":"c","x":7}`
	south = `
		3 {"city":"Roma","user":"d","x":5}
		4 {"city":"Oslo","user":"e","x":4}
		14 {"city":"Roma","user":"d","x":"no number"}`
)

// TestRows computes rows of two logs.
func TestRows(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a view", "SELECT city, COUNT(*) AS n, SUM(x) AS sum FROM a GROUP BY city",
			`"Bergen" 1 5 ▏ "Oslo" 3 7.5 ▏ "Roma" 2 5 ▏ null 1 7`},
		{"all together", "SELECT COUNT(*), COUNT(city), MAX(x) FILTER (WHERE city = 'Oslo') FROM a", `7 6 4`},
		{"a filter", "SELECT city, COUNT(*) FROM a WHERE x > 3 GROUP BY city", `"Bergen" 1 ▏ "Oslo" 1 ▏ "Roma" 1 ▏ null 1`},
		{"group columns that are not selected", "SELECT COUNT(*) FROM a GROUP BY city, user",
			`"Bergen" "b" 1 ▏ "Oslo" "a" 2 ▏ "Oslo" "e" 1 ▏ "Roma" "d" 2 ▏ null "c" 1`},
		{"an alias in GROUP BY", "SELECT x > 3 AS high, COUNT(*) AS n FROM a GROUP BY high", `false 2 ▏ true 4 ▏ null 1`},
		{"what is computed of keys and aggregates", "SELECT UPPER(city) || '!' AS loud, city, SUM(x) / COUNT(*) AS mean FROM a GROUP BY city",
			`"BERGEN!" "Bergen" 5 ▏ "OSLO!" "Oslo" 2.5 ▏ "ROMA!" "Roma" 2.5 ▏ null null 7`},
		{"an expression that was grouped by", "SELECT LENGTH(city) + 1 AS n, COUNT(*) AS m FROM a GROUP BY LENGTH(city) + 1 HAVING m >= 2", `5 5`},
		{"a member of a key", "SELECT tags.k, COUNT(*) FROM a WHERE city = 'Oslo' GROUP BY tags", `{"k":"m"} "m" 1 ▏ {"k":"n"} "n" 1 ▏ null null 1`},
		{"HAVING", "SELECT city FROM a GROUP BY city HAVING COUNT(*) > 1 AND MIN(x) > 4", `"Roma"`},
		{"HAVING by an alias, and a member of one", "SELECT city, LAST(ROW(user, x)) AS last FROM a GROUP BY city HAVING last.x < 5", `"Oslo" {"user":"a","x":2.5}`},
		{"NULL is not TRUE", "SELECT city FROM a GROUP BY city HAVING MIN(tags.k) < 'z'", `"Oslo"`},
		{"ROW_NUMBER", "SELECT city, MAX(x) AS top FROM a GROUP BY city QUALIFY ROW_NUMBER() OVER (ORDER BY top DESC) <= 2", `"Roma" "no number" ▏ null 7`},
		{"ROW_NUMBER goes by key where rows are equal", "SELECT city, COUNT(*) AS n FROM a GROUP BY city QUALIFY ROW_NUMBER() OVER (ORDER BY n) <= 2", `"Bergen" 1 ▏ null 1`},
		{"RANK keeps equals", "SELECT city, COUNT(*) AS n FROM a GROUP BY city QUALIFY RANK() OVER (ORDER BY n) = 1", `"Bergen" 1 ▏ null 1`},
		{"RANK leaves places out", "SELECT city, COUNT(*) AS n FROM a GROUP BY city QUALIFY RANK() OVER (ORDER BY n) = 2", ``},
		{"RANK after equals", "SELECT city, COUNT(*) AS n FROM a GROUP BY city QUALIFY RANK() OVER (ORDER BY n) = 3", `"Roma" 2`},
		{"NULL is last both ways", "SELECT city FROM a GROUP BY city QUALIFY ROW_NUMBER() OVER (ORDER BY city DESC) = 4", `null`},
		{"partitions", "SELECT city, user, SUM(x) AS s FROM a GROUP BY city, user QUALIFY ROW_NUMBER() OVER (PARTITION BY city ORDER BY s DESC) = 1",
			`"Bergen" "b" 5 ▏ "Oslo" "e" 4 ▏ "Roma" "d" 5 ▏ null "c" 7`},
		{"windows", "SELECT city, COUNT(*) AS n FROM a GROUP BY city, TUMBLE(_time, INTERVAL '5 seconds') HAVING n > 0 QUALIFY ROW_NUMBER() OVER (ORDER BY n DESC) = 1",
			`0-5 "Oslo" 2 ▏ 5-10 "Oslo" 1 ▏ 10-15 "Roma" 1`},
		{"bounds", "SELECT window_end - window_start AS size, COUNT(*) AS n FROM a GROUP BY HOP(_time, INTERVAL '5 seconds', INTERVAL '10 seconds') HAVING window_start >= CAST('2026-11-25T10:00:00Z' AS TIMESTAMP)",
			`0-10 "10s" 6 ▏ 5-15 "10s" 3 ▏ 10-20 "10s" 1`},
		{"another time", "SELECT COUNT(*) AS n FROM a GROUP BY TUMBLE(_time + INTERVAL '1 hour', INTERVAL '10 seconds')", `3600-3610 6 ▏ 3610-3620 1`},
		{"a time by its alias", "SELECT _time + INTERVAL '1 hour' AS at, COUNT(*) AS n FROM a GROUP BY TUMBLE(at, INTERVAL '10 seconds'), at HAVING n > 5", ``},
		{"a second pass", "SELECT n, COUNT(*) AS cities, MAX(city) AS last FROM (SELECT city, COUNT(*) AS n FROM a GROUP BY city) GROUP BY n", `1 2 "Bergen" ▏ 2 1 "Roma" ▏ 3 1 "Oslo"`},
		{"a second pass, of each window", "SELECT SUM(n) AS n FROM (SELECT city, COUNT(*) AS n FROM a GROUP BY city, TUMBLE(_time, INTERVAL '10 seconds')) WHERE n < 3", `0-10 3 ▏ 10-20 1`},
		{"an outer filter", "SELECT *, n * 2 AS twice FROM (SELECT city, COUNT(*) AS n FROM a GROUP BY city) AS i WHERE i.n > 1", `"Oslo" 3 6 ▏ "Roma" 2 4`},
		{"an outer rank", "SELECT city FROM (SELECT city, COUNT(*) AS n FROM a GROUP BY city) QUALIFY ROW_NUMBER() OVER (ORDER BY n DESC) <= 2", `"Oslo" ▏ "Roma"`},
		{"three passes", "SELECT MAX(m) AS most FROM (SELECT n, COUNT(*) AS m FROM (SELECT city, COUNT(*) AS n FROM a GROUP BY city) GROUP BY n)", `2`},
		{"a member of an inner column", "SELECT best.user, COUNT(*) AS n FROM (SELECT city, ARG_MAX(ROW(user, x), x) AS best FROM a GROUP BY city) GROUP BY best.user",
			`"b" 1 ▏ "c" 1 ▏ "d" 1 ▏ "e" 1`},
		{"a query that is put in", "SELECT c, SUM(y) AS s FROM (SELECT city AS c, x * 2 AS y FROM a WHERE x < 5) AS i WHERE i.y > 2 GROUP BY c", `"Oslo" 13`},
		{"estimates", "SELECT city, MEDIAN(x) AS m, COUNT(*) AS n, MEDIAN(x) + 1 AS k FROM a WHERE city = 'Bergen' GROUP BY city", `"Bergen" 5 1 6 ~m ~k`},
		{"a cast that fails", "SELECT city, CAST(MAX(x) AS INTEGER) AS n FROM a GROUP BY city HAVING COUNT(*) = 2", `"Roma" null`},
	} {
		got := newWorld(t, planOf(t, c.text), north, south).rows(t)
		got = strings.ReplaceAll(strings.TrimSpace(got), "\n", " ▏ ")
		if c.name == "estimates" {
			got = strings.NewReplacer("4.98", "5", "5.01", "5", "6.01", "6").Replace(got)
		}
		if got != c.want {
			t.Errorf("%s: %s\n got %s\nwant %s", c.name, c.text, got, c.want)
		}
	}
}

// TestOnce sorts and cuts as ORDER BY says.
func TestOnce(t *testing.T) {
	q, err := sql.ParseOnce("SELECT city, COUNT(*) AS n, SUM(x) AS s FROM a GROUP BY city ORDER BY n DESC, s")
	if err != nil {
		t.Fatal(err)
	}
	p, errs := MakeOnce(q)
	if errs != nil {
		t.Fatal(errs)
	}
	want := "\"Oslo\" 3 7.5\n\"Roma\" 2 5\n\"Bergen\" 1 5\nnull 1 7\n"
	if got := newWorld(t, p, north, south).rows(t); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestOverflow gives the group of keys past the bound NULLs, and says so in all that is made of it.
func TestOverflow(t *testing.T) {
	for text, want := range map[string]string{
		"SELECT city, COUNT(*) AS n FROM a GROUP BY city":                                                           "\"Oslo\" 1\nnull 2 overflow\n",
		"SELECT SUM(n) AS n FROM (SELECT city, COUNT(*) AS n FROM a GROUP BY city)":                                 "3 overflow\n",
		"SELECT n, COUNT(*) AS m FROM (SELECT city, COUNT(*) AS n FROM a GROUP BY city) GROUP BY n":                 "1 1\n2 1 overflow\n",
		"SELECT n FROM (SELECT city, COUNT(*) AS n FROM a GROUP BY city) QUALIFY RANK() OVER (ORDER BY n DESC) = 1": "2 overflow\n",
	} {
		w := newWorld(t, planOf(t, text))
		cells := aggregate.NewCells(w.fold.Layout)
		a, b := cells.Add(), cells.Add()
		for _, at := range []uint32{a, b, b} {
			cells.Fold(at, 0, nil, &aggregate.Stamp{})
		}
		oslo := expr.OfString("Oslo")
		rows := w.plan.Present(cells, []Group{
			{Key: expr.AppendKey(nil, oslo), Keys: []expr.Value{oslo}, Place: a}, {Key: []byte{0xff}, Place: b, Overflow: true},
		}, &expr.Arena{})
		if got := w.lines(rows); got != want {
			t.Errorf("%s\ngot  %q\nwant %q", text, got, want)
		}
	}
}

// TestPresentIsPure presents groups whose cells were made in another order of places.
func TestPresentIsPure(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	p := planOf(t, "SELECT x, COUNT(*) AS n FROM (SELECT key, COUNT(*) AS x, LAST(y) AS y FROM a GROUP BY key) GROUP BY x, y QUALIFY RANK() OVER (PARTITION BY x ORDER BY n) <= 2")
	w := newWorld(t, p)
	var want []Row
	for range 20 {
		cells := aggregate.NewCells(w.fold.Layout)
		groups := make([]Group, 40)
		for _, i := range random.Perm(len(groups)) {
			key := expr.OfInteger(int64(i))
			groups[i] = Group{Key: expr.AppendKey(nil, key), Keys: []expr.Value{key}, Place: cells.Add()}
			for n := range i%3 + 1 {
				for in := range w.fold.Inputs {
					args := []expr.Value{expr.OfInteger(int64(i % 5))}
					cells.Fold(groups[i].Place, in, args[:len(w.fold.Inputs[in].Args)], &aggregate.Stamp{Time: int64(n)})
				}
			}
		}
		got := p.Present(cells, groups, &expr.Arena{})
		if want == nil {
			want = got
		}
		if len(got) == 0 || !reflect.DeepEqual(w.lines(got), w.lines(want)) {
			t.Fatalf("got\n%swant\n%s", w.lines(got), w.lines(want))
		}
	}
}
