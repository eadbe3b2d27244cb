package collections

import (
	"context"
	"iter"

	"github.com/edgedhq/edged"
)

// Journal keeps the records of updates, and carries them to all nodes. Plugged by streams.Broker.
type Journal interface {
	// Append stores p whole or not at all, fsynced on return. It keeps nothing of p.
	Append(ctx context.Context, p *edged.Publication) (edged.Receipt, error)
	// Reach returns when other nodes hold r's events as the level asks, or with AckTimeout.
	Reach(ctx context.Context, level edged.Ack, r *edged.Receipt) error
	// Possible refuses, as LevelUnreachable, a level that cannot be reached now.
	Possible(level edged.Ack) error
	// Follow opens a reader's place; wake is called as edged.Feed says.
	Follow(q edged.Query, wake func()) (edged.Feed, error)
	// Truncate retires what is older than before, Unix nanoseconds, and folded.
	Truncate(ctx context.Context, stream string, before int64, folded edged.Vector) error
}

// Catalog keeps the definitions, as those of hidden streams. Plugged by streams.Broker.
type Catalog interface {
	// PutStream creates or replaces a definition; it is durable on return.
	PutStream(ctx context.Context, def edged.Stream) (info edged.StreamInfo, created bool, err error)
	// Stream tells what is held of a stream; StreamNotFound when there is none.
	Stream(name string) (edged.StreamInfo, error)
	// Hidden gives up to limit definitions of hidden streams with a prefix, those after a name, in
	// the order of their names.
	Hidden(prefix, after string, limit int) ([]edged.Stream, error)
	// DeleteStream ends a stream's generation; it is durable on return.
	DeleteStream(ctx context.Context, name string) error
	// Origin is that of this node's logs.
	Origin() edged.Origin
}

// Store keeps values. Plugged by a keyspace that streams/storage lends.
type Store interface {
	// Get gives what stands under a key; nil when nothing does.
	Get(key []byte) ([]byte, error)
	// Scan gives the keys in [from, to) in order until each says false; a nil to is the end. What
	// each is given is valid during the call.
	Scan(from, to []byte, each func(key, value []byte) bool) error
	// Write stores all or nothing; a nil value deletes. It does not wait for the disk: a crash may
	// take back the newest writes, from any of them on.
	Write(puts iter.Seq2[[]byte, []byte]) error
	// Drop deletes the keys in [from, to), as Write does.
	Drop(from, to []byte) error
	// Pin holds the state as it is now until release.
	Pin() (scan func(from, to []byte, each func(key, value []byte) bool) error, release func() error, err error)
}

// Peers ask other nodes for their states. Plugged by replication.Replicator.
type Peers interface {
	// Join asks for the state of a partition: its parts come by Keeper.Take. One who asks again is
	// asked for a state that is newer.
	Join(stream string, generation edged.Generation, partition edged.Partition)
}
