package collections

import (
	"context"
	"sync"
)

// queue hands collections to those who work on them, each collection to one at a time and once for
// all the calls that asked for it.
type queue struct {
	mu     sync.Mutex
	list   []*collection
	queued map[*collection]bool
	signal chan struct{}
}

func newQueue() *queue {
	return &queue{queued: map[*collection]bool{}, signal: make(chan struct{}, 1)}
}

// push never blocks.
func (q *queue) push(c *collection) {
	q.mu.Lock()
	if !q.queued[c] {
		q.queued[c] = true
		q.list = append(q.list, c)
	}
	q.mu.Unlock()
	q.nudge()
}

func (q *queue) nudge() {
	select {
	case q.signal <- struct{}{}:
	default:
	}
}

// pop gives the next collection; nil when there is none.
func (q *queue) pop() *collection {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.list) == 0 {
		return nil
	}
	c := q.list[0]
	q.list[0] = nil
	q.list = q.list[1:]
	delete(q.queued, c)
	if len(q.list) > 0 {
		q.nudge()
	}
	return c
}

// work calls do for each collection until ctx ends.
func (q *queue) work(ctx context.Context, do func(*collection)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-q.signal:
		}
		for c := q.pop(); c != nil && ctx.Err() == nil; c = q.pop() {
			do(c)
		}
	}
}

// waiter is somebody who wants to be called once when a collection has moved.
type waiter struct {
	mu   sync.Mutex
	call func() // nil once nobody waits any more
}

func (w *waiter) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.call != nil {
		w.call()
	}
}

// leave returns when no call comes any more.
func (w *waiter) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.call = nil
}
