package plan

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/edgedhq/edged/streams/expr"
)

// qualify keeps the rows that QUALIFY does, in their order. Rows that are equal by its ORDER BY share
// a RANK; ROW_NUMBER counts them by their keys.
func (s *stage) qualify(rows []Row) []Row {
	if s.rank == nil {
		return rows
	}
	parts := len(s.rank.Partition)
	places := make([]int, len(rows))
	for i := range places {
		places[i] = i
	}
	compare := func(a, b *Row) int {
		for i := range parts {
			if c := expr.Compare(a.rank[i], b.rank[i]); c != 0 {
				return c
			}
		}
		return 0
	}
	slices.SortFunc(places, func(a, b int) int {
		x, y := &rows[a], &rows[b]
		return cmp.Or(compare(x, y), directed(x.rank[parts], y.rank[parts], s.rank.Order.Desc), bytes.Compare(x.Key, y.Key), cmp.Compare(a, b))
	})
	keep := make([]bool, len(rows))
	number, rank := 0, 0
	for i, at := range places {
		switch {
		case i == 0 || compare(&rows[places[i-1]], &rows[at]) != 0:
			number, rank = 1, 1
		default:
			number++
			if s.rank.Func == "ROW_NUMBER" || !expr.Equal(rows[places[i-1]].rank[parts], rows[at].rank[parts]) {
				rank = number
			}
		}
		keep[at] = rank == s.rank.N || s.rank.Op == "<=" && rank < s.rank.N
	}
	kept := rows[:0]
	for i := range rows {
		if keep[i] {
			kept = append(kept, rows[i])
		}
	}
	return kept
}

// directed compares for ORDER BY: NULL is last either way.
func directed(a, b expr.Value, desc bool) int {
	c := expr.Compare(a, b)
	if desc && !a.IsNull() && !b.IsNull() {
		return -c
	}
	return c
}

// CompareOrder compares what ORDER BY sorts by, of two rows or events.
func (p *Plan) CompareOrder(a, b []expr.Value) int {
	for i, o := range p.orders() {
		if c := directed(a[i], b[i], o.desc); c != 0 {
			return c
		}
	}
	return 0
}

// Ordered says whether the query has ORDER BY.
func (p *Plan) Ordered() bool { return len(p.orders()) > 0 }

func (p *Plan) orders() []order {
	if n := len(p.stages); n > 0 {
		return p.stages[n-1].order
	}
	return p.fold.order
}

// Sort brings rows into the order of the query: ORDER BY, then window and key.
func (p *Plan) Sort(rows []Row) {
	slices.SortStableFunc(rows, func(a, b Row) int {
		return cmp.Or(p.CompareOrder(a.Order, b.Order), cmp.Compare(a.Window.End, b.Window.End),
			cmp.Compare(a.Window.Start, b.Window.Start), bytes.Compare(a.Key, b.Key))
	})
}
