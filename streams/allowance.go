package streams

import (
	"context"
	"sync"
)

// allowance bounds the bytes that are under way. Who brings more waits, in turn.
type allowance struct {
	max int64

	mu     sync.Mutex
	taken  int64
	closed bool
	queue  []*entrant
}

// entrant is somebody who waits to enter.
type entrant struct {
	bytes int64
	enter chan bool // takes one word without blocking: false once the allowance is closed
}

// enter waits until the bytes fit, or nothing is under way. It says false when ctx ends before, or
// the allowance is closed: then nothing is taken.
func (a *allowance) enter(ctx context.Context, bytes int64) bool {
	a.mu.Lock()
	if a.closed || ctx.Err() != nil {
		a.mu.Unlock()
		return false
	}
	if len(a.queue) == 0 && a.fits(bytes) {
		a.taken += bytes
		a.mu.Unlock()
		return true
	}
	e := &entrant{bytes, make(chan bool, 1)}
	a.queue = append(a.queue, e)
	a.mu.Unlock()
	select {
	case in := <-e.enter:
		return in
	case <-ctx.Done():
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.queue {
		if a.queue[i] == e {
			a.queue = append(a.queue[:i], a.queue[i+1:]...)
			a.admit() // those behind may be smaller
			return false
		}
	}
	return <-e.enter // let in, or turned away, meanwhile
}

func (a *allowance) fits(bytes int64) bool { return a.taken == 0 || a.taken+bytes <= a.max }

// leave gives bytes back.
func (a *allowance) leave(bytes int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.taken -= bytes
	a.admit()
}

// admit lets in who fits now. The caller holds the mutex.
func (a *allowance) admit() {
	for len(a.queue) > 0 && a.fits(a.queue[0].bytes) {
		e := a.queue[0]
		a.queue = a.queue[1:]
		a.taken += e.bytes
		e.enter <- true
	}
}

// close turns away who waits, and who comes.
func (a *allowance) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	for _, e := range a.queue {
		e.enter <- false
	}
	a.queue = nil
}

// bytes is what is under way.
func (a *allowance) bytes() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.taken
}
