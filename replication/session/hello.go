package session

import (
	"fmt"
	"math"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/wire"
)

// version is the one that this release speaks.
const version = 1

// greeting is our HELLO.
func (t *Table) greeting(now Now) wire.Hello {
	return wire.Hello{
		Mesh: t.self.Mesh, Node: t.self.Node, Name: t.self.Name, Region: t.self.Region,
		Origin: t.origin, Nonce: t.self.Nonce, Started: t.self.Started,
		VersionMin: version, VersionMax: version, BlockVersion: t.self.BlockVersion,
		Features: []string{snapshots},
		Sent:     now.Wall, HLC: t.newest(t.origin.ID), Selector: "all",
		BlockBytesMax: 16 << 20, RowsMax: t.self.RowsMax,
		HTTP: t.self.HTTP, Address: t.self.Address,
	}
}

// newest is the last stamp held of an origin.
func (t *Table) newest(origin edged.OriginID) edged.Timestamp {
	for _, o := range t.store.Origins() {
		if o.Origin.ID == origin {
			return o.Newest
		}
	}
	return edged.Timestamp{}
}

// toldOf is what a peer is told of its origin: that it has ended reads as a stamp that none can be
// past, so that the peer takes another before it appends.
func (t *Table) toldOf(origin edged.OriginID) edged.Timestamp {
	if h := t.held[origin]; h != nil && h.seal != 0 {
		return edged.Timestamp{Wall: math.MaxInt64}
	}
	return t.newest(origin)
}

func (t *Table) receiveHello(now Now, s *session, h wire.Hello) {
	switch {
	case s.up:
		t.close(s, "protocol", "a second HELLO")
	case h.Mesh != t.self.Mesh:
		t.refuse(s, "mesh", "this is mesh "+t.self.Mesh)
	case h.Node != s.node:
		t.close(s, "protocol", "HELLO names another node than the certificate")
	case h.VersionMin > version || h.VersionMax < version:
		t.refuse(s, "version", fmt.Sprintf("this node speaks version %d", version))
	case t.gate.halted:
		t.refuse(s, conflict, halted)
	case h.Node == t.self.Node:
		t.meetTwin(s, h)
	default:
		t.greet(now, s, h)
	}
}

// refuse ends a link with the reason as the last frame.
func (t *Table) refuse(s *session, code, detail string) {
	wait := 5 * time.Minute
	if code == conflict {
		wait = 30 * time.Second
	}
	t.send(s, wire.Refuse{Code: code, Detail: detail, RetryAfter: wait})
	t.close(s, code, detail)
}

// greet takes a session up.
func (t *Table) greet(now Now, s *session, h wire.Hello) {
	p := t.peerOf(h.Node)
	if old := p.session; old != nil && !t.replaces(now, old, s, h) {
		return
	}
	p.name, p.region, p.origin, p.nonce = h.Name, h.Region, h.Origin, h.Nonce
	p.http, p.address = h.HTTP, h.Address
	p.session = s
	s.peer, s.hello, s.up = p, h, true
	s.echo, s.echoAt = h.Sent, now.Mono
	s.skew = time.Duration(h.Sent - now.Wall)
	s.told, s.theirs = make(map[edged.OriginID]int64), make(map[edged.OriginID]int64)
	s.compare.nextAll = now.Mono + compareEvery
	t.knowOrigin(h.Origin)
	t.report(p, "up", "")
	t.tick(now, s)
	t.compareNow(now, s)
	t.pushWaiting(now, s)
}

// replaces decides between two links to one node, alike at both ends: of two that were dialled by
// different sides at about one time the one of the lower node id stays; else the newer, whose
// dialler may have long heard nothing on the old one. It says whether the new one stands.
func (t *Table) replaces(now Now, old, s *session, h wire.Hello) bool {
	if old.hello.Nonce != h.Nonce {
		old.watch, old.watched = now.Mono+cloneWatch, 0
		old.up = false
		t.retireSession(now, old)
		return true
	}
	lower := func(x *session) bool { return x.dialed == (t.self.Node < h.Node) }
	young := now.Mono-old.opened.Mono < lateAfter
	if old.dialed != s.dialed && lower(old) && young {
		t.close(s, "duplicate", "another link to this node stands")
		return false
	}
	old.up = false
	t.retireSession(now, old)
	t.close(old, "replaced", "a newer link to this node stands")
	return true
}

// retireSession takes back what a session shares with the others, ahead of its link's end.
func (t *Table) retireSession(now Now, s *session) {
	t.endComparison(s)
	t.needs.leave(s)
	t.leaveJoins(now, s)
	t.keepFloor(s)
}
