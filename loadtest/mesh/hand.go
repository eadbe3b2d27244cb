package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/client"
	"github.com/edgedhq/edged/loadtest/keyed"
)

// handPause is how long a hand rests between two operations, so that dozens share two cores.
const handPause = 5 * time.Millisecond

// hand is one client that changes one key at one node, one operation after the other.
type hand struct {
	world     *world
	at        *node
	coll, key string
	state     keyed.State // the key as this hand's side knows it
	alone     bool        // no other hand is near: each answer has to show the state
	only      string      // the one verb that it may use; none for all
	next      int64       // number of its next operation, of its own
	dice      *rand.Rand
	done      int
	open      *opened  // what has had no answer
	trail     []string // the last operations and what came of them, for who reads a failure
}

// opened is an operation of unknown outcome.
type opened struct {
	op    keyed.Op
	start int64
}

// newHand makes the hand with a number of its own.
func (w *world) newHand(number int, at *node, coll, key string) *hand {
	return &hand{
		world: w, at: at, coll: coll, key: key, state: keyed.New(coll), next: int64(number) << 32,
		dice: rand.New(rand.NewPCG(uint64(number), 1)),
	}
}

// step carries out one operation. An error is one after which there is nothing to go on with.
func (h *hand) step(ctx context.Context) error {
	h.next++
	o := keyed.Some(h.coll, h.next, h.dice)
	for h.only != "" && o.Verb != h.only {
		o = keyed.Some(h.coll, h.next, h.dice)
	}
	start := h.world.now()
	err := h.at.change(ctx, h.coll, h.key, o.Body())
	h.note("%s at %v: %v", o, time.Duration(start), err)
	p, told := errors.AsType[*client.Problem](err)
	switch {
	case err == nil:
		h.done++
		h.state.Apply(o, h.next, start, h.world.now())
		return h.look(ctx)
	case told && p.NotStored() && (p.Code == string(edged.LimitReached) || p.Code == string(edged.KeyNotFound)):
		return nil // refused, and rightly so: a bound, or nothing to delete
	case told && p.Status < 500 && p.Status != 429:
		return fmt.Errorf("%s: %s %s at %s: %w", h.coll, h.key, o.Body(), h.at.name, err)
	case told && p.NotStored():
		return nil
	}
	h.open = &opened{o, start}
	return nil
}

// note adds to the trail.
func (h *hand) note(format string, args ...any) {
	const most = 12
	h.trail = append(h.trail[max(0, len(h.trail)-most+1):], fmt.Sprintf(format, args...))
}

// complain notes that the hand's key is not what it has to be.
func (h *hand) complain(format string, args ...any) {
	h.world.complain("%s %s at %s: %s; after\n    %s", h.coll, h.key, h.at.name, fmt.Sprintf(format, args...), strings.Join(h.trail, "\n    "))
}

// look wants the hand's node to show the hand's state, while no other hand is near.
func (h *hand) look(ctx context.Context) error {
	if !h.alone {
		return nil
	}
	got, err := h.at.show(ctx, h.coll, h.key)
	if _, told := errors.AsType[*client.Problem](err); err != nil && !told {
		return nil // the node was killed: nothing is learnt
	} else if err != nil {
		return err
	}
	if err := h.state.Check(got); err != nil {
		h.complain("nobody else changes it: %v", err)
	}
	return nil
}

// resolve looks whether what had no answer was carried out. It is for hands that are alone.
func (h *hand) resolve(ctx context.Context) error {
	if h.open == nil {
		return nil
	}
	got, err := h.at.show(ctx, h.coll, h.key)
	if err != nil {
		return err
	}
	with := h.state.Clone()
	with.Apply(h.open.op, h.next, h.open.start, h.world.now())
	without, after := h.state.Check(got), with.Check(got)
	switch {
	case without != nil && after != nil:
		h.complain("after a crash: %v; and if the last was done: %v", without, after)
	case without != nil:
		h.state = with
		h.note("the last was done")
	default:
		h.note("the last was not done: %s", got.Value)
	}
	h.open = nil
	return nil
}

// work lets hands go on at once until the time is over or a hand finds no answer.
func work(ctx context.Context, d time.Duration, hands []*hand) error {
	end := time.Now().Add(d)
	failed := make([]error, len(hands))
	var all sync.WaitGroup
	for i, h := range hands {
		all.Go(func() {
			for time.Now().Before(end) && failed[i] == nil && h.open == nil && rest(ctx, handPause) {
				failed[i] = h.step(ctx)
			}
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return errors.Join(failed...)
}
