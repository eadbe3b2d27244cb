package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/edgedhq/edged/loadtest/keyed"
)

// sharedKey is changed at all nodes at once, in ways that do not depend on what was seen.
const sharedKey = "shared"

// updates is how the scenario collections is scaled.
type updates struct {
	cut  time.Duration // how long us is cut off and all sides go on
	goal time.Duration // from the heal until all are equal
}

// run: us is cut off and the same keys of all types are changed on both sides of the cut. Healed,
// all nodes show what the specification says, and nothing that was removed comes back.
func (u updates) run(ctx context.Context, w *world) error {
	if err := w.collect(ctx); err != nil {
		return err
	}
	if err := w.distances(ctx, 5*time.Millisecond, 15*time.Millisecond, 25*time.Millisecond); err != nil {
		return err
	}
	keys := slices.Concat(w.track("at-eu", w.a, w.b), w.track("at-ap", w.c, w.b))
	for _, k := range keys { // what both sides have before the cut
		if err := work(ctx, 100*time.Millisecond, []*hand{k.hands[0]}); err != nil {
			return err
		}
		k.hands[1].state = k.hands[0].state.Clone()
		k.base = k.hands[0].state.Clone()
	}
	if _, err := w.alike(ctx, 5*time.Second); err != nil {
		return err
	}
	crowd := w.crowd()
	if err := u.apart(ctx, w, keys, crowd); err != nil {
		return err
	}
	took, err := w.alike(ctx, 20*time.Second)
	if err != nil {
		return err
	}
	if err := w.settled(ctx, keys, crowd); err != nil {
		return err
	}
	if took > u.goal {
		return fmt.Errorf("equal %v after the heal, the goal is %v", took, u.goal)
	}
	w.fact("equal %v after the heal", took.Round(time.Millisecond))
	return w.verdict()
}

// apart cuts us off, lets everybody go on, and heals.
func (u updates) apart(ctx context.Context, w *world, keys []*tracked, crowd []*hand) error {
	if err := w.isolate(ctx, w.b, true); err != nil {
		return err
	}
	if err := work(ctx, u.cut, slices.Concat(handsOf(keys, true), crowd)); err != nil {
		return err
	}
	if equal, at := w.alikeIn(ctx, "counter"); equal {
		return fmt.Errorf("the cut has cut nothing:\n%s", at)
	}
	return w.isolate(ctx, w.b, false)
}

// distances delays each link by the two ways to the middle of the world. A policy is for both ways
// of a link, so one end sets it.
func (w *world) distances(ctx context.Context, eu, us, ap time.Duration) error {
	w.delays = map[*node]time.Duration{w.a: eu, w.b: us, w.c: ap}
	return errors.Join(w.isolate(ctx, w.b, false), w.a.link(ctx, w.c.region, map[string]any{"delay": (eu + ap).String()}))
}

// crowd are hands at every node that change the same counter and the same hyperloglog; none of
// their operations depends on what was seen.
func (w *world) crowd() (all []*hand) {
	for _, coll := range []string{"counter", "hyperloglog"} {
		for _, n := range w.nodes() {
			w.hands++
			h := w.newHand(w.hands, n, coll, sharedKey)
			h.only = "increment"
			if coll == "hyperloglog" {
				h.only = "observe"
			}
			all = append(all, h)
		}
	}
	return all
}

// settled wants every node to show what was done, at once and still some seconds later.
func (w *world) settled(ctx context.Context, keys []*tracked, crowd []*hand) error {
	if err := w.joined(ctx, keys); err != nil {
		return err
	}
	for _, wait := range []time.Duration{0, 3 * time.Second} {
		rest(ctx, wait)
		if err := w.shown(ctx, keys); err != nil {
			return err
		}
		if err := w.crowdShown(ctx, crowd); err != nil {
			return err
		}
	}
	done, changed := 0, map[string]bool{}
	for _, h := range slices.Concat(handsOf(keys, false), crowd) {
		done += h.done
		changed[h.coll+" "+h.key] = true
	}
	w.fact("%d updates of %d keys", done, len(changed))
	return nil
}

// crowdShown wants the shared keys to have all that was acknowledged, each once; what had no
// answer may count.
func (w *world) crowdShown(ctx context.Context, crowd []*hand) error {
	for _, coll := range []string{"counter", "hyperloglog"} {
		least, open := keyed.New(coll), []*hand(nil)
		for _, h := range crowd {
			if h.coll != coll {
				continue
			}
			least = keyed.Join(keyed.New(coll), least, h.state)
			if h.open != nil {
				open = append(open, h)
			}
		}
		for _, n := range w.nodes() {
			got, err := n.show(ctx, coll, sharedKey)
			if err != nil {
				return err
			}
			if err := possible(least, open, got); err != nil {
				w.complain("%s %s at %s: %v", coll, sharedKey, n.name, err)
			}
		}
	}
	return nil
}

// possible checks a state with each choice of what had no answer.
func possible(s keyed.State, open []*hand, got keyed.Shown) error {
	if len(open) == 0 {
		return s.Check(got)
	}
	err := possible(s, open[1:], got)
	if err == nil {
		return nil
	}
	with := s.Clone()
	with.Apply(open[0].open.op, open[0].next, open[0].open.start, open[0].open.start)
	if possible(with, open[1:], got) == nil {
		return nil
	}
	return err
}

// killUnderUpdates: a node is killed again and again while keys are changed at all nodes.
func killUnderUpdates(ctx context.Context, w *world) error {
	if err := w.collect(ctx); err != nil {
		return err
	}
	keys := slices.Concat(w.track("of-a", w.a), w.track("of-b", w.b), w.track("of-c", w.c))
	hands := handsOf(keys, true)
	for round := range 4 {
		ended := make(chan error, 1)
		go func() { ended <- work(ctx, 1500*time.Millisecond, hands) }()
		rest(ctx, time.Duration(600+150*round)*time.Millisecond)
		w.b.kill()
		w.crashed(w.b)
		if err := <-ended; err != nil {
			return err
		}
		if err := w.b.start(ctx); err != nil {
			return err
		}
		for _, h := range hands {
			if err := h.resolve(ctx); err != nil {
				return err
			}
		}
	}
	if _, err := w.alike(ctx, 10*time.Second); err != nil {
		return err
	}
	if err := w.settled(ctx, keys, nil); err != nil {
		return err
	}
	return w.verdict()
}
