package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/edgedhq/edged/httpapi/client"
)

// How the scenario watch is scaled.
const (
	watchDelay   = 30 * time.Millisecond // of each link, one way
	watchUpdates = 300                   // by each writer, in each half
	watchEvery   = 10 * time.Millisecond
)

// watch: a watch at us is given what eu changes, and is stopped; one at ap goes on by its cursor.
// Each key is changed once, so each has to come once. Times are told, and judged by nobody.
func watch(ctx context.Context, w *world) error {
	if err := w.collect(ctx); err != nil {
		return err
	}
	if err := w.distances(ctx, watchDelay/2, watchDelay/2, watchDelay/2); err != nil {
		return err
	}
	v := &viewer{world: w, at: w.b, sent: map[string]time.Time{}, seen: map[string]int{}}
	if err := v.half(ctx, "first"); err != nil {
		return err
	}
	v.at = w.c
	if err := v.half(ctx, "second"); err != nil {
		return err
	}
	v.judge()
	slices.Sort(v.took)
	p50, p99 := v.took[len(v.took)/2], v.took[len(v.took)*99/100]
	w.fact("a watch over %v shows an update of another region after %v (p50), %v (p99), the goal is %v",
		watchDelay, p50.Round(100*time.Microsecond), p99.Round(100*time.Microsecond), watchDelay+20*time.Millisecond)
	return w.verdict()
}

// viewer watches the registers at a node, and goes on at another.
type viewer struct {
	world  *world
	at     *node
	cursor string

	mu   sync.Mutex
	sent map[string]time.Time // guarded by mu: when a key's only update was sent
	seen map[string]int       // guarded by mu
	took []time.Duration      // guarded by mu: of updates made at eu, watched elsewhere
}

// half lets all nodes change keys while the viewer watches at one of them.
func (v *viewer) half(ctx context.Context, name string) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	opened, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- v.view(ctx, sync.OnceFunc(func() { close(opened) })) }()
	select {
	case <-opened:
	case err := <-ended:
		return errors.Join(errors.New("the watch ended"), err)
	}
	var writers sync.WaitGroup
	failed := make([]error, 3)
	for i, n := range v.world.nodes() {
		writers.Go(func() { failed[i] = v.write(ctx, n, name) })
	}
	writers.Wait()
	if err := errors.Join(failed...); err != nil {
		return err
	}
	if name == "second" { // all that was sent has to come; before, what is under way is left to the second
		err := within(ctx, 10*time.Second, "all updates at the watch", func() bool {
			v.mu.Lock()
			defer v.mu.Unlock()
			return len(v.seen) == len(v.sent)
		})
		if err != nil {
			v.world.complain("%v", err)
		}
		rest(ctx, 500*time.Millisecond) // repeats would come now
	}
	stop()
	return <-ended
}

// view takes what the feed gives until ctx ends, and keeps the cursor of the last thing.
func (v *viewer) view(ctx context.Context, opened func()) error {
	for d, err := range v.at.client.Watch(ctx, "register", client.WatchQuery{Cursor: v.cursor}, client.FollowOptions{}) {
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if d.Cursor != "" {
			v.cursor = d.Cursor
		}
		switch d.Notice {
		case "":
			c, err := d.Change()
			if err != nil {
				return err
			}
			v.take(c.Key)
		case "subscribed":
			opened()
		case "gap", "lagged":
			v.world.complain("the watch at %s is given %s: %s", v.at.name, d.Notice, d.Data)
		}
	}
	return nil
}

func (v *viewer) take(key string) {
	now := time.Now()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.seen[key]++
	if strings.HasPrefix(key, v.world.a.name+"-") {
		v.took = append(v.took, now.Sub(v.sent[key]))
	}
}

// write changes one key after the other, each once.
func (v *viewer) write(ctx context.Context, n *node, half string) error {
	every := time.NewTicker(watchEvery)
	defer every.Stop()
	for i := range watchUpdates {
		<-every.C
		key := fmt.Sprintf("%s-%s-%d", n.name, half, i)
		v.mu.Lock()
		v.sent[key] = time.Now()
		v.mu.Unlock()
		if err := n.change(ctx, "register", key, fmt.Appendf(nil, `{"assign":%d}`, i)); err != nil {
			return err
		}
	}
	return nil
}

// judge wants each key to have come once.
func (v *viewer) judge() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for key := range v.sent {
		if n := v.seen[key]; n != 1 {
			v.world.complain("%s was changed once and came %d times", key, n)
		}
	}
	for key := range v.seen {
		if _, ok := v.sent[key]; !ok {
			v.world.complain("%s came and was never changed", key)
		}
	}
}
