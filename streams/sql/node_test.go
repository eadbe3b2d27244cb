package sql

import (
	"slices"
	"testing"
)

const everything = `SELECT DISTINCT ON (a) WITHIN INTERVAL '1 day' a.b AS x, - a, c = 1, c IS NULL, c IN (2), c LIKE d,
c::JSON, CASE WHEN a THEN b END, f(a), 1, INTERVAL '1 day', c BETWEEN 1 AND 2
FROM a, UNNEST(a.b) AS u LEFT JOIN COLLECTION p ON p.key = c
MATCH_RECOGNIZE (PARTITION BY a MEASURES A.b PATTERN (A) WITHIN INTERVAL '1 day' DEFINE A AS b)
QUALIFY RANK() OVER (ORDER BY a) = 1 EMIT EVERY INTERVAL '1 second' WITH (into='x')`

// Every part of a tree knows its place and prints alone.
func TestPartsPrintAlone(t *testing.T) {
	q, err := Parse(everything)
	if err != nil {
		t.Fatal(err)
	}
	grouped, err := Parse("SELECT a FROM b\nGROUP BY a, TUMBLE(_time, INTERVAL '1 minute')")
	if err != nil {
		t.Fatal(err)
	}
	column := func(i int) Expr { return q.Select[i].Expr }
	for _, c := range []struct {
		node Node
		at   Pos
		want string
	}{
		{q.DistinctOn, Pos{1, 8}, "DISTINCT ON (a) WITHIN INTERVAL '1 day'"},
		{&q.Select[0], Pos{1, 48}, "a.b AS x"},
		{column(0), Pos{1, 48}, "a.b"},
		{column(1), Pos{1, 58}, "-a"},
		{column(2), Pos{1, 63}, "c = 1"},
		{column(3), Pos{1, 70}, "c IS NULL"},
		{column(4), Pos{1, 81}, "c IN (2)"},
		{column(5), Pos{1, 91}, "c LIKE d"},
		{column(6), Pos{2, 1}, "CAST(c AS JSON)"},
		{column(7), Pos{2, 10}, "CASE WHEN a THEN b END"},
		{column(8), Pos{2, 34}, "F(a)"},
		{column(9), Pos{2, 40}, "1"},
		{column(10), Pos{2, 43}, "INTERVAL '1 day'"},
		{column(11), Pos{2, 61}, "c BETWEEN 1 AND 2"},
		{&q.From, Pos{3, 6}, "a, UNNEST(a.b) AS u"},
		{q.From.Unnest, Pos{3, 9}, "UNNEST(a.b) AS u"},
		{&q.Joins[0], Pos{3, 31}, "LEFT JOIN COLLECTION p ON p.key = c"},
		{q.Match, Pos{4, 1}, "MATCH_RECOGNIZE (PARTITION BY a MEASURES A.b PATTERN (A) WITHIN INTERVAL '1 day' DEFINE A AS b)"},
		{q.Match.Pattern, Pos{4, 55}, "A"},
		{q.Qualify, Pos{5, 9}, "RANK() OVER (ORDER BY a) = 1"},
		{q.Emit, Pos{5, 38}, "EMIT EVERY INTERVAL '1 second'"},
		{&q.With[0], Pos{5, 79}, "into='x'"},
		{&grouped.GroupBy[0], Pos{2, 10}, "a"},
		{&grouped.GroupBy[1], Pos{2, 13}, "TUMBLE(_time, INTERVAL '1 minute')"},
		{grouped.Window(), Pos{2, 13}, "TUMBLE(_time, INTERVAL '1 minute')"},
		{grouped, Pos{1, 1}, "SELECT a FROM b GROUP BY a, TUMBLE(_time, INTERVAL '1 minute')"},
	} {
		if got := Print(c.node); got != c.want || c.node.Pos() != c.at {
			t.Errorf("%T at %v: %s, want %v: %s", c.node, c.node.Pos(), got, c.at, c.want)
		}
	}
}

// Walk meets every part in the order of the text, and not what lies within a part that is left.
func TestWalk(t *testing.T) {
	e, err := ParseExpr("f(a, 1) FILTER (WHERE b IS NULL) BY c + CASE d WHEN -e THEN g IN (h, i) ELSE j LIKE k END")
	if err != nil {
		t.Fatal(err)
	}
	var met []string
	walk := func(within bool) {
		met = nil
		Walk(e, func(e Expr) bool {
			_, path := e.(*Path)
			if path {
				met = append(met, Print(e))
			}
			_, call := e.(*Call)
			return within || !call
		})
	}
	if walk(true); !slices.Equal(met, []string{"a", "b", "c", "d", "e", "g", "h", "i", "j", "k"}) {
		t.Errorf("met %v", met)
	}
	if walk(false); !slices.Equal(met, []string{"d", "e", "g", "h", "i", "j", "k"}) {
		t.Errorf("met %v", met)
	}
}
