package plan

import (
	"testing"

	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/sql"
)

// TestEqualFoldsHaveOneID changes what is made of partials, and what is written in another way.
func TestEqualFoldsHaveOneID(t *testing.T) {
	const view = "SELECT city, COUNT(*) AS n, SUM(x) AS s FROM a WHERE x > 1 GROUP BY city, TUMBLE(_time, INTERVAL '1 minute')"
	for _, c := range []struct{ name, a, b string }{
		{"another select list", view, "SELECT SUM(x) / COUNT(*) AS mean FROM a WHERE x > 1 GROUP BY city, TUMBLE(_time, INTERVAL '1 minute')"},
		{"HAVING", view, view + " HAVING COUNT(*) > 3"},
		{"QUALIFY", view, view + " QUALIFY RANK() OVER (ORDER BY s) = 1"},
		{"EMIT", view, view + " EMIT EVERY INTERVAL '2 seconds'"},
		{"an outer query", view, "SELECT MAX(n) AS m, MAX(s) AS s FROM (" + view + ")"},
		{"options that are not of the fold", view, view + " WITH (exclude_after='never', into='x', late='y', dead='z', scope='region', retain='1h')"},
		{"defaults that are said", view, view + " WITH (out_of_orderness='2000ms', idle='5s', lateness='0s', revise_within='10m', max_keys=100000)"},
		{"an alias", view, "SELECT b.city, COUNT(*) AS n, SUM(b.data.x) AS s FROM a AS b WHERE data.x > 1 GROUP BY b.city, TUMBLE(b._time, INTERVAL '60 seconds')"},
		{"an inner query that is put in", view, "SELECT town, COUNT(*) AS n, SUM(y) AS s FROM (SELECT *, city AS town, x AS y FROM a WHERE x > 1) GROUP BY town, TUMBLE(_time, INTERVAL '1 minute')"},
		{"the order of streams", "SELECT COUNT(*) FROM STREAMS(a, b)", "SELECT COUNT(*) FROM STREAMS(b, a)"},
		{"an aggregate twice", "SELECT COUNT(*) AS n FROM a", "SELECT COUNT(*) AS n, COUNT(*) + 1 AS m FROM a"},
	} {
		if a, b := planOf(t, c.a), planOf(t, c.b); a.ID != b.ID {
			t.Errorf("%s: %s and %s\n%s\n%s", c.name, a.ID, b.ID, a.Explain(), b.Explain())
		}
	}
	if a, b := planOf(t, "SELECT x FROM a WITH (into='b')"), planOf(t, "SELECT x FROM a WITH (into='b', dead='z', exclude_after='1s', lateness='1s')"); a.ID != b.ID {
		t.Error("options that are not of the fold change the id of a query per event")
	}
}

