package streams

import (
	"context"
	"sync"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/storage"
)

// Acks tells what other nodes hold. Plugged by replication; a broker without it is alone.
type Acks interface {
	// Possible refuses a level, with LevelUnreachable, that the nodes connected now cannot give.
	Possible(level edged.Ack) error
	// Reached waits until the logs are held at a level, each up to its head, or ctx ends. Name,
	// Log, Head and Newest of a log are set.
	Reached(ctx context.Context, level edged.Ack, logs []edged.Head) error
	// Replicated is the highest sequence of a log of this node's origin that two nodes hold; its
	// head where there is no other node.
	Replicated(head edged.Head) edged.Sequence
}

// ReadBlocks appends durable blocks of a log to dst, from the one that holds event from, until
// they are bytesMax long; one at least, if there is one. A log that is not known has none.
func (b *Broker) ReadBlocks(log edged.LogID, from edged.Sequence, bytesMax int, dst []edged.Packed) ([]edged.Packed, error) {
	l, err := b.store.Find(log)
	if l == nil || err != nil {
		return dst, err
	}
	return b.store.ReadPacked(l, from, bytesMax, dst)
}

// HeadOf tells how far a log is held; ok is false when nothing is known of it.
func (b *Broker) HeadOf(log edged.LogID) (head edged.Head, ok bool) {
	l, err := b.store.Find(log)
	if l == nil || err != nil {
		return edged.Head{}, false
	}
	return headOf(l), true
}

func headOf(l *storage.Log) edged.Head {
	s := l.Durable()
	return edged.Head{
		Name: l.Name(), Log: l.ID(), Start: s.Start, Head: s.Head, Before: s.Head, Chain: s.Chain, Newest: s.Newest,
	}
}

// ListHeads gives the logs whose id begins with prefix, in the order of their ids, after one, as
// they stood at a tick (Unix seconds, at most 8 s back; 0 for now).
func (b *Broker) ListHeads(tick int64, prefix []byte, after edged.LogID, limit int) ([]edged.Head, error) {
	return b.store.ListHeads(tick, prefix, after, limit)
}

// Sums gives the sums of the logs' terms by shard, at a tick; 0 for now.
func (b *Broker) Sums(tick int64) [edged.Shards]edged.Sum { return b.store.Sums(tick) }

// Origins lists every origin of which something is held.
func (b *Broker) Origins() []edged.OriginState { return b.store.Origins() }

// WatchHeads has moved called with the logs that moved, after each fsync, in order. It must not
// block nor keep the slice. There is one watcher, set before the store runs.
func (b *Broker) WatchHeads(moved func([]edged.Head)) { b.store.WatchHeads(moved) }

// Promise gives a time, in Unix nanoseconds, below which nothing will be appended to this node's
// logs, once all that was has been told to the watcher of heads.
func (b *Broker) Promise(ctx context.Context) (int64, error) { return b.store.Promise(ctx) }

// Stable tells the time below which every event of every origin is held here: feeds in stable
// order give what is below it.
func (b *Broker) Stable(frontier int64) {
	b.frontier.Store(frontier)
	b.mu.RLock()
	var waiting []*waiter
	for _, s := range b.streams {
		s.mu.Lock()
		if s.view.stable > 0 {
			waiting = append(waiting, s.view.waiting...)
			s.view.waiting = nil
		}
		s.mu.Unlock()
	}
	b.mu.RUnlock()
	b.waker.wake(waiting)
}

// minting is a new origin on its way through a group.
type minting struct {
	store  *storage.Store
	reason string
	seal   bool
	origin edged.Origin
	done   chan struct{}
}

func (m *minting) Stage(g *storage.Group) { m.origin = g.Mint(m.reason, m.seal) }
func (m *minting) Durable()               { close(m.done) }

// Mint gives this node a new origin: what is appended from now on goes to its logs. seal says that
// the old one's heads are its last.
func (b *Broker) Mint(ctx context.Context, reason string, seal bool) (edged.Origin, error) {
	m := &minting{store: b.store, reason: reason, seal: seal, done: make(chan struct{})}
	b.store.Submit(m)
	select {
	case <-m.done:
		return m.origin, nil
	case <-ctx.Done():
		return edged.Origin{}, ctx.Err()
	}
}

// gate holds users' publishes back until this node may be sure of its origin.
type gate struct {
	mu     sync.Mutex
	opened chan struct{} // closed when open
	err    error
}

func newGate(closed bool) *gate {
	g := &gate{opened: make(chan struct{})}
	if !closed {
		close(g.opened)
	}
	return g
}

// pass waits until the gate is open.
func (g *gate) pass(ctx context.Context) error {
	select {
	case <-g.opened:
	case <-ctx.Done():
		return edged.Refuse(edged.Starting, "this node has not heard from the others yet whether its data is the newest; try again in a second")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.err
}

// OpenGate lets publishes through, those that waited first of all.
func (b *Broker) OpenGate() { b.gate.open(nil) }

// Refuse makes publishes fail with err.
func (b *Broker) Refuse(err error) { b.gate.open(err) }

func (g *gate) open(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.err == nil {
		g.err = err
	}
	select {
	case <-g.opened:
	default:
		close(g.opened)
	}
}
