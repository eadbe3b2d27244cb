package streams

import (
	"context"
	"fmt"
	"slices"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/storage"
)

// limitsPerGroup bounds what the end of an origin adds to one group.
const limitsPerGroup = 10_000

// limiting is where some logs of a sealed origin end, on its way through a group.
type limiting struct {
	origin edged.Origin
	at     int64
	logs   []edged.LogEnd
	first  bool
	own    bool // the origin is this node's: nothing was done
	done   chan struct{}
}

func (z *limiting) Stage(g *storage.Group) {
	if z.own = g.Origin().ID == z.origin.ID; !z.own {
		g.Limit(z.origin.ID, z.at, z.logs, z.first)
	}
}

func (z *limiting) Durable() { close(z.done) }

// concluding says that all of them are there.
type concluding struct {
	broker  *Broker
	origin  edged.Origin
	closure storage.Closure
	beyond  []*storage.Ending
	done    chan struct{}
}

func (z *concluding) Stage(g *storage.Group) { g.Conclude(z.origin.ID, z.closure, z.beyond) }

func (z *concluding) Durable() {
	z.broker.store.SetAside(z.origin, z.closure, z.beyond)
	close(z.done)
}

// SealOrigin ends an origin of another node, or a former one of this node, where others have agreed
// that its logs end: nothing is taken beyond, and what is held beyond is kept for readers here, but
// no other node is told of it. at is after all stamps that count, sum that of the ends. It is durable
// on return. whole says that all that counts is held here; beyond is how many events are held past it.
func (b *Broker) SealOrigin(ctx context.Context, origin edged.Origin, at int64, sum edged.Sum, logs []edged.LogEnd) (whole bool, beyond int64, err error) {
	known, closed := b.store.Closed(origin.ID)
	closed = closed && known.Sum == sum
	if !closed {
		if err := b.limit(ctx, origin, at, logs); err != nil {
			return false, 0, err
		}
	}
	if whole = closed && known.Whole; !whole {
		if whole, err = b.holds(logs); err != nil {
			return false, 0, err
		}
	}
	if !closed || whole != known.Whole {
		found, err := b.store.Beyond(origin)
		if err != nil {
			return false, 0, err
		}
		z := &concluding{broker: b, origin: origin, closure: storage.Closure{Sum: sum, Whole: whole}, beyond: found, done: make(chan struct{})}
		if err := b.await(ctx, z, z.done); err != nil {
			return false, 0, err
		}
	}
	events, err := b.Aside()
	for o, n := range events {
		if o.ID == origin.ID {
			beyond += n
		}
	}
	return whole, beyond, err
}

// holds says whether logs are held up to their ends.
func (b *Broker) holds(logs []edged.LogEnd) (bool, error) {
	for _, e := range logs {
		if l, err := b.store.Find(e.Log); err != nil || l == nil || l.Durable().Head < e.Head {
			return false, err
		}
	}
	return true, nil
}

// limit makes the ends durable.
func (b *Broker) limit(ctx context.Context, origin edged.Origin, at int64, logs []edged.LogEnd) error {
	first := true
	for some := range slices.Chunk(logs, limitsPerGroup) {
		if err := b.limitSome(ctx, &limiting{origin: origin, at: at, logs: some, first: first}); err != nil {
			return err
		}
		first = false
	}
	if first {
		return b.limitSome(ctx, &limiting{origin: origin, at: at, first: true})
	}
	return nil
}

func (b *Broker) limitSome(ctx context.Context, z *limiting) error {
	z.done = make(chan struct{})
	if err := b.await(ctx, z, z.done); err != nil {
		return err
	}
	if z.own {
		return fmt.Errorf("streams: seal: %s is the origin that this node writes under", z.origin)
	}
	return nil
}

// await has something staged and waits until it is durable.
func (b *Broker) await(ctx context.Context, z storage.Stager, done <-chan struct{}) error {
	b.store.Submit(z)
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("streams: seal: %w", ctx.Err())
	}
}

// Aside tells how many events are held here past the ends of sealed origins.
func (b *Broker) Aside() (events map[edged.Origin]int64, err error) {
	events = map[edged.Origin]int64{}
	for _, end := range b.store.Aside() {
		l, err := b.store.Find(end.Log)
		if err != nil {
			return events, err
		}
		if l != nil {
			events[end.Name.Origin] += int64(l.Durable().Head - end.Head)
		}
	}
	return events, nil
}
