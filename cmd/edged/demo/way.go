package demo

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/client"
)

// Way is how long events took from one region to another: from their stamp at the origin until a
// reader at the other node had them.
type Way struct {
	From    string        `json:"from"`
	To      string        `json:"to"`
	Delay   time.Duration `json:"delay_ns"` // that the link was given at the start
	Events  int           `json:"events"`
	Median  time.Duration `json:"median_ns"`
	Longest time.Duration `json:"longest_ns"`
}

// ways collects the times since the last report. The zero value is ready.
type ways struct {
	mu   sync.Mutex
	took map[[2]string][]time.Duration // by from and to
}

func (w *ways) add(from, to string, took time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.took == nil {
		w.took = map[[2]string][]time.Duration{}
	}
	w.took[[2]string{from, to}] = append(w.took[[2]string{from, to}], took)
}

// take gives what there is and begins anew.
func (w *ways) take() []Way {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := []Way{}
	for way, took := range w.took {
		slices.Sort(took)
		out = append(out, Way{From: way[0], To: way[1], Delay: delayOf(way[0], way[1]), Events: len(took), Median: took[len(took)/2], Longest: took[len(took)-1]})
	}
	w.took = nil
	slices.SortFunc(out, func(a, b Way) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	return out
}

// watch follows the readings at one node, until ctx ends, and notes how long those of the other
// regions took. One machine has one clock, so the times can be compared.
func watch(ctx context.Context, p Place, w *ways) error {
	for d, err := range p.door.Follow(ctx, Stream, client.Query{From: "latest"}, client.FollowOptions{}) {
		if err != nil {
			return fmt.Errorf("demo: follow at %s: %w", p.Name, err)
		}
		if d.Notice != "" {
			continue
		}
		now := time.Now()
		from, stamp, err := sourceOf(&d)
		if err != nil {
			return fmt.Errorf("demo: follow at %s: %w", p.Name, err)
		}
		if from != p.Region {
			w.add(from, p.Region, now.Sub(stamp))
		}
	}
	return nil
}

// sourceOf tells where a reading comes from, and when it was stamped there.
func sourceOf(d *client.Delivery) (region string, stamp time.Time, err error) {
	e, err := d.Event()
	if err != nil {
		return "", time.Time{}, err
	}
	var r reading
	if err := json.Unmarshal(e.Data, &r); err != nil {
		return "", time.Time{}, fmt.Errorf("reading: %w", err)
	}
	t, err := edged.ParseTimestamp(e.HLC)
	return r.Region, time.Unix(0, t.Wall), err
}
