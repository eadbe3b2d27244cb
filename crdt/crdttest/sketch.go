package crdttest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/edgedhq/edged/crdt"
)

// watch is what a sketch has been shown, every observation of it. A clear begins a new epoch: what
// older ones have observed does not count any more, seen or not.
type watch struct{ pages []watched }

type watched struct {
	at     crdt.Place
	epoch  int
	items  []string
	floats []float64
}

func (k *watch) Write(w Written) {
	p := watched{at: w.At, epoch: k.epoch(w.Seen)}
	for _, op := range w.Ops {
		switch op.Verb {
		case crdt.Observe:
			for _, x := range op.Items {
				p.items = append(p.items, string(x))
			}
			p.floats = append(p.floats, op.Floats...)
		case crdt.Clear:
			p = watched{at: w.At, epoch: p.epoch + 1}
		}
	}
	k.pages = append(k.pages, p)
}

func (k *watch) epoch(v crdt.Vector) int {
	epoch := 0
	for _, p := range k.pages {
		if v.Covers(p.at.Dot) {
			epoch = max(epoch, p.epoch)
		}
	}
	return epoch
}

// at is all that counts for a vector.
func (k *watch) at(v crdt.Vector) (all watched) {
	epoch := k.epoch(v)
	for _, p := range k.pages {
		if v.Covers(p.at.Dot) && p.epoch == epoch {
			all.items = append(all.items, p.items...)
			all.floats = append(all.floats, p.floats...)
		}
	}
	return all
}

// census is the plain hyperloglog: it counts the different items.
type census struct{ watch }

func newCensus(crdt.Limits) Spec { return &census{} }

func (c *census) Check(at crdt.Vector, got Shown) error {
	items := c.at(at).items
	if len(items) == 0 {
		return got.is(Shown{Absent: true})
	}
	slices.Sort(items)
	want := float64(len(slices.Compact(items)))
	var has struct{ Estimate, Error float64 }
	if err := json.Unmarshal(got.JSON, &has); err != nil {
		return fmt.Errorf("%s: %w", got.JSON, err)
	}
	if math.Abs(has.Estimate-want) > 1+4*has.Error*want || has.Error > 0.01 {
		return fmt.Errorf("shows %s, of %.0f different items", got.JSON, want)
	}
	return nil
}

// ranking is the plain quantiles: it sorts all numbers.
type ranking struct{ watch }

func newRanking(crdt.Limits) Spec { return &ranking{} }

func (r *ranking) Check(at crdt.Vector, got Shown) error {
	all := r.at(at).floats
	if len(all) == 0 {
		return got.is(Shown{Absent: true})
	}
	slices.Sort(all)
	var has struct {
		Count                         int
		Min, Max, P50, P90, P99, P999 float64
	}
	if err := json.Unmarshal(got.JSON, &has); err != nil {
		return fmt.Errorf("%s: %w", got.JSON, err)
	}
	if has.Count != len(all) || !about(has.Min, all[0]) || !about(has.Max, all[len(all)-1]) {
		return fmt.Errorf("shows %s, of %v", got.JSON, all)
	}
	for _, q := range []struct{ q, got float64 }{{.5, has.P50}, {.9, has.P90}, {.99, has.P99}, {.999, has.P999}} {
		low, high := int(q.q*float64(len(all)-1)), int(math.Ceil(q.q*float64(len(all)-1)))
		if !about(q.got, all[low]) && !about(q.got, all[high]) {
			return fmt.Errorf("shows %s; quantile %v of %v", got.JSON, q.q, all)
		}
	}
	return nil
}

// about allows the one percent that quantiles promise.
func about(got, want float64) bool { return math.Abs(got-want) <= 0.01*math.Abs(want)+1e-12 }

// podium is the plain topk: it counts every item.
type podium struct{ watch }

func newPodium(crdt.Limits) Spec { return &podium{} }

func (p *podium) Check(at crdt.Vector, got Shown) error {
	counts := map[string]int{}
	for _, x := range p.at(at).items {
		counts[x]++
	}
	if len(counts) == 0 {
		return got.is(Shown{Absent: true})
	}
	var has []struct {
		Item         json.RawMessage
		Count, Error int
	}
	if err := json.Unmarshal(got.JSON, &has); err != nil {
		return fmt.Errorf("%s: %w", got.JSON, err)
	}
	for _, h := range has {
		if n := counts[string(h.Item)]; n > h.Count || n < h.Count-h.Error {
			return fmt.Errorf("shows %s, but %s was observed %d times", got.JSON, h.Item, n)
		}
		delete(counts, string(h.Item))
	}
	least := has[len(has)-1].Count
	for x, n := range counts {
		if n > least {
			return fmt.Errorf("shows %s, without %s, which was observed %d times", got.JSON, x, n)
		}
	}
	if !slices.IsSortedFunc(has, func(a, b struct {
		Item         json.RawMessage
		Count, Error int
	}) int {
		return cmp.Compare(b.Count, a.Count)
	}) {
		return fmt.Errorf("shows %s, not in order", got.JSON)
	}
	return nil
}
