package edged

import "time"

// Member is a node as the mesh sees it.
type Member struct {
	Name    string
	Region  string
	Address string // host:port of its HTTP door, or of its mesh port where that is all that is known
	State   string // "alive", "suspect", "dead" or "left"
	Self    bool
	Origin  Origin
	RTT     time.Duration // zero for this node, and while unknown
	Version string
}

// Peer is the state of replication with one other node.
type Peer struct {
	Name         string
	Region       string
	Connected    bool
	LagEvents    int64 // events of ours that it has not acknowledged
	Lag          time.Duration
	NeedEvents   int64 // events that it holds and we lack
	LastProgress time.Time
	BytesIn      int64
	BytesOut     int64
	RTT          time.Duration // zero while unknown
	Skew         time.Duration // how far its clock is ahead of ours
	LastEqual    time.Time     // the newest tick at which both held the same; zero before the first
	Rows         int           // logs not known to be equal at both ends
	Lagging      bool          // too far behind to be told of single logs
}

// HeldBack tells how far one origin lets readers in stable order come.
type HeldBack struct {
	Origin Origin
	Held   int64 // Unix nanoseconds; every event of the origin with an earlier HLC is held here
}

// Promise is what a node knows of an origin's word about its own progress: that it will append no
// event with an earlier HLC.
type Promise struct {
	Origin Origin
	Held   int64 // Unix nanoseconds; every event of the origin with an earlier HLC is held here. The smallest int64 before it is known, the largest once Sealed
	Heard  int64 // Unix nanoseconds; when the origin was last heard by this node's clock: it promised, or Held rose. This run's start before that
	Sealed bool  // the origin has ended, and all that it appended is held here
}

// Sealing is how far the end of an origin by others is. It has ended for good once every node of the
// roll holds the same of it.
type Sealing struct {
	Origin Origin
	Closed bool
	Roll   []SealMember // the nodes that have to agree
	Away   []string     // nodes that were not connected and are not asked; what they alone hold of the origin will not count
}

// SealMember is a node of the roll of a Sealing.
type SealMember struct {
	Name      string
	Origin    Origin
	Connected bool
	Agreed    bool // it holds the same as the one that drew up the roll
}

// LinkPolicy is what an emulated link does to the packets that a node sends to a place and takes
// from there. The zero policy does nothing.
type LinkPolicy struct {
	Delay, Jitter time.Duration // each packet waits Delay, and up to Jitter more
	Loss          float64       // share of packets that are lost, 0 to 1
	Rate          int64         // bytes a second; 0: no bound
	Cut           bool          // nothing passes
}

// Check is one line of a node's health.
type Check struct {
	Name   string
	OK     bool
	Detail string // why not, and what to do; or a figure when all is well
}

// Sample is one metric as it stands now. Samples of one name follow each other.
type Sample struct {
	Name   string // with the prefix edged_ and the base unit last
	Help   string
	Type   string      // "counter", "gauge" or "histogram"; of a histogram each bucket is a Sample
	Labels [][2]string // name and value
	Value  float64
}
