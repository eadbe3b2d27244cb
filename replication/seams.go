package replication

import (
	"context"

	"github.com/edgedhq/edged"
)

// Blocks is the node's store of blocks.
type Blocks interface {
	// ReadBlocks appends durable blocks of a log to dst, from the one that holds event from, until
	// they are bytesMax long; one at least, if there is one.
	ReadBlocks(log edged.LogID, from edged.Sequence, bytesMax int, dst []edged.Packed) ([]edged.Packed, error)
	// Ingest takes a block that a peer sent, raw with it. It waits while too much waits for the
	// disk. done is called once, from any goroutine, when the outcome is durable; it does not block.
	Ingest(ctx context.Context, name edged.LogName, raw []byte, done func(edged.Landing))
	// Skip gives up the events of a log up to one that nobody holds before.
	Skip(ctx context.Context, log edged.LogName, to edged.Sequence, chain edged.Chain, reason string) error
	// SealOrigin ends the logs of an origin, not this node's own, where others have agreed: nothing is
	// taken past it, and what is held past it is left out of what Heads tells. at is after all stamps
	// that count, sum that of the ends. It is durable on return. whole says that all that counts is
	// held here, beyond how many events are held past the ends.
	SealOrigin(ctx context.Context, origin edged.Origin, at int64, sum edged.Sum, logs []edged.LogEnd) (whole bool, beyond int64, err error)
}

// Heads tells what the store holds.
type Heads interface {
	// WatchHeads has moved called with the logs that moved, after each fsync, in order. The slice
	// is the caller's again on return. There is one watcher, set before the store runs.
	WatchHeads(moved func([]edged.Head))
	HeadOf(log edged.LogID) (edged.Head, bool)
	// ListHeads gives the logs whose id begins with prefix, in order, after one, as they stood at a
	// tick; 0 for now.
	ListHeads(tick int64, prefix []byte, after edged.LogID, limit int) ([]edged.Head, error)
	Sums(tick int64) [edged.Shards]edged.Sum
	Origins() []edged.OriginState
}

// Writer is this node's own origin.
type Writer interface {
	Origin() edged.Origin
	// Promise gives a time, in Unix nanoseconds, below which nothing of the origin will be
	// appended, after all that was has been told to the watcher of heads.
	Promise(ctx context.Context) (int64, error)
	Mint(ctx context.Context, reason string, seal bool) (edged.Origin, error)
	// Open lets publishes through that waited; Refuse makes them fail.
	Open()
	Refuse(err error)
	// Stable tells the time below which every event of every origin is held.
	Stable(frontier int64)
}

// Records is the hidden stream of the mesh's records.
type Records interface {
	// Append adds a record and returns where its log then stands.
	Append(ctx context.Context, key string, data []byte) (edged.Head, error)
	// Follow calls each with every record held and to come, and caught when the first of these are
	// through, until ctx ends.
	Follow(ctx context.Context, each func(edged.Event), caught func()) error
}

// Snapshots is what this node keeps of the partitions of hidden streams beside their logs.
type Snapshots interface {
	// Provide gives a part, about bytesMax long, of the state of a partition, from behind a key. All
	// parts with one pin are of one state: it is kept from the first part (after nil) to the last, or
	// until nobody has asked for 30 s. The last part has a nil next.
	Provide(pin uint64, stream string, generation edged.Generation, partition edged.Partition, after []byte, bytesMax int) (part, next []byte, err error)
	// Take takes over a part that Provide gave at another node, in order, first to last; first begins
	// anew. An error ends the transfer; another peer is asked after a while.
	Take(stream string, generation edged.Generation, partition edged.Partition, part []byte, first, last bool) error
}

// Members finds the nodes of the mesh.
type Members interface {
	// Watch has seen called with each node that is seen or changes its address. One watcher, set
	// before the members run.
	Watch(seen func(node, region, address string, alive bool))
	// Knock returns nil when the node answered at the address.
	Knock(ctx context.Context, node, address string) error
}
