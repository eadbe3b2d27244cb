package edged

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"
)

// Shards is the number of groups that logs are compared in: the first byte of a LogID. It can
// never change.
const Shards = 256

// Head is how far one node holds one log.
type Head struct {
	Name   LogName
	Log    LogID
	Start  Sequence  // the first event held, or one past Head when none is
	Head   Sequence  // the last event held without a hole before it; 0 before the first
	Before Sequence  // where Head stood before the move that is told; Head when none is
	Bytes  int       // of the blocks between Before and Head
	Chain  Chain     // after Head
	Newest Timestamp // of the last event held
}

// Term stands for what is held of one log in a digest: the first 16 bytes of SHA-256 over log id,
// head (a uvarint) and chain value. It is zero when nothing is held.
func (h *Head) Term() Sum {
	if h.Head == 0 {
		return Sum{}
	}
	var tuple [len(h.Log) + binary.MaxVarintLen64 + len(h.Chain)]byte
	b := append(tuple[:0], h.Log[:]...)
	b = binary.AppendUvarint(b, uint64(h.Head))
	b = append(b, h.Chain[:]...)
	sum := sha256.Sum256(b)
	return Sum(sum[:16])
}

// LogEnd is where a log of a sealed origin ends, the same at every node.
type LogEnd struct {
	Log   LogID
	Head  Sequence // the last event that counts
	Chain Chain    // after Head
}

// Term stands for it in a digest, as that of a Head that stands there.
func (e *LogEnd) Term() Sum {
	h := Head{Log: e.Log, Head: e.Head, Chain: e.Chain}
	return h.Term()
}

// Packed is a stored block: the bytes that its origin sealed, shared and not to be changed.
type Packed struct {
	First, Last Sequence
	HLC         Timestamp // of the first event
	Bytes       []byte
}

// Outcome is what became of a block that another node sent.
type Outcome uint8

// The outcomes. All but Held, Duplicate and Sparse leave nothing behind.
const (
	Held      Outcome = iota // durable, and the head stands at its last event or beyond
	Duplicate                // held already
	Sparse                   // durable beyond a hole
	Crowded                  // beyond a hole, with no room to wait for it
	Damaged                  // not a whole block of this log
	Refused                  // not stored: the node is closing, or its disk is full
	Deleted                  // of a generation that was deleted
	Forked                   // another history of the same log; the log stays frozen
	Sealed                   // past the end of an origin that was sealed
	Version                  // written in a form that this release cannot read
)

// String returns the word for logs, metrics and DROP.
func (o Outcome) String() string {
	words := [...]string{"held", "duplicate", "sparse", "crowded", "damaged", "refused", "deleted", "forked", "sealed", "version"}
	if int(o) < len(words) {
		return words[o]
	}
	return "outcome " + strconv.Itoa(int(o))
}

// Landing tells what became of a block.
type Landing struct {
	Log         LogID
	Outcome     Outcome
	First, Last Sequence // of the block; zero when it could not be read
	Head        Sequence // the durable head after it
}

// OriginState is the newest that a node holds of one origin.
type OriginState struct {
	Origin Origin
	Newest Timestamp
}
