package streams

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
	"github.com/edgedhq/edged/streams/storage"
)

// Broker keeps the streams of one node.
type Broker struct {
	store *storage.Store
	opts  Options
	stats counters
	waker *waker
	runs  *runCache

	builder   block.Builder // the committer's
	confirmed confirmed     // the committer's

	appendings   sync.Pool // of *appending
	pendingBytes atomic.Int64
	ringBytes    atomic.Int64
	dedupeBytes  atomic.Int64
	ingesting    allowance
	gate         gate
	frontier     *frontier
	filters      filters

	mu      sync.RWMutex
	streams map[string]*stream // with an object; see stream
}

// New makes a Broker over an open store. The node runs both; the broker ends first.
func New(store *storage.Store, opts Options) (*Broker, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	b := &Broker{
		store: store, opts: opts,
		waker:     newWaker(),
		runs:      newRunCache(opts.RunsBytesMax),
		ingesting: allowance{max: opts.IngestBytesMax},
		frontier:  newFrontier(opts.Gated),
		filters:   filters{compile: opts.Filter},
		streams:   make(map[string]*stream),
	}
	if opts.Gated {
		b.gate.opened = make(chan struct{})
	}
	return b, nil
}

// Run wakes readers, retires what retention lets go and puts idle objects away, until ctx ends;
// blocks of other nodes are refused from then on.
// The node calls it once.
func (b *Broker) Run(ctx context.Context) error {
	var group sync.WaitGroup
	group.Go(func() { b.waker.run(ctx) })
	every := time.NewTicker(b.opts.RetireEvery)
	defer every.Stop()
	sweep := &sweeper{broker: b}
	for {
		select {
		case <-ctx.Done():
			b.ingesting.close()
			group.Wait()
			return nil
		case <-every.C:
			b.evict()
			b.runs.sweep()
			sweep.step(ctx)
		}
	}
}

// hidden says whether a name is one of ours: users cannot form it.
func hidden(name string) bool { return strings.HasPrefix(name, "$") }

func unknown(name string) error {
	return edged.Refuse(edged.StreamNotFound, "there is no stream %q; create it with PUT /v1/streams/%s", name, name)
}

// take gives the object of a stream, made if need be, and keeps it from being put away until
// release.
func (b *Broker) take(name string) (*stream, error) {
	b.mu.RLock()
	s := b.streams[name]
	if s != nil {
		s.users.Add(1)
	}
	b.mu.RUnlock()
	if s == nil {
		b.mu.Lock()
		if s = b.streams[name]; s == nil {
			s = &stream{broker: b, name: name}
			b.streams[name] = s
		}
		s.users.Add(1)
		b.mu.Unlock()
	}
	s.used.Store(b.opts.Now().UnixNano())
	s.once.Do(func() { s.failed = s.load() })
	if s.failed != nil {
		b.mu.Lock()
		if b.streams[name] == s {
			delete(b.streams, name)
		}
		b.mu.Unlock()
		return nil, s.failed
	}
	return s, nil
}

func (b *Broker) release(s *stream) { s.users.Add(-1) }

// evict puts objects away that nobody uses, least recently used first, down to ActiveMax.
func (b *Broker) evict() {
	b.mu.Lock()
	defer b.mu.Unlock()
	over := len(b.streams) - b.opts.ActiveMax
	cutoff := b.opts.Now().Add(-b.opts.RetireEvery).UnixNano()
	for name, s := range b.streams {
		if over <= 0 {
			return
		}
		if s.users.Load() == 0 && s.used.Load() <= cutoff {
			s.forget()
			delete(b.streams, name)
			over--
		}
	}
}

// forget gives back what the node counts of an object that goes.
func (s *stream) forget() {
	if d := s.staging.dedupe; d != nil {
		s.broker.dedupeBytes.Add(-d.bytes())
	}
	s.broker.ringBytes.Add(-int64(s.view.ring.bytes))
}

// ringMax is what one ring may hold now: all of its own bound, or little while all rings
// together are over theirs.
func (b *Broker) ringMax() int {
	if b.ringBytes.Load() > b.opts.RingsBytesMax {
		return b.opts.RingBytesMax / 16
	}
	return b.opts.RingBytesMax
}

// Await returns once this node shows all that the cursor covers, or with ctx's error.
func (b *Broker) Await(ctx context.Context, at edged.Cursor) error {
	s, err := b.take(at.Stream)
	if err != nil {
		return err
	}
	defer b.release(s)
	changed := make(chan struct{}, 1)
	w := &waiter{call: func() { changed <- struct{}{} }}
	for s.clamp(at); !s.waitFor(at, w); s.clamp(at) {
		select {
		case <-changed:
		case <-ctx.Done():
			w.leave()
			s.drop(w)
			return ctx.Err()
		}
	}
	return nil
}

// waitFor says whether the cursor is covered; if not, w is called at the next change.
func (s *stream) waitFor(at edged.Cursor, w *waiter) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := &s.view
	if v.def.Generation > at.Generation || v.def.Generation == at.Generation && v.ring.vector.Covers(at.Vector) {
		return true
	}
	s.broker.frontier.await(s)
	v.waiting = append(v.waiting, w)
	return false
}

// drop takes a waiter out that has left.
func (s *stream) drop(w *waiter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := func(x *waiter) bool { return x == w }
	s.view.waiting = slices.DeleteFunc(s.view.waiting, left)
	s.view.unsynced = slices.DeleteFunc(s.view.unsynced, left)
}
