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
