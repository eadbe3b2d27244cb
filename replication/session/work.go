package session

import (
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/wire"
)

// Now is the time of an input.
type Now struct {
	Mono time.Duration // since the start of this run; timeouts go by it
	Wall int64         // Unix nanoseconds; ticks and promises go by it
}

// LinkID names a link of this run; later links have higher ones.
type LinkID uint64

// WaitID names a publisher that waits for other nodes.
type WaitID uint64

// Work is one thing to do for the Table.
type Work interface{ isWork() }

// Send writes a frame on lane 0.
type Send struct {
	Link  LinkID
	Frame wire.Frame
}

// Wake tells a lane's writer that Writable has something.
type Wake struct {
	Link LinkID
	Lane int
}

// Ingest hands a received block to the store; what becomes of it is told to Landed.
type Ingest struct {
	Link   LinkID
	Lane   int
	Number uint64 // of the log on the lane
	Epoch  uint64 // of the lane: how many promises came before
	Name   edged.LogName
	Bytes  []byte
}

// List asks for heads; the answer goes to Listed.
type List struct {
	Link   LinkID
	Tick   int64 // 0: now
	Prefix []byte
	After  edged.LogID
	Limit  int

	why  listing
	ours bool                     // of an exchange that this side asked for
	sums *[edged.Shards]edged.Sum // so far, one byte below Prefix
}

// Skip gives up events that nobody holds, up to and including To.
type Skip struct {
	Name   edged.LogName
	To     edged.Sequence
	Chain  edged.Chain
	Reason string
}

// Provide has a part of the state read that is kept here of a partition, about BytesMax long, from
// behind a key; it is told to Provided. All parts with one pin are of one state.
type Provide struct {
	Link LinkID
	State
	Pin      uint64
	After    []byte // nil for the first
	BytesMax int
}

// Take takes over a part of a peer's state; what becomes of it is told to Took. Parts come in
// order; one with First begins anew.
type Take struct {
	State
	Pin         uint64
	Part        []byte
	First, Last bool
}

// Close ends a link. Its end is told to Closed, as any.
type Close struct {
	Link   LinkID
	Code   string
	Detail string
}

// Mint takes a new origin; it is told to Renamed.
type Mint struct {
	Reason string
	Seal   bool
}

// Halt refuses publishes until the node has a new key.
type Halt struct{ Detail string }

// Introduce writes this node and its origin into the mesh's records, then lets publishes in.
type Introduce struct{}

// Stable tells readers the time below which every event of every origin is held.
type Stable struct{ Frontier int64 }

// Reached tells that a publisher's level is met.
type Reached struct{ Wait WaitID }

// Report is for the log and the counters.
type Report struct {
	Peer   string // name of the node, empty for none
	What   string // "up", "late", "down", "fork", "gap", "damaged", "dropped", "refused", "lagging", "conflict", "joined", "join failed"
	Detail string
}

func (Send) isWork()      {}
func (Wake) isWork()      {}
func (Ingest) isWork()    {}
func (List) isWork()      {}
func (Skip) isWork()      {}
func (Provide) isWork()   {}
func (Take) isWork()      {}
func (Close) isWork()     {}
func (Mint) isWork()      {}
func (Halt) isWork()      {}
func (Introduce) isWork() {}
func (Stable) isWork()    {}
func (Reached) isWork()   {}
func (Report) isWork()    {}

// Output is what a lane's writer does next: write Frame, or, where it is nil, the blocks of Log
// from From on, not past To, of at least one block and at most about Budget bytes. Sent is told of
// blocks when they are written.
type Output struct {
	Frame  wire.Frame
	Log    edged.LogID
	Number uint64
	Flags  int
	From   edged.Sequence
	To     edged.Sequence // 0: as far as they go
	Budget int
}
