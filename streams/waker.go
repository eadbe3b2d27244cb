package streams

import (
	"context"
	"sync"
)

// waiter is somebody who waits for a stream to change.
type waiter struct {
	mu   sync.Mutex
	call func() // nil once nobody waits any more
}

// wake calls, unless the waiter has left.
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

// waker calls readers that wait, away from the committer and the completer: waking thousands
// must not hold up the next group.
type waker struct {
	signal chan struct{}

	mu    sync.Mutex
	calls []*waiter
}

func newWaker() *waker { return &waker{signal: make(chan struct{}, 1)} }

// wake hands the calls over; it never blocks.
func (w *waker) wake(calls []*waiter) {
	if len(calls) == 0 {
		return
	}
	w.mu.Lock()
	if w.calls == nil {
		w.calls = calls
	} else {
		w.calls = append(w.calls, calls...)
	}
	w.mu.Unlock()
	select {
	case w.signal <- struct{}{}:
	default:
	}
}

// run makes the calls until ctx ends.
func (w *waker) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.signal:
		}
		w.mu.Lock()
		calls := w.calls
		w.calls = nil
		w.mu.Unlock()
		for _, call := range calls {
			call.wake()
		}
	}
}
