package edged

import (
	"strconv"
	"strings"
)

// Ack is what has to happen before a publish is answered: Memory, Disk, Region or Regions(n).
type Ack struct {
	level ackLevel
	n     int
}

type ackLevel uint8

const (
	ackDisk ackLevel = iota
	ackMemory
	ackRegion
	ackRegions
)

// Disk is answered once the event is fsynced on this node. It is the zero Ack.
func Disk() Ack { return Ack{} }

// Memory is answered once the event has its place and is offered to this node's live readers.
func Memory() Ack { return Ack{level: ackMemory} }

// Region is answered once two nodes of this region have fsynced the event.
func Region() Ack { return Ack{level: ackRegion} }

// Regions is answered once at least one node in each of n regions, this one included, has
// fsynced the event. Regions(1) is Disk.
func Regions(n int) Ack {
	if n <= 1 {
		return Disk()
	}
	return Ack{level: ackRegions, n: n}
}

// ParseAck reads memory, disk, region or regions:N; the empty text is Disk.
func ParseAck(s string) (Ack, error) {
	switch s {
	case "", "disk":
		return Disk(), nil
	case "memory":
		return Memory(), nil
	case "region":
		return Region(), nil
	}
	if number, ok := strings.CutPrefix(s, "regions:"); ok {
		if n, err := strconv.Atoi(number); err == nil && n >= 1 && n <= 1000 {
			return Regions(n), nil
		}
	}
	return Ack{}, RefuseField(Invalid, "query.ack", s, "want memory, disk, region or regions:N with N from 1 to 1000")
}

// String returns the word that ParseAck reads.
func (a Ack) String() string {
	switch a.level {
	case ackMemory:
		return "memory"
	case ackRegion:
		return "region"
	case ackRegions:
		return "regions:" + strconv.Itoa(a.n)
	}
	return "disk"
}

// BeforeDisk says whether the answer comes ahead of this node's own fsync.
func (a Ack) BeforeDisk() bool { return a.level == ackMemory }

// BeyondNode says whether other nodes have to answer too.
func (a Ack) BeyondNode() bool { return a.level == ackRegion || a.level == ackRegions }

// InRegion says whether a second node of this region has to answer.
func (a Ack) InRegion() bool { return a.level == ackRegion }

// RegionCount is how many regions have to answer, this one included; 0 when other regions do not.
func (a Ack) RegionCount() int { return a.n }

// Publication is one request to append: stored whole or not at all.
type Publication struct {
	Stream string
	Drafts []Draft
	Ack    Ack
	After  *Cursor // what the author had seen, of any stream, for causal patterns; nil when not said
	Fresh  bool    // its publisher has seen to it that no id in it is held: none is looked for, nor remembered
}

// Receipt is the answer to a Publication.
type Receipt struct {
	Stream     string
	Count      int // events appended now
	Duplicates int // events whose id was held already
	Origin     Origin
	Spans      []Span    // what each partition was given; empty when all were duplicates
	HLC        Timestamp // of the last event appended, or of the newest held when all were duplicates
	Before     Base      // a reader who had seen all that stood before these events
}

// AppendCursor appends the text of the cursor that stands just after the events.
func (r *Receipt) AppendCursor(dst []byte) []byte {
	return r.Before.AppendAfter(dst, r.Origin.ID, r.Spans)
}

// Span is a run of sequences in one partition, both ends included.
type Span struct {
	Partition   Partition
	First, Last Sequence
}
