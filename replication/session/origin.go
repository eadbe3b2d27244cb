package session

import (
	"math"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/wire"
)

// conflict is the code of a REFUSE to two nodes that live under one identity. The detail tells
// the one it goes to whether it was started earlier or later than its twin.
const (
	conflict = "identity_conflict"
	earlier  = "earlier"
	later    = "later"
	halted   = "halted"
)

// ended is why an origin is not used any more that others have sealed, or a later run of this node.
const ended = "this origin has ended"

// gate holds publishes back until this node may be sure of its origin.
type gate struct {
	until  time.Duration // goes ahead then, whoever has answered
	known  map[string]bool
	asked  map[string]bool
	open   bool
	halted bool

	minting bool // until Renamed
}

// Known tells which nodes the mesh has, ourselves left out. None: this node is alone, as far as
// it knows, and goes ahead.
func (t *Table) Known(now Now, nodes []string) []Work {
	t.gate.known = make(map[string]bool, len(nodes))
	for _, n := range nodes {
		t.gate.known[n] = true
	}
	t.openGate(now)
	return t.work()
}

// openGate lets publishes in once one peer (after a clean stop) or all known ones have told what
// is the newest that they hold of our origin, or the wait is over.
func (t *Table) openGate(now Now) {
	g := &t.gate
	if g.open || g.halted || g.known == nil {
		return
	}
	missing := 0
	for n := range g.known {
		if !g.asked[n] {
			missing++
		}
	}
	if now.Mono < g.until && missing > 0 && (!t.self.Clean || len(g.asked) == 0) {
		return
	}
	g.open = true
	t.do(Introduce{})
}

// heardOurs takes a peer's word about the newest that it holds of our origin.
func (t *Table) heardOurs(now Now, s *session, newest edged.Timestamp) {
	if s.ticks == 1 {
		if t.gate.asked == nil {
			t.gate.asked = make(map[string]bool)
		}
		t.gate.asked[s.node] = true
	}
	switch {
	case newest.Wall == math.MaxInt64:
		t.mint(ended, false)
		return
	case newest.Compare(t.newest(t.origin.ID)) > 0:
		t.mint("a peer holds later events of ours", false)
		return
	}
	t.openGate(now)
}

func (t *Table) mint(reason string, seal bool) {
	if t.gate.halted || t.gate.minting {
		return
	}
	t.gate.minting = true
	t.do(Mint{Reason: reason, Seal: seal})
}

// Renamed tells that this node writes under another origin from now on. Sessions begin anew: a
// promise is about the origin that HELLO named.
func (t *Table) Renamed(now Now, origin edged.Origin) []Work {
	if origin.ID == t.origin.ID {
		return nil
	}
	t.origin, t.gate.minting = origin, false
	t.knowOrigin(origin)
	for _, s := range t.order {
		t.close(s, "renamed", "this node has a new origin")
	}
	if t.gate.open {
		t.do(Introduce{})
	}
	t.openGate(now)
	return t.work()
}

// meetTwin is met by a node that hears its own name: the address is its own, or its data
// directory was copied.
func (t *Table) meetTwin(s *session, h wire.Hello) {
	if h.Nonce == t.self.Nonce {
		t.close(s, "self", "this link leads back to this node")
		return
	}
	same := h.Origin.ID == t.origin.ID
	mine, its := fate(same), later
	if h.Started < t.self.Started {
		mine, its = later, fate(same)
	}
	t.refuse(s, conflict, its)
	t.burn(mine)
}

// fate is what the earlier of two twins is told: it mints, unless they have two origins already.
func fate(same bool) string {
	if same {
		return earlier
	}
	return halted
}

// receiveRefusal ends a link that the peer does not want.
func (t *Table) receiveRefusal(s *session, code, detail string) {
	t.do(Report{Peer: s.hello.Name, What: "refused", Detail: code + ": " + detail})
	t.close(s, code, detail)
	if code == conflict {
		t.burn(detail)
	}
}

// burn stops the use of an origin that lives twice: the earlier boot mints, the later one halts.
func (t *Table) burn(which string) {
	switch which {
	case earlier:
		t.mint("another node lives under this identity", false)
	case later:
		t.gate.halted = true
		t.do(Halt{Detail: "a node that was started earlier lives under this identity; stop one of them, remove this one's identity file and start it again"})
		for _, s := range t.order {
			t.close(s, conflict, halted)
		}
	}
}

// heardTwin counts what still comes from an old link after its node came with another boot nonce.
// Two TICKs more, and both are alive.
func (t *Table) heardTwin(s *session) {
	if s.watched++; s.watched < 2 {
		return
	}
	fresh := s.peer.session
	s.watch = 0
	if fresh == nil {
		t.close(s, "replaced", "a newer link to this node stands")
		return
	}
	old, young := s, fresh
	if old.hello.Started > young.hello.Started {
		old, young = young, old
	}
	t.report(s.peer, "conflict", "two nodes live under one identity")
	t.refuse(old, conflict, fate(old.hello.Origin.ID == young.hello.Origin.ID))
	t.refuse(young, conflict, later)
}
