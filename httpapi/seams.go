package httpapi

import (
	"context"
	"iter"

	"github.com/edgedhq/edged"
)

// Streams takes events in and gives them back. Plugged by streams.Broker.
type Streams interface {
	// Append stores p whole or not at all and returns when p.Ack is reached or ctx ends
	// (edged.AckTimeout: it may be stored, and is as the Refusal's Reached says). It keeps nothing
	// of p once it has returned.
	Append(ctx context.Context, p *edged.Publication) (edged.Receipt, error)
	// Follow opens a reader's place. wake is called as edged.Feed says; the caller closes the
	// feed.
	Follow(q edged.Query, wake func()) (edged.Feed, error)
	// Await returns once this node holds all that the cursor covers, or with ctx's error.
	Await(ctx context.Context, at edged.Cursor) error
}

// Catalog keeps the definitions of streams. Plugged by streams.Broker.
type Catalog interface {
	// PutStream creates or replaces a definition; it is durable on return. Partitions of 0
	// means: as it is, or 1. Other partitions than the stream has are a Conflict.
	PutStream(ctx context.Context, def edged.Stream) (info edged.StreamInfo, created bool, err error)
	// Stream tells what is held of a stream; StreamNotFound when there is none.
	Stream(name string) (edged.StreamInfo, error)
	// List gives up to limit streams whose names come after the given one, in order.
	List(after string, limit int) ([]edged.StreamInfo, error)
	// DeleteStream ends a stream's generation; it is durable on return.
	DeleteStream(ctx context.Context, name string) error
	// Digest sums up a stream's content at its vector.
	Digest(name string) (edged.StreamDigest, error)
}

// Collections keeps the definitions of collections. Plugged by collections.Store.
type Collections interface {
	// PutCollection creates or replaces a definition; it is durable on return. Another type, or
	// another bound of a bounded_counter, than the collection has is a Conflict.
	PutCollection(ctx context.Context, def edged.Collection) (info edged.CollectionInfo, created bool, err error)
	// Collection tells what is held of a collection; CollectionNotFound when there is none.
	Collection(name string) (edged.CollectionInfo, error)
	// ListCollections gives up to limit collections whose names come after the given one, in order.
	ListCollections(after string, limit int) ([]edged.CollectionInfo, error)
	// DeleteCollection ends a collection's generation; it is durable on return.
	DeleteCollection(ctx context.Context, name string) error
	// CollectionDigest sums up the values of a collection at its vector.
	CollectionDigest(ctx context.Context, name string) (edged.StreamDigest, error)
}

// Entries takes updates of keys in and gives their values back. Plugged by collections.Store.
type Entries interface {
	// Update carries out one update whole or not at all, and returns when its Ack is reached or ctx
	// ends (edged.AckTimeout, as Append of Streams has it). The value is that after the update. It
	// keeps nothing of u once it has returned, not even its strings.
	Update(ctx context.Context, u *edged.Update) (edged.Entry, error)
	// UpdateAll carries out updates of one collection, which have one Ack: all that can be refused
	// is refused before anything is stored. A refusal about the operations of us[i] says body[i]
	// where it would say body if they were alone. It keeps nothing of us once it has returned, as Update.
	UpdateAll(ctx context.Context, collection string, us []edged.Update) (cursor string, err error)
	// Entry gives the value of a key; KeyNotFound when it has none.
	Entry(name, key string) (edged.Entry, error)
	// Entries gives up to limit keys that have a value and the prefix, those after the given one,
	// in the order of their bytes. What the cursor covers is in their values.
	Entries(name, prefix, after string, limit int) (entries []edged.Entry, cursor string, err error)
	// Changes opens a watcher's place. q.Stream is the name of the collection; Earliest gives all
	// keys with their values first. The feed's events carry a key, and as data its new value in
	// JSON; no data is no value any more. wake and closing are as for Follow of Streams.
	Changes(q edged.Query, wake func()) (edged.Feed, error)
	// AwaitCollection returns once this node has folded all that the cursor of a collection covers,
	// or with ctx's error.
	AwaitCollection(ctx context.Context, at edged.Cursor) error
}

