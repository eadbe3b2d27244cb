package market

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// Deal spreads events over so many nodes at random, each in the order in which they arrive there:
// every event is under way for less than disorder, so one that comes after another is less than
// disorder older. Without disorder the order stays.
func Deal(events []Event, nodes int, disorder time.Duration, seed uint64) [][]Event {
	r := rand.New(rand.NewPCG(seed, 1))
	type arrival struct{ at, index int64 }
	order := make([]arrival, len(events))
	for i, e := range events {
		order[i] = arrival{e.Time, int64(i)}
		if ms := disorder.Milliseconds(); ms > 0 {
			order[i].at += r.Int64N(ms)
		}
	}
	slices.SortFunc(order, func(a, b arrival) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.index, b.index))
	})
	dealt := make([][]Event, nodes)
	for _, a := range order {
		to := r.IntN(nodes)
		dealt[to] = append(dealt[to], events[a.index])
	}
	return dealt
}
