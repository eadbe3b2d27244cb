package plan

import (
	"strings"
	"testing"

	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/sql"
)

// TestFilter tests events of a stream.
func TestFilter(t *testing.T) {
	w := newWorld(t, planOf(t, "SELECT * FROM orders WITH (into='b')"), `0 {"price":12,"user":{"city":"Oslo"},"_x":1}`)
	for text, want := range map[string]string{
		"price > 10 AND data.user.city = 'Oslo'": "price > 10 AND user.city = 'Oslo': true",
		"data.price>10":                          "price > 10: true",
		"_key = 'k' AND _region = 'eu'":          "_key = 'k' AND _region = 'eu': true",
		"data._x = 2":                            "data._x = 2: false",
		"missing":                                "missing: false",
		"COUNT(*) > 1":                           "1:1: A filter takes one event or row at a time, so COUNT has no value there. Count in a function, and filter its rows.",
		"_kye = 1":                               "1:1: _kye is no column of ours. Did you mean _key? A field of that name is data._kye.",
		"price + 'x'":                            "1:1: + does not go with JSON and STRING. Cast one of them, as in CAST('x' AS DOUBLE).",
		"LENGTH(x)":                              "1:1: A condition is TRUE or FALSE, and LENGTH(x) is INTEGER. Compare it with something.",
		"CHANGED(x) BY y":                        "1:1: CHANGED is planned for phase 2.",
	} {
		e, err := sql.ParseExpr(text)
		if err != nil {
			t.Fatal(err)
		}
		program, canonical, errs := Filter(e, w.paths)
		got := ""
		if errs != nil {
			got = errs.Error()
		} else {
			w.row.Columns = make([]expr.Value, w.paths.Columns())
			w.load(&w.events[0][0], expr.NewExtractor(w.paths))
			got = canonical + map[bool]string{true: ": true", false: ": false"}[program.Test(&w.row)]
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}

// TestFilterRows tests rows by their columns, and writes those that pass.
func TestFilterRows(t *testing.T) {
	w := newWorld(t, planOf(t, "SELECT city, COUNT(*) AS n, LAST(ROW(user)) AS last FROM a GROUP BY city, TUMBLE(_time, INTERVAL '10 seconds')"), north, south)
	cells, groups := w.groups(t)
	rows := w.plan.Present(cells, groups, &expr.Arena{})
	for text, want := range map[string]string{
		"n > 2": `{"window_start":"2026-11-25T10:00:00Z","window_end":"2026-11-25T10:00:10Z","city":"Oslo","n":3,"last":{"user":"a"}}`,
		"last.user = 'd' AND window_end > CAST('2026-11-25T10:00:10Z' AS TIMESTAMP)": `{"window_start":"2026-11-25T10:00:10Z","window_end":"2026-11-25T10:00:20Z","city":"Roma","n":1,"last":{"user":"d"}}`,
		"city IS NULL": `{"window_start":"2026-11-25T10:00:00Z","window_end":"2026-11-25T10:00:10Z","city":null,"n":1,"last":{"user":"c"}}`,
		"ctiy = 'a'":   "1:1: There is no column ctiy. Did you mean city?",
		"n > 'x'":      "1:5: 'x' is STRING, and is compared with INTEGER. Write CAST('x' AS INTEGER).",
		"MAX(n) > 1":   "1:1: A filter takes one event or row at a time, so MAX has no value there. Count in a function, and filter its rows.",
		"_key = 'a'":   "1:1: _key is of events, and these are rows. Use one of the columns: window_start, window_end, city, n, last.",
	} {
		e, err := sql.ParseExpr(text)
		if err != nil {
			t.Fatal(err)
		}
		program, errs := w.plan.Filter(e)
		var got []string
		if errs != nil {
			got = []string{errs.Error()}
		}
		for i := 0; errs == nil && i < len(rows); i++ {
			r := &rows[i]
			row := expr.Row{Columns: append([]expr.Value{expr.OfTimestamp(r.Window.Start), expr.OfTimestamp(r.Window.End)}, r.Values...)}
			if program.Test(&row) {
				got = append(got, "{"+string(w.plan.AppendColumns(nil, r))+"}")
			}
		}
		if s := strings.Join(got, "\n"); s != want {
			t.Errorf("%s\n got %s\nwant %s", text, s, want)
		}
	}
}

// TestPresentAllocates once a row, beside what aggregates make.
func TestPresentAllocates(t *testing.T) {
	w := newWorld(t, planOf(t, "SELECT city, COUNT(*) AS n, MAX(x) / COUNT(*) AS mean FROM a GROUP BY city HAVING n > 0 QUALIFY RANK() OVER (PARTITION BY n ORDER BY mean) <= 1000"), north, south)
	cells, groups := w.groups(t)
	many := make([]Group, 0, 1000)
	for len(many)+len(groups) <= cap(many) {
		many = append(many, groups...)
	}
	var text expr.Arena
	n := testing.AllocsPerRun(10, func() {
		text.Reset()
		if rows := w.plan.Present(cells, many, &text); len(rows) != len(many) {
			t.Fatalf("%d rows of %d groups", len(rows), len(many))
		}
	})
	if perRow := n / float64(len(many)); perRow > 1.1 {
		t.Errorf("%g allocations a row", perRow)
	}
}
