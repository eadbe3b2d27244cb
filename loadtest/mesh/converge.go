package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// convergence is how the scenario of that name is scaled.
type convergence struct {
	cut    time.Duration // how long c is cut off
	events int           // published on each side meanwhile
	rounds int
	goal   time.Duration // from the heal until all are equal
}

func (v convergence) budget() time.Duration {
	return 2*time.Minute + time.Duration(v.rounds)*(v.cut+time.Minute)
}

// run measures how long the nodes take to become equal after a cut, with events published on both
// sides all through it.
func (v convergence) run(ctx context.Context, w *world) error {
	a, c := w.writer(w.a, "side", "disk"), w.writer(w.c, "side", "disk")
	var took []time.Duration
	for range v.rounds {
		if err := w.isolate(ctx, w.c, true); err != nil {
			return err
		}
		if err := v.bothSides(ctx, a, c); err != nil {
			return err
		}
		if equal, at := w.equal(ctx, orders); equal {
			return fmt.Errorf("the cut has cut nothing:\n%s", at)
		}
		if err := w.isolate(ctx, w.c, false); err != nil {
			return err
		}
		healed := time.Now()
		if err := w.converge(ctx, 50*time.Second); err != nil {
			return err
		}
		took = append(took, time.Since(healed))
		if err := w.meet(ctx, 10*time.Second); err != nil {
			return err
		}
	}
	if err := w.judge(ctx); err != nil {
		return err
	}
	if worst := slices.Max(took); worst > v.goal {
		return fmt.Errorf("equal after %v at worst, the goal is %v: %s", worst, v.goal, strings.Join(w.facts, "; "))
	}
	return nil
}

// bothSides publishes at both ends of the cut, evenly over its length.
func (v convergence) bothSides(ctx context.Context, sides ...*writer) error {
	end := time.Now().Add(v.cut)
	batches := max(1, v.events/batchEvents)
	failed := make(chan error, len(sides))
	for _, wr := range sides {
		go func() {
			every := time.NewTicker(max(time.Microsecond, v.cut*9/10/time.Duration(batches)))
			defer every.Stop()
			for range batches {
				<-every.C
				if err := wr.publishAll(ctx, 1); err != nil {
					failed <- err
					return
				}
			}
			failed <- nil
		}()
	}
	var all []error
	for range sides {
		all = append(all, <-failed)
	}
	if err := errors.Join(all...); err != nil {
		return err
	}
	if !rest(ctx, time.Until(end)) {
		return context.Cause(ctx)
	}
	return nil
}
