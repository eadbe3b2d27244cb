package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/edgedhq/edged/httpapi/client"
)

// How the scenario functions-prompt is scaled.
const (
	promptDelay  = 30 * time.Millisecond // of each link, one way
	promptEvery  = 25 * time.Millisecond // between two events of a node
	promptFor    = 15 * time.Second
	partialsRate = 10_000 // events a second at one node
	partialsFor  = 8 * time.Second
	partialsKeys = 1000
)

// prompt tells how long answers take in another region, and what partials add to the bytes between
// nodes. Times are judged by nobody.
func prompt(ctx context.Context, w *world) error {
	if err := w.distances(ctx, promptDelay/2, promptDelay/2, promptDelay/2); err != nil {
		return err
	}
	p := &promptness{world: w, name: "prompt", sent: map[string]time.Time{}, ends: map[time.Time]bool{}}
	text := "SELECT k, COUNT(*) AS n FROM prompt GROUP BY k, TUMBLE(_ingest, INTERVAL '1 second')"
	if err := w.define(ctx, p.name, text); err != nil {
		return err
	}
	if err := p.measure(ctx); err != nil {
		return err
	}
	slices.Sort(p.open)
	slices.Sort(p.closed)
	w.fact("over %v an event at %s is in a provisional row at %s after %v (p50), %v (p99), the goal is %v",
		promptDelay, w.a.name, w.b.name, centile(p.open, 50), centile(p.open, 99), promptDelay+250*time.Millisecond)
	w.fact("a window of _ingest is final there %v (p50), %v (p99) after its end, the goal is %v",
		centile(p.closed, 50), centile(p.closed, 99), promptDelay+500*time.Millisecond)
	return errors.Join(p.traffic(ctx), w.verdict())
}

func centile(all []time.Duration, n int) time.Duration {
	if len(all) == 0 {
		return 0
	}
	return all[len(all)*n/100].Round(time.Millisecond)
}

// promptness watches the rows of a function at another node than events are published at.
type promptness struct {
	world *world
	name  string

	mu     sync.Mutex
	sent   map[string]time.Time // guarded by mu: when the event of a key was sent
	ends   map[time.Time]bool   // guarded by mu: windows seen final
	open   []time.Duration      // guarded by mu
	closed []time.Duration      // guarded by mu
}

func (p *promptness) measure(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, promptFor)
	defer stop()
	var group sync.WaitGroup
	failed := make([]error, 4)
	group.Go(func() { failed[3] = p.watch(ctx) })
	for i, n := range p.world.nodes() {
		group.Go(func() { failed[i] = p.publish(ctx, n) })
	}
	group.Wait()
	if len(p.open) == 0 || len(p.closed) == 0 {
		failed = append(failed, fmt.Errorf("%d provisional and %d final rows were seen", len(p.open), len(p.closed)))
	}
	return errors.Join(failed...)
}

// publish sends one event after the other, each with a key of its own.
func (p *promptness) publish(ctx context.Context, n *node) error {
	for i := 0; ctx.Err() == nil; i++ {
		key := fmt.Sprintf("%s-%d", n.name, i)
		if n == p.world.a {
			p.mu.Lock()
			p.sent[key] = time.Now()
			p.mu.Unlock()
		}
		_, err := n.client.Publish(context.WithoutCancel(ctx), p.name, []client.Draft{{Data: fmt.Appendf(nil, `{"k":%q}`, key)}}, client.PublishOptions{})
		if err != nil {
			return err
		}
		rest(ctx, promptEvery)
	}
	return nil
}

// watch takes the rows that change at us.
func (p *promptness) watch(ctx context.Context) error {
	for d, err := range p.world.b.client.WatchRows(ctx, p.name, client.RowsFeed{From: "latest"}, client.FollowOptions{}) {
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if d.Notice != "" {
			continue
		}
		change, err := d.Row()
		if err != nil {
			return err
		}
		var row struct {
			K      string    `json:"k"`
			End    time.Time `json:"window_end"`
			Status string    `json:"_status"`
		}
		if err := json.Unmarshal(change.Row.Data, &row); err != nil {
			return err
		}
		p.take(row.K, row.End, row.Status, time.Now())
	}
	return nil
}

func (p *promptness) take(key string, end time.Time, status string, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at, known := p.sent[key]; known {
		p.open = append(p.open, now.Sub(at))
		delete(p.sent, key)
	}
	if status == "final" && !p.ends[end] {
		p.ends[end] = true
		p.closed = append(p.closed, now.Sub(end))
	}
}

// traffic compares the bytes that go to the other nodes with and without a function over the stream.
func (p *promptness) traffic(ctx context.Context) error {
	w := p.world
	raw, err := p.load(ctx)
	if err != nil {
		return err
	}
	text := "SELECT device, COUNT(*) AS n FROM traffic GROUP BY device, TUMBLE(_time, INTERVAL '1 second') WITH (backfill='none')"
	if err := w.define(ctx, "traffic", text); err != nil {
		return err
	}
	both, err := p.load(ctx)
	if err != nil {
		return err
	}
	w.fact("%d events/s of about 100 B with %d keys are %d KiB/s to the others, %d KiB/s with a count by key and second: partials add %.0f %%, the goal with a flush of 1 s is 10 %%",
		partialsRate, partialsKeys, raw>>10, both>>10, 100*float64(both-raw)/float64(raw))
	return nil
}

// load publishes at eu at a rate, and gives the bytes a second that it sends to the others.
func (p *promptness) load(ctx context.Context) (rate int64, err error) {
	const batch = 500
	before, err := p.out(ctx)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	for i := 0; time.Since(began) < partialsFor; i += batch {
		drafts := make([]client.Draft, batch)
		for j := range drafts {
			n := i + j
			drafts[j].Data = fmt.Appendf(nil, `{"device":"d%03d","temp":%d.%02d,"humidity":%d,"note":"reading %d of the line %d"}`,
				n*7919%partialsKeys, 10+n%25, n*31%100, n*17%90, n, n*13%4000)
		}
		if _, err := p.world.a.client.Publish(ctx, "traffic", drafts, client.PublishOptions{}); err != nil {
			return 0, err
		}
		rest(ctx, time.Until(began.Add(time.Duration(i+batch)*time.Second/partialsRate)))
	}
	rest(ctx, time.Second)
	after, err := p.out(ctx)
	return int64(float64(after-before) / time.Since(began).Seconds()), err
}

// out is what eu has sent to the others so far.
func (p *promptness) out(ctx context.Context) (bytes int64, err error) {
	peers, err := p.world.a.client.Peers(ctx)
	for i := range peers {
		bytes += peers[i].BytesOut
	}
	return bytes, err
}