// Functions keeps continuous queries and answers from their rows. Plugged by function.Runner.
type Functions interface {
	// PutFunction creates or replaces a definition; it is durable on return. What is wrong with it
	// is SQLInvalid, with a field for each place: of the text "sql", with line and column; of an option
	// beside it "body." and the option's name.
	PutFunction(ctx context.Context, def edged.Function, how edged.FunctionChange) (info edged.FunctionInfo, created bool, err error)
	// Function tells what was understood of a function, and how it fares; FunctionNotFound when
	// there is none.
	Function(name string) (edged.FunctionInfo, error)
	// ListFunctions gives up to limit functions whose names come after the given one, in order.
	ListFunctions(after string, limit int) ([]edged.FunctionInfo, error)
	// DeleteFunction stops a function everywhere and drops its state; it is durable on return.
	DeleteFunction(ctx context.Context, name string) error
	// Rows gives rows as they are at one cut. A function that has none, because its outputs go into a
	// stream, is a Conflict that names the stream. What is wrong with q.Where is FilterInvalid, with
	// a field whose location is "where"; a column that is not there, or a page, Invalid.
	Rows(ctx context.Context, q edged.RowsQuery) (edged.RowsPage, error)
	// RowChanges opens a watcher's place: q.Stream is the function's name, q.Match.Filter an
	// expression over the columns, as where of Rows. Earliest gives the present rows first. The
	// feed's events carry the group key, and as data the row in JSON. It says up_to_date itself, when
	// all is given and again every 15 s while nothing comes. wake and closing are as for Follow of
	// Streams. A cursor of another function is BadCursor, and a function without rows a Conflict as for
	// Rows.
	RowChanges(q edged.Query, wake func()) (edged.Feed, error)
	// Completeness tells how far each origin's input is included.
	Completeness(name string) (edged.Completeness, error)
	// QueryOnce runs a query over what is retained here. Faults of the text are as for PutFunction.
	QueryOnce(ctx context.Context, q edged.OnceQuery) (edged.OnceAnswer, error)
	// AwaitRows returns once the rows here include all that the cursor covers, or with ctx's error.
	// It is a cut, which names what it is of, or a cursor of an input of the named function; one of
	// another stream is nothing to wait for.
	AwaitRows(ctx context.Context, function string, at edged.Cursor) error
}

// Cluster tells who is in the mesh. Plugged by the node.
type Cluster interface {
	// Members gives every known node, this one included.
	Members() []edged.Member
	// Peers gives the state of replication with each other node.
	Peers() []edged.Peer
	// HeldBack gives how far each origin that is not sealed lets stable reads come, the least
	// first. None in a mesh of one.
	HeldBack() []edged.HeldBack
	// Seal has the connected nodes agree where an origin ends whose node will not return, and
	// returns when they do, or ctx ends: SealPending then says who is missing. anew asks the nodes
	// that are connected now, whoever was asked before. What a connected node writes under is a
	// Conflict, what no node has had NotFound.
	Seal(ctx context.Context, origin edged.OriginID, anew bool) (edged.Sealing, error)
}

// Links are the emulated links to the other nodes. Plugged by the node.
type Links interface {
	// List gives the policies in force, by the region or node that they stand for.
	List() map[string]edged.LinkPolicy
	// Set replaces the policy of a region or node, known yet or not; the zero policy ends it. It
	// is in force on return.
	Set(target string, p edged.LinkPolicy) error
}

// Health tells whether the node can serve. Plugged by the node.
type Health interface {
	// Alive is an error only when the process is wedged.
	Alive() error
	// Checks are the conditions of being ready.
	Checks() []edged.Check
}

// Metrics gives what every part measures. Plugged by the node.
type Metrics interface {
	// Samples gives all metrics as they stand now, those of one name together.
	Samples() iter.Seq[edged.Sample]
}
