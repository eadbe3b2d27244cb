package plan

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/sql"
)

// TestQualify holds QUALIFY to counting, for each row, the rows before it.
func TestQualify(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		s := &stage{rank: &sql.Rank{Func: [...]string{"RANK", "ROW_NUMBER"}[r.IntN(2)], Op: [...]string{"=", "<="}[r.IntN(2)], N: 1 + r.IntN(4)}}
		s.rank.Order.Desc = r.IntN(2) == 0
		s.rank.Partition = make([]sql.Expr, r.IntN(2))
		rows := make([]Row, r.IntN(12))
		for i := range rows {
			rows[i].Key = []byte{byte(i)}
			for range s.rank.Partition {
				rows[i].rank = append(rows[i].rank, some(r))
			}
			rows[i].rank = append(rows[i].rank, some(r))
		}
		want := counted(s, rows)
		var got []string
		for _, row := range s.qualify(rows) {
			got = append(got, fmt.Sprint(row.Key[0]))
		}
		if g := strings.Join(got, " "); g != want {
			t.Fatalf("%+v keeps %s, want %s", s.rank, g, want)
		}
	}
}

// some is one of few values.
func some(r *rand.Rand) expr.Value {
	return [...]expr.Value{{}, expr.OfInteger(1), expr.OfDouble(1), expr.OfInteger(2), expr.OfString("x")}[r.IntN(5)]
}

// counted gives the keys of the rows that have the rank, by comparing each with all.
func counted(s *stage, rows []Row) string {
	parts := len(s.rank.Partition)
	var kept []string
	for i := range rows {
		rank := 1
		for j := range rows {
			a, b := &rows[i], &rows[j]
			if parts > 0 && !expr.Equal(a.rank[0], b.rank[0]) {
				continue
			}
			x, y := a.rank[parts], b.rank[parts]
			before := expr.Compare(y, x) < 0
			if s.rank.Order.Desc {
				before = expr.Compare(y, x) > 0
			}
			if x.IsNull() != y.IsNull() {
				before = x.IsNull()
			}
			tie := expr.Equal(x, y) && s.rank.Func == "ROW_NUMBER" && bytes.Compare(b.Key, a.Key) < 0
			if before || tie {
				rank++
			}
		}
		if rank == s.rank.N || s.rank.Op == "<=" && rank < s.rank.N {
			kept = append(kept, fmt.Sprint(i))
		}
	}
	return strings.Join(kept, " ")
}
