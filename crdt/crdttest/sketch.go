package crdttest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/edgedhq/edged/crdt"
)

// watch is what a sketch has been shown, every observation of it. A clear of what is there begins a
// new epoch: what older ones have observed does not count any more, seen or not.
type watch struct{ pages []watched }

type watched struct {
	at     crdt.Place
	epoch  int
	items  []string
	floats []float64
}

func (k *watch) Write(w Written) {
	seen := k.at(w.Seen)
	p := watched{at: w.At, epoch: seen.epoch}
	for _, op := range w.Ops {
		switch op.Verb {
		case crdt.Observe:
			for _, x := range op.Items {
				p.items = append(p.items, string(x))
			}
			p.floats = append(p.floats, op.Floats...)
		case crdt.Clear:
			if len(seen.items)+len(seen.floats)+len(p.items)+len(p.floats) > 0 {
				p = watched{at: w.At, epoch: p.epoch + 1}
				seen = p
			}
		}
	}
	if len(p.items)+len(p.floats) > 0 || p.epoch > k.epoch(w.Seen) { // else nothing is written
		k.pages = append(k.pages, p)
	}
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
func (k *watch) at(v crdt.Vector) watched {
	all := watched{epoch: k.epoch(v)}
	for _, p := range k.pages {
		if v.Covers(p.at.Dot) && p.epoch == all.epoch {
			all.items = append(all.items, p.items...)
			all.floats = append(all.floats, p.floats...)
		}
	}
	return all
}

// census is the plain hyperloglog: it counts the different items.
type census struct{ watch }

func newCensus(crdt.Limits) Spec { return &census{} }

// Check allows half an item and the stated error: of few items, those of the requests, the count is
// right.
func (c *census) Check(at crdt.Vector, got Shown) error {
	items := c.at(at).items
	if len(items) == 0 || got.Absent {
		return got.is(Shown{Absent: len(items) == 0})
	}
	slices.Sort(items)
	want := float64(len(slices.Compact(items)))
	var has struct{ Estimate, Error float64 }
	if err := json.Unmarshal(got.JSON, &has); err != nil {
		return fmt.Errorf("%s: %w", got.JSON, err)
	}
	if math.Abs(has.Estimate-want) > 0.5+has.Error*want || has.Error != 0.008 {
		return fmt.Errorf("shows %s, of %.0f different items", got.JSON, want)
	}
	return nil
}

// ranking is the plain quantiles: it sorts all numbers.
type ranking struct{ watch }

func newRanking(crdt.Limits) Spec { return &ranking{} }

func (r *ranking) Check(at crdt.Vector, got Shown) error {
	all := r.at(at).floats
	if len(all) == 0 || got.Absent {
		return got.is(Shown{Absent: len(all) == 0})
	}
	slices.Sort(all)
	var has struct {
		Count                         int
		Min, Max, P50, P90, P99, P999 float64
	}
	if err := json.Unmarshal(got.JSON, &has); err != nil {
		return fmt.Errorf("%s: %w", got.JSON, err)
	}
	if has.Count != len(all) || has.Min != all[0] || has.Max != all[len(all)-1] {
		return fmt.Errorf("shows %s, of %v", got.JSON, all)
	}
	small := max(-all[0], all[len(all)-1]) * 1e-17 // where all that is smaller may fall together
	for _, q := range []struct{ q, got float64 }{{.5, has.P50}, {.9, has.P90}, {.99, has.P99}, {.999, has.P999}} {
		want := all[int(math.Ceil(q.q*float64(len(all))))-1]
		if math.Abs(q.got-want) > 0.010000001*math.Abs(want) && max(math.Abs(want), math.Abs(q.got)) > small {
			return fmt.Errorf("shows %s; quantile %v of %v", got.JSON, q.q, all)
		}
	}
	return nil
}

// podium is the plain topk: it counts every item.
type podium struct{ watch }

func newPodium(crdt.Limits) Spec { return &podium{} }

// Check wants the ten items that were observed most often, of equal counts the lesser text. So few
// items are counted without an error.
func (p *podium) Check(at crdt.Vector, got Shown) error {
	counts := map[string]int{}
	for _, x := range p.at(at).items {
		counts[x]++
	}
	if len(counts) == 0 {
		return got.is(Shown{Absent: true})
	}
	items := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b))
	})
	var want Shown
	for _, x := range items[:min(len(items), 10)] {
		want.JSON = fmt.Appendf(between(want.JSON, '['), `{"item":%s,"count":%d,"error":0}`, x, counts[x])
	}
	want.JSON = append(want.JSON, ']')
	return got.is(want)
}
