package httpapi

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/edgedhq/edged"
)

// feeds is what the live readers of a server share: who they are, and the memory that they use
// in turn. The zero value is ready.
type feeds struct {
	turns    sync.Pool // of *turn
	encoders sync.Pool // of *codec.Encoder
	messages sync.Pool // of *message
	counts   feedCounts

	mu       sync.Mutex
	open     int           // readers of any kind
	closing  chan struct{} // closed by Drain; nil until somebody asks for it
	draining bool
	empty    chan struct{} // closed when the last reader leaves; nil but in Drain
	wheel    wheel         // of the sockets
}

// join counts a reader in; it must leave. The channel is closed when it must go.
func (f *feeds) join(kind readerKind) (closing <-chan struct{}, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.draining {
		return nil, edged.Refuse(edged.Draining, "this node is going away; read from another, or here after its restart")
	}
	if f.closing == nil {
		f.closing = make(chan struct{})
	}
	f.open++
	f.counts.readers[kind].Add(1)
	return f.closing, nil
}

func (f *feeds) leave(kind readerKind) {
	f.counts.readers[kind].Add(-1)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open--
	if f.open == 0 && f.empty != nil {
		close(f.empty)
		f.empty = nil
	}
}

// retryMS is a pause before coming back, in milliseconds: up to a second, and longer the more
// readers there are, so that they come back at about 2,000 a second.
func (f *feeds) retryMS() int {
	const least, perReader, most = 250 * time.Millisecond, 500 * time.Microsecond, 30 * time.Second
	f.mu.Lock()
	n := f.open
	f.mu.Unlock()
	spread := min(time.Second+time.Duration(n)*perReader, most)
	return int((least + rand.N(spread)).Milliseconds())
}

// Drain takes no more readers and no more publishes, tells the readers that are here when to
// come back, and closes them. It returns when all have gone, or when ctx ends with their
// connections cut.
func (s *Server) Drain(ctx context.Context) {
	s.draining.Store(true)
	f := &s.feeds
	f.mu.Lock()
	first := !f.draining
	f.draining = true
	if f.closing == nil {
		f.closing = make(chan struct{})
	}
	if first {
		close(f.closing)
	}
	if f.empty == nil {
		f.empty = make(chan struct{})
	}
	empty := f.empty
	if f.open == 0 {
		close(f.empty)
		f.empty = nil
	}
	sockets := f.wheel.all()
	f.mu.Unlock()
	for _, so := range sockets {
		so.drain(f.retryMS())
	}
	select {
	case <-empty:
	case <-ctx.Done():
		for _, so := range sockets {
			so.cut()
		}
	}
}
