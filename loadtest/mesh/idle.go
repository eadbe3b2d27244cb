package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgedhq/edged/httpapi/client"
)

// idleness is how the scenario of that name is scaled.
type idleness struct {
	streams int
	quiet   time.Duration
}

const (
	idleGoal    = 2000             // bytes a second and peer, sent and received
	idleSettles = 3 * time.Minute  // until all nodes hold all streams
	idleCalm    = 75 * time.Second // a minute after the last event, peers are told to forget a log
)

func (v idleness) budget() time.Duration { return 10*time.Minute + v.quiet }

// run makes many streams of one event each, waits until every node holds all, and measures what
// the nodes do when nothing happens any more.
func (v idleness) run(ctx context.Context, w *world) error {
	before, err := w.costs(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := v.fill(ctx, w); err != nil {
		return err
	}
	w.fact("%d streams made in %v", v.streams, time.Since(began).Round(100*time.Millisecond))
	began = time.Now()
	if err := w.level(ctx); err != nil {
		return err
	}
	w.fact("nothing lacking after %v", time.Since(began).Round(100*time.Millisecond))
	rest(ctx, idleCalm)
	first, err := w.costs(ctx)
	if err != nil {
		return err
	}
	if !rest(ctx, v.quiet) {
		return context.Cause(ctx)
	}
	last, err := w.costs(ctx)
	if err != nil {
		return err
	}
	worst := 0.0
	for i, n := range w.nodes() {
		seconds := last[i].at.Sub(first[i].at).Seconds()
		rate := float64(last[i].bytes-first[i].bytes) / seconds / 2 // of two peers
		worst = max(worst, rate)
		w.fact("%s: %.0f B/s a peer, CPU %.2f %%, resident %d MiB (%d MiB without streams), %d goroutines (%d)",
			n.name, rate, 100*(last[i].cpu-first[i].cpu).Seconds()/seconds, last[i].rss>>20, before[i].rss>>20, last[i].goroutines, before[i].goroutines)
	}
	if worst > idleGoal {
		return fmt.Errorf("%.0f B/s to and from a peer, the goal is %d: %s", worst, idleGoal, w.summary())
	}
	return nil
}

// fill publishes one event into each stream; the first publish makes a stream.
func (v idleness) fill(ctx context.Context, w *world) error {
	const clients = 64
	var next atomic.Int64
	var group sync.WaitGroup
	failed := make(chan error, clients)
	for range clients {
		group.Go(func() {
			for i := next.Add(1); i <= int64(v.streams); i = next.Add(1) {
				n := w.nodes()[i%3]
				_, err := n.client.Publish(ctx, fmt.Sprintf("idle-%d", i), []client.Draft{{Data: []byte(`{"n":1}`)}}, client.PublishOptions{})
				if err != nil {
					failed <- fmt.Errorf("stream %d at %s: %w", i, n.name, err)
					return
				}
			}
		})
	}
	group.Wait()
	close(failed)
	return <-failed
}

// level waits until every node has found every peer to hold what it does, at a tick after all was
// published.
func (w *world) level(ctx context.Context) error {
	from := time.Now()
	return within(ctx, idleSettles, "all nodes to hold the same", func() bool {
		rest(ctx, time.Second) // to ask is not free either
		for _, n := range w.nodes() {
			peers, err := n.client.Peers(ctx)
			if err != nil || len(peers) < 2 {
				return false
			}
			for _, p := range peers {
				if !p.LastEqual.After(from) || p.NeedEvents > 0 {
					return false
				}
			}
		}
		return true
	})
}

// cost is what a node has taken up to a moment.
type cost struct {
	at         time.Time
	bytes      int64 // of links, both ways
	cpu        time.Duration
	rss        int64
	goroutines int
}

func (w *world) costs(ctx context.Context) ([]cost, error) {
	all := make([]cost, 3)
	for i, n := range w.nodes() {
		c, err := n.cost(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", n.name, err)
		}
		all[i] = c
	}
	return all, nil
}

func (n *node) cost(ctx context.Context) (c cost, err error) {
	peers, err := n.client.Peers(ctx)
	c.at = time.Now()
	for _, p := range peers {
		c.bytes += p.BytesIn + p.BytesOut
	}
	var e1, e2, e3 error
	c.cpu, e1 = n.life.CPU()
	c.rss, e2 = n.life.RSS()
	c.goroutines, e3 = n.goroutines(ctx)
	return c, errors.Join(err, e1, e2, e3)
}

// goroutines asks the node's metrics: none may be there for a stream.
func (n *node) goroutines(ctx context.Context) (count int, err error) {
	text, err := n.client.Metrics(ctx)
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(text) {
		if value, ok := bytes.CutPrefix(line, []byte("edged_go_goroutines ")); ok {
			return strconv.Atoi(string(bytes.TrimSpace(value)))
		}
	}
	return 0, errors.New("the metrics name no goroutines")
}
