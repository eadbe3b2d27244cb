package collections

import (
	"context"
	"slices"
	"sync"
)

// queue hands things to those who work on them, once for all the calls that asked for it. It is
// bounded by the number of things.
type queue[T comparable] struct {
	mu     sync.Mutex
	list   []T
	queued map[T]bool
	signal chan struct{}
}

func newQueue[T comparable]() *queue[T] {
	return &queue[T]{queued: map[T]bool{}, signal: make(chan struct{}, 1)}
}

// push never blocks.
func (q *queue[T]) push(c T) {
	q.mu.Lock()
	if !q.queued[c] {
		q.queued[c] = true
		q.list = append(q.list, c)
	}
	q.mu.Unlock()
	q.nudge()
}

func (q *queue[T]) nudge() {
	select {
	case q.signal <- struct{}{}:
	default:
	}
}

// pop gives the next, if there is one.
func (q *queue[T]) pop() (c T, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.list) == 0 {
		return c, false
	}
	c = q.list[0]
	q.list = slices.Delete(q.list, 0, 1)
	delete(q.queued, c)
	if len(q.list) > 0 {
		q.nudge()
	}
	return c, true
}

// work calls do for each until ctx ends.
func (q *queue[T]) work(ctx context.Context, do func(T)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-q.signal:
		}
		for ctx.Err() == nil {
			c, ok := q.pop()
			if !ok {
				break
			}
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
