package function

import (
	"context"
	"iter"

	"github.com/edgedhq/edged"
)

// Journal holds the events, and what nodes tell each other of what they folded. Plugged by
// streams.Broker.
type Journal interface {
	// Append stores p whole or not at all, fsynced on return. It keeps nothing of p.
	Append(ctx context.Context, p *edged.Publication) (edged.Receipt, error)
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

// Store keeps what was folded. Plugged by a keyspace that streams/storage lends.
type Store interface {
	// Get gives what stands under a key; nil when nothing does.
	Get(key []byte) ([]byte, error)
	// Scan gives the keys in [from, to) in order until each says false; a nil to is the end. What
	// each is given is valid during the call.
	Scan(from, to []byte, each func(key, value []byte) bool) error
	// Commit stores all puts and appends all publications, or nothing; a nil value deletes. With
	// publications it returns once all is fsynced. Without, it does not wait for the disk: a crash
	// may take back the newest commits, from any of them on.
	Commit(ctx context.Context, puts iter.Seq2[[]byte, []byte], pubs ...*edged.Publication) error
	// Drop deletes the keys in [from, to).
	Drop(from, to []byte) error
	// Pin holds the state as it is now until release.
	Pin() (scan func(from, to []byte, each func(key, value []byte) bool) error, release func() error, err error)
}

// Mesh tells of the origins. Plugged by the node; in a mesh of one there is this node's alone.
type Mesh interface {
	// Promises gives for each origin how far it is held here, this node's own included.
	Promises() []edged.Promise
	// Region is that of an origin's node; empty when it is not known.
	Region(origin edged.OriginID) string
	// Stable is the last event of an own log, of which the durable head is given, that may be told
	// of: another node holds it too, or there is no other, and then alone says so.
	Stable(head edged.Head) (seq edged.Sequence, alone bool)
	// Everywhere is the stamp, in Unix nanoseconds, below which every member holds every event; one
	// that is away holds it back.
	Everywhere() int64
	// Peers says whether there is any other node to tell.
	Peers() bool
}
