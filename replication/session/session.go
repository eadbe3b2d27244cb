package session

import (
	"slices"
	"strings"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/wire"
)

// peer is a node that was met in this run, connected or not.
type peer struct {
	node, name, region string
	origin             edged.Origin
	http, address      string
	nonce              [8]byte
	session            *session      // nil while away
	unacked            uint64        // events of ours that it had not acked when it went
	appendedThen       uint64        // our count when it went
	lagSince           time.Duration // when the oldest event of ours that it lacks came; 0 while it lacks none
	heard              time.Duration // when the last frame of its last session came
	progress           int64         // wall time of its last ack or block
	lastEqual          int64         // tick
	downs              []time.Duration
}

func (t *Table) peerOf(node string) *peer {
	if p := t.peers[node]; p != nil {
		return p
	}
	p := &peer{node: node, appendedThen: t.appended}
	t.peers[node] = p
	at, _ := slices.BinarySearchFunc(t.names, node, func(p *peer, id string) int { return strings.Compare(p.node, id) })
	t.names = slices.Insert(t.names, at, p)
	return p
}

// session is one link and what was said on it.
type session struct {
	link   LinkID
	node   string // proven by the link
	dialed bool   // by us
	opened Now
	peer   *peer // nil before HELLO
	hello  wire.Hello
	up     bool
	ending bool // a Close is on its way

	heard   time.Duration // when the last frame came
	late    bool
	ticks   int           // received
	echo    int64         // the peer's last clock sample
	echoAt  time.Duration // and when it came
	rtt     time.Duration
	skew    time.Duration // its clock less ours
	lagging bool          // we dropped our rows and wait for it to be equal
	equal   int64         // the newest tick at which it held all that we do
	equalAt time.Duration // when that was found
	told    map[edged.OriginID]int64
	theirs  map[edged.OriginID]int64

	out     outgoing
	in      incoming
	compare comparison
	fetches int
	nextAt  time.Duration // of the next TICK
	watch   time.Duration // until when an old twin is watched; 0 for never
	watched int
}

// Connected tells of a new link to a node, proven by its certificate.
func (t *Table) Connected(now Now, link LinkID, node string, dialed bool) []Work {
	s := &session{link: link, node: node, dialed: dialed, opened: now, heard: now.Mono}
	s.out.init()
	s.in.init()
	t.links[link] = s
	t.order = append(t.order, s)
	if t.gate.halted { // our HELLO would take the place of our twin's
		t.refuse(s, conflict, halted)
	} else {
		t.send(s, t.greeting(now))
	}
	return t.work()
}

// Closed tells that a link is gone.
func (t *Table) Closed(now Now, link LinkID) []Work {
	s := t.links[link]
	if s == nil {
		return nil
	}
	delete(t.links, link)
	t.order = slices.DeleteFunc(t.order, func(o *session) bool { return o == s })
	t.endComparison(s)
	t.needs.leave(s)
	s.up = false
	t.leaveJoins(now, s)
	if p := s.peer; p != nil && p.session == s {
		p.session, p.heard = nil, s.heard
		t.leftBehind(now, p, s)
		p.downs = append(p.downs[max(0, len(p.downs)-2):], now.Mono)
		t.keepFloor(s)
		t.report(p, "down", "")
	}
	t.schedule(now)
	return t.work()
}

// leftBehind notes what a peer lacks of ours when its session ends.
func (t *Table) leftBehind(now Now, p *peer, s *session) {
	if s.equal > 0 || p.lagSince == 0 {
		p.unacked, p.appendedThen, p.lagSince = s.out.lag(), t.appended, 0
		for _, r := range s.out.rows {
			if r.acked < r.head && !r.dropped && (p.lagSince == 0 || r.since < p.lagSince) {
				p.lagSince = r.since
			}
		}
	}
}
