package gossip

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/edgedhq/edged"
)

// Member is another node as gossip sees it.
type Member struct {
	Node    string // node id
	Name    string
	Region  string
	Address string // host:port of its mesh port
	HTTP    string // host:port of its HTTP door, or empty
	Origin  edged.Origin
	Nonce   [8]byte // drawn at its start
	Version string
	State   string        // "alive", "suspect", "dead" or "left"
	RTT     time.Duration // of the last probe that it answered; zero before
}

const (
	alive   = "alive"
	suspect = "suspect" // listed as alive, but silent to our own probes
	dead    = "dead"
	left    = "left"
)

// forgetAfter is how long a member stays listed after it was lost. Addresses that are to be
// dialled for longer come from Options.Known.
const forgetAfter = 24 * time.Hour

// entry is a member, and when we last knew better.
type entry struct {
	Member
	leaving bool
	heard   time.Time // when it was seen, or last answered a probe
	lost    time.Time
}

// table holds the members by node id. It lasts longer than memberlist's own list.
type table struct {
	now   func() time.Time
	mutex sync.Mutex
	nodes map[string]*entry
}

// seen takes in what a node says of itself.
func (t *table) seen(node string, data metadata) Member {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	e := t.nodes[node]
	if e == nil {
		e = &entry{}
		t.nodes[node] = e
	}
	rtt := e.RTT
	*e = entry{Member: data.member, leaving: data.leaving, heard: t.now()}
	e.Node, e.State, e.RTT = node, alive, rtt
	return e.Member
}

// lose notes that a node is gone. A node that said so has left.
func (t *table) lose(node string) (m Member, known bool) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	e := t.nodes[node]
	if e == nil {
		return Member{}, false
	}
	e.State, e.lost = dead, t.now()
	if e.leaving {
		e.State = left
	}
	return e.Member, true
}

// answered notes a probe's round trip.
func (t *table) answered(node string, rtt time.Duration) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if e := t.nodes[node]; e != nil {
		e.RTT, e.heard = rtt, t.now()
	}
}

// addressOf is where a node's mesh port is reached.
func (t *table) addressOf(node string) (string, bool) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	e := t.nodes[node]
	if e == nil {
		return "", false
	}
	return e.Address, true
}

// list copies the members, in the order of their ids, and forgets those lost long ago.
func (t *table) list() []Member {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	now := t.now()
	silent := t.silence()
	out := make([]Member, 0, len(t.nodes))
	for node, e := range t.nodes {
		if e.State != alive && now.Sub(e.lost) > forgetAfter {
			delete(t.nodes, node)
			continue
		}
		m := e.Member
		if m.State == alive && now.Sub(e.heard) > silent {
			m.State = suspect
		}
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b Member) int { return cmp.Compare(a.Node, b.Node) })
	return out
}

// silence is how long a member may go without answering before it is called suspect. Each round
// of probes visits the live members in a new order, so two visits may be nearly two rounds apart.
func (t *table) silence() time.Duration {
	visits := 2
	for _, e := range t.nodes {
		if e.State == alive {
			visits += 2
		}
	}
	return time.Duration(visits) * probeInterval
}
