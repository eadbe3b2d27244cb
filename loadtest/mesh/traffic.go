package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/edgedhq/edged/httpapi/client"
	"github.com/edgedhq/edged/loadtest/history"
)

// publishEverywhere: each node is published at, at each level, and a stream of several partitions
// is made at one node and used at the others.
func publishEverywhere(ctx context.Context, w *world) error {
	const spread = "spread"
	if _, _, err := w.a.client.PutStream(ctx, spread, client.StreamSpec{Partitions: 4}); err != nil {
		return err
	}
	w.streams = append(w.streams, spread)
	for _, n := range w.nodes() {
		err := within(ctx, 5*time.Second, "the definition of a stream at "+n.name, func() bool {
			info, err := n.client.Stream(ctx, spread)
			return err == nil && info.Partitions == 4
		})
		if err != nil {
			return err
		}
	}
	load := w.load(ctx, "w", true, w.nodes()...)
	defer load.settle()
	for _, n := range w.nodes() {
		for i, ack := range []string{"memory", "disk", "regions:2", "regions:3"} {
			if err := w.writer(n, fmt.Sprintf("level%d", i), ack).publishAll(ctx, 5); err != nil {
				return err
			}
		}
		wr := w.writer(n, spread, "disk")
		wr.stream = spread
		if err := wr.publishAll(ctx, 20); err != nil {
			return err
		}
	}
	load.settle()
	if err := w.converge(ctx, 3*time.Second); err != nil {
		return err
	}
	return w.judge(ctx)
}

// roam: readers that move node every 30 events, under traffic, are given each event once.
func roam(ctx context.Context, w *world) error {
	load := w.load(ctx, "w", true, w.nodes()...)
	defer load.settle()
	for _, n := range w.nodes() {
		err := within(ctx, 5*time.Second, "the stream at "+n.name, func() bool {
			_, err := n.client.Stream(ctx, orders)
			return err == nil
		})
		if err != nil {
			return err
		}
	}
	readers := []*roamer{{world: w, name: "roams-by-page"}, {world: w, name: "roams-by-sse"}}
	for end := time.Now().Add(6 * time.Second); time.Now().Before(end); {
		if err := stepAll(ctx, readers, w); err != nil {
			return err
		}
	}
	load.settle()
	if err := w.converge(ctx, 3*time.Second); err != nil {
		return err
	}
	if err := w.judge(ctx); err != nil {
		return err
	}
	last, err := w.scan(ctx, w.a, orders, "last")
	if err != nil {
		return err
	}
	for _, r := range readers {
		for there := false; !there; there, err = r.arrived(last) {
			if err := stepAll(ctx, readers, w); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
	w.fact("%d moves", readers[0].visits+readers[1].visits)
	return w.verdict()
}

// stepAll lets each reader take 30 events at its next node.
func stepAll(ctx context.Context, readers []*roamer, w *world) error {
	for i, r := range readers {
		if err := r.step(ctx, w.nodes()[r.visits%3], 30, i == 1); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// cutOff: one region is away for 10 s with traffic on both sides.
func cutOff(ctx context.Context, w *world) error {
	load := w.load(ctx, "w", true, w.nodes()...)
	defer load.settle()
	rest(ctx, 2*time.Second)
	if err := w.isolate(ctx, w.c, true); err != nil {
		return err
	}
	began := time.Now()
	alone, together := w.writer(w.c, "alone", "regions:2"), w.writer(w.a, "together", "regions:2")
	alone.wait = 2 * time.Second
	answers := map[history.Outcome]int{}
	for time.Since(began) < 10*time.Second {
		outcome, err := alone.publish(ctx)
		if outcome == history.OK {
			return fmt.Errorf("regions:2 was acknowledged %v after its node was cut off", time.Since(began))
		}
		if p, ok := errors.AsType[*client.Problem](err); !ok || p.Status != 503 && p.Status != 504 {
			return fmt.Errorf("regions:2 at a node that is cut off: %w", err)
		}
		answers[outcome]++
		if err := together.publishAll(ctx, 1); err != nil {
			return fmt.Errorf("two regions that are connected: %w", err)
		}
		if err := w.c.client.Ready(ctx, nil); err != nil {
			return fmt.Errorf("a node that is cut off is not ready: %w", err)
		}
		rest(ctx, 200*time.Millisecond)
	}
	load.settle()
	if answers[history.Refused] == 0 {
		return errors.New("regions:2 was never refused in 10 s of being cut off, only indefinite")
	}
	w.fact("regions:2 refused %d times, indefinite %d", answers[history.Refused], answers[history.Unknown])
	if equal, at := w.equal(ctx, orders); equal {
		return fmt.Errorf("the cut has cut nothing:\n%s", at)
	}
	return w.heal(ctx, 3*time.Second)
}

// heal connects c again and wants all equal within the limit, in one order.
func (w *world) heal(ctx context.Context, limit time.Duration) error {
	if err := w.isolate(ctx, w.c, false); err != nil {
		return err
	}
	if err := w.converge(ctx, limit); err != nil {
		return err
	}
	if err := w.judge(ctx); err != nil {
		return err
	}
	return w.oneOrder(ctx)
}

// stayAway: a region is away for longer than gossip remembers the dead.
func stayAway(ctx context.Context, w *world) error {
	if err := w.isolate(ctx, w.c, true); err != nil {
		return err
	}
	load := w.load(ctx, "w", true, w.nodes()...)
	rest(ctx, 10*time.Second)
	load.settle()
	rest(ctx, 170*time.Second)
	return w.heal(ctx, 30*time.Second)
}
