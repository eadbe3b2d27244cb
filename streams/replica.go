package streams

import (
	"context"

	"github.com/edgedhq/edged"
)

// Origin is under whom this node appends.
func (b *Broker) Origin() edged.Origin { return b.store.Origin() }

// ReadBlocks appends durable blocks of a log to dst, from the one that holds an event, until they
// are bytesMax long; at least one if there is one. Of a log that is not known it gives none.
func (b *Broker) ReadBlocks(log edged.LogID, from edged.Sequence, bytesMax int, dst []edged.Packed) ([]edged.Packed, error) {
	l, err := b.store.Find(log)
	if err != nil || l == nil {
		return dst, err
	}
	return b.store.ReadPacked(l, from, bytesMax, dst)
}

// WatchHeads calls moved, from one goroutine, with the logs whose durable heads or starts have
// moved, after every fsync, in order. It must not block, nor keep the slice. There is one watcher,
// set before the store runs.
func (b *Broker) WatchHeads(moved func([]edged.Head)) { b.store.WatchHeads(moved) }

// HeadOf tells how far a log is held; ok is false when nothing is known of it.
func (b *Broker) HeadOf(log edged.LogID) (head edged.Head, ok bool) {
	l, err := b.store.Find(log)
	if err != nil {
		b.opts.Log.Warn("head of a log not read", "err", err)
	}
	if l == nil {
		return edged.Head{}, false
	}
	return l.Position(), true
}

// ListHeads gives the logs whose ids begin with prefix, in the order of ids, from the first after
// the one given, at most limit, as they stood at a tick, in Unix seconds; 0 is now.
func (b *Broker) ListHeads(tick int64, prefix []byte, after edged.LogID, limit int) ([]edged.Head, error) {
	return b.store.ListHeads(tick, prefix, after, limit)
}

// Sums gives the sum of the logs' terms in each shard at a tick; 0 is now.
func (b *Broker) Sums(tick int64) [edged.Shards]edged.Sum { return b.store.Sums(tick) }

// Origins gives every origin of which anything is held, with the newest stamp held.
func (b *Broker) Origins() []edged.OriginState { return b.store.Origins() }

// Promise makes a time before which no event will be appended to this origin's logs any more,
// after every event with an earlier stamp has become durable.
func (b *Broker) Promise(ctx context.Context) (wall int64, err error) { return b.store.Promise(ctx) }