// TestOtherFoldsHaveAnotherID changes what is folded.
func TestOtherFoldsHaveAnotherID(t *testing.T) {
	const view, mapped = "SELECT city, COUNT(*) AS n, SUM(x) AS s FROM a WHERE x > 1 GROUP BY city, TUMBLE(_time, INTERVAL '1 minute')", "SELECT x FROM a WITH (into='b')"
	seen := map[ID]string{}
	for _, text := range []string{
		view,
		"SELECT city, COUNT(*) AS n, SUM(x) AS s FROM b WHERE x > 1 GROUP BY city, TUMBLE(_time, INTERVAL '1 minute')",
		"SELECT city, COUNT(*) AS n, SUM(x) AS s FROM STREAMS(a, b) WHERE x > 1 GROUP BY city, TUMBLE(_time, INTERVAL '1 minute')",
		"SELECT city, COUNT(*) AS n, SUM(x) AS s FROM a WHERE x > 2 GROUP BY city, TUMBLE(_time, INTERVAL '1 minute')",
		"SELECT city, COUNT(*) AS n, SUM(x) AS s FROM a GROUP BY city, TUMBLE(_time, INTERVAL '1 minute')",
		"SELECT city, COUNT(*) AS n, SUM(x) AS s FROM a WHERE x > 1 GROUP BY city",
		"SELECT COUNT(*) AS n, SUM(x) AS s FROM a WHERE x > 1 GROUP BY town, TUMBLE(_time, INTERVAL '1 minute')",
		"SELECT COUNT(*) AS n, SUM(x) AS s FROM a WHERE x > 1 GROUP BY city, town, TUMBLE(_time, INTERVAL '1 minute')",
		"SELECT COUNT(*) AS n, SUM(x) AS s FROM a WHERE x > 1 GROUP BY town, city, TUMBLE(_time, INTERVAL '1 minute')",
		"SELECT city, COUNT(*) AS n, SUM(x) AS s FROM a WHERE x > 1 GROUP BY city, TUMBLE(_ingest, INTERVAL '1 minute')",
		"SELECT city, COUNT(*) AS n, SUM(x) AS s FROM a WHERE x > 1 GROUP BY city, TUMBLE(CAST(at AS TIMESTAMP), INTERVAL '1 minute')",
		"SELECT city, COUNT(*) AS n, SUM(x) AS s FROM a WHERE x > 1 GROUP BY city, TUMBLE(_time, INTERVAL '2 minutes')",
		"SELECT city, COUNT(*) AS n, SUM(x) AS s FROM a WHERE x > 1 GROUP BY city, TUMBLE(_time, INTERVAL '1 minute', INTERVAL '1 second')",
		"SELECT city, COUNT(*) AS n, SUM(x) AS s FROM a WHERE x > 1 GROUP BY city, SESSION(_time, INTERVAL '1 minute')",
		"SELECT city, COUNT(*) AS n, SUM(x) AS s FROM a WHERE x > 1 GROUP BY city, HOP(_time, INTERVAL '30 seconds', INTERVAL '1 minute')",
		"SELECT city, COUNT(*) AS n, SUM(x) AS s FROM a WHERE x > 1 GROUP BY city, CUMULATE(_time, INTERVAL '30 seconds', INTERVAL '1 minute')",
		"SELECT city, COUNT(*) AS n FROM a WHERE x > 1 GROUP BY city, TUMBLE(_time, INTERVAL '1 minute')",
		"SELECT city, COUNT(*) AS n, SUM(y) AS s FROM a WHERE x > 1 GROUP BY city, TUMBLE(_time, INTERVAL '1 minute')",
		"SELECT city, COUNT(*) AS n, SUM(x) FILTER (WHERE y) AS s FROM a WHERE x > 1 GROUP BY city, TUMBLE(_time, INTERVAL '1 minute')",
		view + " HAVING MAX(x) > 1",
		view + " WITH (out_of_orderness='3s')",
		view + " WITH (idle='6s')",
		view + " WITH (idle='never')",
		view + " WITH (lateness='1s')",
		view + " WITH (revise_within='1s')",
		view + " WITH (max_keys=7)",
		"SELECT city, COUNT(*) AS n, SUM(x) AS s FROM a WHERE x > 1 GROUP BY city WITH (retain='1h')",
		mapped,
		"SELECT y FROM a WITH (into='b')",
		"SELECT y AS x FROM a WITH (into='b')",
		"SELECT x AS _key FROM a WITH (into='b')",
		"SELECT x AS key FROM a WITH (into='b')",
		"SELECT x FROM a WITH (into='c')",
		"SELECT x FROM a WHERE x > 1 WITH (into='b')",
		"SELECT * FROM a WITH (into='b')",
	} {
		p := planOf(t, text)
		if other, had := seen[p.ID]; had {
			t.Errorf("one id %s of\n%s\n%s", p.ID, other, text)
		}
		seen[p.ID] = text
	}
	for _, text := range []string{view, mapped} {
		q, err := sql.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, begun := range [][2]int64{{1, 0}, {0, 1}, {1, 1}} {
			p, errs := Make("f", q, nil, begun[0], int(begun[1]))
			if errs != nil {
				t.Fatal(errs)
			}
			if other, had := seen[p.ID]; had {
				t.Errorf("begun as %v, %s has the id of %s", begun, text, other)
			}
			seen[p.ID] = text
		}
	}
}

// TestIDsAreForEver holds the id of one query of each way to what it was: a node that gives another
// would not share the partials of its peers.
func TestIDsAreForEver(t *testing.T) {
	for text, want := range map[string]string{
		"SELECT city, COUNT(*) AS n, SUM(x) AS s FROM a WHERE x > 1 GROUP BY city, TUMBLE(_time, INTERVAL '1 minute')": "181a489a7b3891b128be5fe2e73c77f4",
		"SELECT x FROM a WITH (into='b')": "e27e238b417aaec5f9bcf3b780d6d68e",
	} {
		if got := planOf(t, text).ID.String(); got != want {
			t.Errorf("%s has the id %s, had %s; raise Semantics if this is meant", text, got, want)
		}
	}
}

// TestEqualFoldsHaveEqualCells folds the same events for two queries of one id that name their
// aggregates in another order.
func TestEqualFoldsHaveEqualCells(t *testing.T) {
	a := newWorld(t, planOf(t, "SELECT city, COUNT(*) AS n, SUM(x) AS s, MAX(x) AS m FROM a GROUP BY city"), north, south)
	b := newWorld(t, planOf(t, "SELECT city, MAX(x) AS m, COUNT(*) AS n FROM a GROUP BY city HAVING SUM(x) > 1"), north, south)
	if a.plan.ID != b.plan.ID {
		t.Fatal("the ids differ")
	}
	x, groups := a.groups(t)
	y, others := b.groups(t)
	for i := range groups {
		if g, o := x.Append(nil, groups[i].Place), y.Append(nil, others[i].Place); string(g) != string(o) {
			t.Errorf("group %q: cells %x and %x", groups[i].Key, g, o)
		}
	}
}

// TestBindAgain binds to paths that have grown, and to those of a stream with other queries.
func TestBindAgain(t *testing.T) {
	p, other := planOf(t, "SELECT city, SUM(x) AS s FROM a GROUP BY city"), planOf(t, "SELECT x, z, y FROM a WITH (into='b')")
	paths := expr.NewPaths()
	for i, want := range []int{2, 4} {
		if _, errs := p.Bind(paths); errs != nil {
			t.Fatal(errs)
		}
		if i == 1 {
			if _, errs := other.Bind(paths); errs != nil {
				t.Fatal(errs)
			}
		}
		if n := paths.Columns(); n != want {
			t.Errorf("%d columns, want %d", n, want)
		}
	}
}
