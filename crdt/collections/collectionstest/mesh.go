package collectionstest

import (
	"slices"
	"sync"
	"time"

	"github.com/edgedhq/edged"
)

// Mesh is nodes that hear of each other's records at once, unless they are cut off.
type Mesh struct {
	mu    sync.Mutex
	now   func() time.Time
	nodes []*Node
}

// NewMesh is a mesh without nodes; its clock stamps the records.
func NewMesh(now func() time.Time) *Mesh { return &Mesh{now: now} }

// Node adds a node. It hears of all there is.
func (m *Mesh) Node(label string) *Node {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := &Node{mesh: m, Store: NewStore(), streams: map[string]*stream{}}
	n.origin = edged.Origin{Label: label, ID: edged.OriginID{byte(len(m.nodes) + 1)}}
	n.streams[catalog] = &stream{def: edged.Stream{Name: catalog, Generation: 1, Partitions: 1}, logs: map[edged.LogKey]*log{}}
	m.nodes = append(m.nodes, n)
	m.spread()
	return n
}

// Cut cuts a node off from all others.
func (m *Mesh) Cut(label string) { m.link(label, true) }

// Heal takes a node back in: all hear what they have missed.
func (m *Mesh) Heal(label string) { m.link(label, false) }

func (m *Mesh) link(label string, cut bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range m.nodes {
		if n.origin.Label == label {
			n.cut = cut
		}
	}
	m.spread()
}

// spread lets all nodes that are not cut off hear of all that they hold. The caller holds mu.
func (m *Mesh) spread() {
	var wakes []func()
	for again := true; again; {
		again = false
		for _, to := range m.nodes {
			for _, from := range m.nodes {
				if to != from && !to.cut && !from.cut && to.hear(from) {
					again = true
					wakes = append(wakes, to.wakes()...)
				}
			}
		}
	}
	for _, wake := range wakes {
		wake()
	}
}

// stream is one stream at one node.
type stream struct {
	def     edged.Stream
	at      edged.Mark // of the definition that stands
	deleted bool
	logs    map[edged.LogKey]*log
	waiting []*feed
	woken   []func()
}

// log is what a node holds of one log.
type log struct {
	name   edged.LogName
	start  edged.Sequence // of the first event held
	events []edged.Event
	last   *run // that readers were given
}

func (l *log) head() edged.Sequence { return l.start + edged.Sequence(len(l.events)) - 1 }

// hear takes in what another node holds, and says whether there was something.
func (n *Node) hear(from *Node) (heard bool) {
	for name, theirs := range from.streams {
		mine := n.streams[name]
		if name != catalog && n.define(name, theirs) {
			heard, mine = true, n.streams[name]
		}
		if mine == nil || mine.deleted || mine.def.Generation != theirs.def.Generation {
			continue
		}
		for key, l := range theirs.logs {
			heard = mine.hear(key, l) || heard
		}
	}
	return heard
}

// hear takes in what another node holds of a log. What that has retired is passed over.
func (s *stream) hear(key edged.LogKey, theirs *log) bool {
	mine := s.logs[key]
	if mine == nil {
		mine = &log{name: theirs.name, start: 1}
		s.logs[key] = mine
	}
	if mine.head() >= theirs.head() {
		return false
	}
	if mine.head()+1 < theirs.start {
		mine.start, mine.events = theirs.start, nil
	}
	mine.events = append(mine.events, theirs.events[mine.head()+1-theirs.start:]...)
	s.wake()
	return true
}

// define lays another node's definition over what stands here: the higher generation wins, then a
// deletion, then the later record. The first mark is the earliest.
func (n *Node) define(name string, theirs *stream) bool {
	mine := n.streams[name]
	if mine == nil || mine.def.Generation < theirs.def.Generation {
		if mine != nil {
			mine.deleted = true
			mine.wake()
		}
		n.begin(name, &stream{def: theirs.def, at: theirs.at, deleted: theirs.deleted, logs: map[edged.LogKey]*log{}})
		return true
	}
	if mine.def.Generation > theirs.def.Generation || mine.deleted {
		return false
	}
	was := mine.def
	if theirs.deleted {
		mine.deleted, mine.logs = true, nil
		mine.wake()
		return true
	}
	first := mine.def.First
	if theirs.def.First.Compare(first) < 0 {
		first = theirs.def.First
	}
	if mine.at.Compare(theirs.at) < 0 {
		mine.def, mine.at = theirs.def, theirs.at
	}
	mine.def.First = first
	return was.Spec != mine.def.Spec || was.First != mine.def.First || !slices.Equal(was.Regions, mine.def.Regions)
}

func (s *stream) wake() {
	for _, f := range s.waiting {
		s.woken = append(s.woken, f.wake)
	}
	s.waiting = nil
}

// wakes are the calls that are due. The caller holds mu.
func (n *Node) wakes() (calls []func()) {
	for _, s := range n.streams {
		calls = append(calls, s.woken...)
		s.woken = nil
	}
	return calls
}
