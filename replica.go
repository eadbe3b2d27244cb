package edged

import (
	"encoding/binary"
	"math/bits"
)

// Chain stands for a log's whole content up to a block: the first 16 bytes of SHA-256 over the
// block, whose header holds the value before it. It is zero before sequence 1.
type Chain [16]byte

// Sum is a term of a digest, or terms added modulo 2^128, as a big-endian number.
type Sum [16]byte

// Add adds a term.
func (s *Sum) Add(t Sum) { s.combine(t, bits.Add64) }

// Subtract takes a term away that was added before.
func (s *Sum) Subtract(t Sum) { s.combine(t, bits.Sub64) }

func (s *Sum) combine(t Sum, op func(x, y, carry uint64) (uint64, uint64)) {
	be := binary.BigEndian
	lo, carry := op(be.Uint64(s[8:]), be.Uint64(t[8:]), 0)
	hi, _ := op(be.Uint64(s[:8]), be.Uint64(t[:8]), carry)
	be.PutUint64(s[:8], hi)
	be.PutUint64(s[8:], lo)
}

// Shards is the number of fixed groups of logs: a log's shard is the first byte of its id.
const Shards = 256

// Head is how far a replica holds a log, durably.
type Head struct {
	Name   LogName // Stream is empty where only the id is known
	Log    LogID
	Start  Sequence  // the first sequence not retired
	Head   Sequence  // the last one held; Start-1 when nothing is
	Before Sequence  // in news of a move: the head before it
	Bytes  int       // in news of a move: of the blocks that made it
	Chain  Chain     // after Head
	Newest Timestamp // of Head
}

// Packed is a block as its origin made it: the bytes that stand on every disk and go over every
// wire. They must not be changed.
type Packed struct {
	First, Last Sequence
	HLC         Timestamp // of the first event
	Bytes       []byte
}

// Outcome says what became of a block that a peer sent.
type Outcome string

// The outcomes. After those from Deleted on the log is to be sent no more.
const (
	Held      Outcome = "held"      // appended, and durable
	Duplicate Outcome = "duplicate" // held before
	Sparse    Outcome = "sparse"    // stored beyond a hole, not part of the log yet
	Crowded   Outcome = "crowded"   // beyond a hole, and no room for it; dropped
	Damaged   Outcome = "damaged"   // not a block, or not the log's; dropped
	Refused   Outcome = "refused"   // the disk is full, or the node is stopping; dropped
	Deleted   Outcome = "deleted"   // of a generation that has been deleted
	Forked    Outcome = "forked"    // another history than the one held: the log is frozen here
	Ended     Outcome = "sealed"    // beyond the sealed head of its origin
	Newer     Outcome = "version"   // a block version that this node cannot read
)

// Landing is what became of one block from a peer.
type Landing struct {
	Log     LogID
	Outcome Outcome
	First   Sequence // of the block; 0 when it could not be read
	Last    Sequence
	Head    Sequence // durable head of the log now
}

// OriginState is what a node holds of one origin.
type OriginState struct {
	Origin Origin
	Newest Timestamp // of all events of the origin that are held
}
