package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgedhq/edged/httpapi/client"
)

// counting is how the scenario functions is scaled.
type counting struct {
	cut    time.Duration // of the rounds that wait for everybody
	away   time.Duration // of the round that goes on without the one cut off
	rounds int
}

// goods are the groups of the count.
var goods = []string{"apples", "pears", "plums"} // read-only

// run: all nodes publish while a global count goes on, and ap is cut off in the middle. With
// exclude_after='never' each side says that its answer is provisional, and who is missing; healed, all
// nodes show the same final rows, and what was published adds up. By default the windows close without
// who is not heard, are told as final with those names, and as revised once they are back.
func (c counting) run(ctx context.Context, w *world) error {
	if err := w.distances(ctx, 5*time.Millisecond, 15*time.Millisecond, 25*time.Millisecond); err != nil {
		return err
	}
	for i := range c.rounds {
		t := &tally{world: w, name: fmt.Sprintf("sales-%d", i), never: true, sent: map[string]*atomic.Int64{}}
		if err := t.round(ctx, c.cut); err != nil {
			return fmt.Errorf("round %d, exclude_after='never': %w", i+1, err)
		}
	}
	t := &tally{world: w, name: "sales-away", sent: map[string]*atomic.Int64{}}
	if err := t.round(ctx, c.away); err != nil {
		return fmt.Errorf("by default: %w", err)
	}
	return w.verdict()
}

// tally is one round: a stream, a function that counts it, and what was published.
type tally struct {
	world *world
	name  string // of the stream and of the function
	never bool   // wait for everybody
	sent  map[string]*atomic.Int64
}

// sold is a row of the function.
type sold struct {
	Start    time.Time `json:"window_start"`
	What     string    `json:"what"`
	N        int64     `json:"n"`
	Status   string    `json:"_status"`
	Excluded []string  `json:"_excluded"`
}

func (t *tally) round(ctx context.Context, cut time.Duration) error {
	if err := t.begin(ctx); err != nil {
		return err
	}
	load, stop := context.WithCancel(ctx)
	defer stop()
	var sellers sync.WaitGroup
	failed := make([]error, 3)
	for i, n := range t.world.nodes() {
		sellers.Go(func() { failed[i] = t.sell(load, n) })
	}
	rest(ctx, 2*time.Second)
	if err := t.apart(ctx, cut); err != nil {
		return err
	}
	rest(ctx, 2*time.Second)
	stop()
	sellers.Wait()
	if err := errors.Join(failed...); err != nil {
		return err
	}
	return t.settled(ctx)
}

// begin defines the function at one node and returns once all run it.
func (t *tally) begin(ctx context.Context) error {
	for _, what := range goods {
		t.sent[what] = &atomic.Int64{}
	}
	text := "SELECT what, COUNT(*) AS n FROM \"" + t.name + "\" GROUP BY what, TUMBLE(_time, INTERVAL '1 second')"
	if t.never {
		text += " WITH (exclude_after='never')"
	}
	return t.world.define(ctx, t.name, text)
}

