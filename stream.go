package edged

import "time"

// Stream is the definition of a named durable collection of events.
type Stream struct {
	Name        string
	Generation  Generation
	Partitions  int // 1 to 256, fixed once made
	Retention   Retention
	Regions     []string // where it is kept; empty for everywhere
	Replication string   // "full" or "aggregates"
	Description string
	Created     time.Time
	Spec        string // of a hidden stream: what its owner keeps with the definition; opaque to others
	First       Mark   // of the earliest record of this generation, in the order of (stamp, origin)
}

// Mark is an event's stamp with the origin that gave it.
type Mark struct {
	HLC    Timestamp
	Origin OriginID
}

// Compare orders by stamp, then origin.
func (m Mark) Compare(n Mark) int {
	if c := m.HLC.Compare(n.HLC); c != 0 {
		return c
	}
	return m.Origin.Compare(n.Origin)
}

// Retention bounds what is kept. The zero Retention keeps everything until the disk limit.
type Retention struct {
	Age   time.Duration // by append time; 0 is unbounded
	Bytes int64         // of stored blocks, over all partitions and origins; 0 is unbounded
}

// StreamInfo is a definition with what is held of it here.
type StreamInfo struct {
	Stream
	Events int64
	Bytes  int64
	Logs   []LogInfo
}

// LogInfo is what is held of one log. An empty log has Last = First-1.
type LogInfo struct {
	Name        LogName
	First, Last Sequence
	Bytes       int64
	Newest      Timestamp // of the last event
}

// StreamDigest is a stream's vector and a digest of its content: nodes with equal vectors must
// show equal digests.
type StreamDigest struct {
	Vector map[string]Sequence // ORIGIN/PARTITION to sequence
	Digest Sum
}