// define makes a function at one node and returns once all run it.
func (w *world) define(ctx context.Context, name, text string) error {
	if _, _, err := w.a.client.PutFunction(ctx, name, client.FunctionSpec{SQL: text}); err != nil {
		return err
	}
	for _, n := range w.nodes() {
		err := within(ctx, 5*time.Second, "the function at "+n.name, func() bool {
			_, err := n.client.Function(ctx, name)
			return err == nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// sell publishes at one node until ctx ends, and counts what is acknowledged.
func (t *tally) sell(ctx context.Context, n *node) error {
	for i := 0; ctx.Err() == nil; i++ {
		what := goods[i%len(goods)]
		drafts := []client.Draft{{Data: fmt.Appendf(nil, `{"what":%q}`, what)}, {Data: fmt.Appendf(nil, `{"what":%q}`, what)}}
		if _, err := n.client.Publish(context.WithoutCancel(ctx), t.name, drafts, client.PublishOptions{}); err != nil {
			return fmt.Errorf("publish at %s: %w", n.name, err)
		}
		t.sent[what].Add(int64(len(drafts)))
		rest(ctx, 10*time.Millisecond)
	}
	return nil
}

// apart cuts ap off, looks at what both sides say, and heals.
func (t *tally) apart(ctx context.Context, cut time.Duration) error {
	w := t.world
	if err := w.isolate(ctx, w.c, true); err != nil {
		return err
	}
	rest(ctx, cut)
	for _, n := range w.nodes() {
		missing := []*node{w.c}
		if n == w.c {
			missing = []*node{w.a, w.b}
		}
		if err := t.says(ctx, n, missing); err != nil {
			return err
		}
	}
	return w.isolate(ctx, w.c, false)
}

// says wants a node to name who it does not hear, and its rows to be as good as that allows.
func (t *tally) says(ctx context.Context, n *node, missing []*node) error {
	reach, err := n.client.Completeness(ctx, t.name, "")
	if err != nil {
		return err
	}
	var want, got []string
	for _, m := range missing {
		want = append(want, m.region)
	}
	for _, o := range reach.Origins {
		if o.State == "unreachable" {
			got = append(got, o.Region)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.world.complain("%s does not hear %v, and says so of %v", n.name, want, got)
	}
	rows, _, err := t.rows(ctx, n)
	if err != nil {
		return err
	}
	newest, excluded := rows[len(rows)-1], 0
	if newest.Status != "provisional" {
		t.world.complain("%s says %s of the newest window, though %v is missing", n.name, newest.Status, want)
	}
	for _, r := range rows {
		if len(r.Excluded) == len(missing) && r.Status == "final" {
			excluded++
		}
	}
	if t.never == (excluded > 0) {
		t.world.complain("%s has %d rows that are final without %v", n.name, excluded, want)
	}
	return nil
}

// rows are all rows of the function at a node, in the order of their windows, with cut and digest.
func (t *tally) rows(ctx context.Context, n *node) (rows []sold, digest string, err error) {
	page, err := n.client.Rows(ctx, t.name, client.RowsQuery{Limit: 10_000})
	if err != nil {
		return nil, "", err
	}
	for _, r := range page.Rows {
		var s sold
		if err := json.Unmarshal(r.Data, &s); err != nil {
			return nil, "", err
		}
		rows = append(rows, s)
	}
	if len(rows) == 0 {
		return nil, "", fmt.Errorf("no rows of %s at %s", t.name, n.name)
	}
	return rows, page.Cut + " " + page.Digest, nil
}

// settled wants all nodes to show the same closed rows, which add up to what was published.
func (t *tally) settled(ctx context.Context) error {
	began := time.Now()
	var last string
	err := within(ctx, 30*time.Second, "the same closed rows everywhere", func() bool {
		digests := map[string]bool{}
		for _, n := range t.world.nodes() {
			rows, digest, err := t.rows(ctx, n)
			if err != nil {
				last = err.Error()
				return false
			}
			digests[digest] = true
			if last = t.open(n, rows); last != "" {
				return false
			}
		}
		last = fmt.Sprintf("digests %v", digests)
		return len(digests) == 1
	})
	if err != nil {
		return fmt.Errorf("%w: %s", err, last)
	}
	rows, _, err := t.rows(ctx, t.world.b)
	if err != nil {
		return err
	}
	got, revised := map[string]int64{}, 0
	for _, r := range rows {
		got[r.What] += r.N
		if r.Status == "revised" {
			revised++
		}
	}
	total := int64(0)
	for what, sent := range t.sent {
		if total += sent.Load(); got[what] != sent.Load() {
			t.world.complain("%s: %d of %s counted, %d published", t.name, got[what], what, sent.Load())
		}
	}
	if t.never == (revised > 0) {
		t.world.complain("%s: %d of %d rows are revised", t.name, revised, len(rows))
	}
	t.world.fact("%s: %d events in %d rows, %d revised, the same and closed everywhere %v after the last event",
		t.name, total, len(rows), revised, time.Since(began).Round(100*time.Millisecond))
	return nil
}

// open says what of the rows is not closed yet, or still without somebody.
func (t *tally) open(n *node, rows []sold) string {
	for _, r := range rows {
		if r.Status == "provisional" || len(r.Excluded) > 0 {
			return fmt.Sprintf("%s has %s of %s: %s without %v", n.name, r.What, r.Start.Format(time.TimeOnly), r.Status, r.Excluded)
		}
	}
	return ""
}
