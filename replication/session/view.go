package session

import (
	"time"

	"github.com/edgedhq/edged"
)

// PeerState is one other node as replication sees it.
type PeerState struct {
	edged.Peer
	Node    string
	Origin  edged.Origin
	HTTP    string
	Address string // of its mesh port
	Link    LinkID // 0 while away
	Late    bool
}

// Peers gives all nodes met in this run, by node id.
func (t *Table) Peers(now Now) []PeerState {
	all := make([]PeerState, 0, len(t.names))
	for _, p := range t.names {
		all = append(all, t.peerState(now, p))
	}
	return all
}

func (t *Table) peerState(now Now, p *peer) PeerState {
	v := PeerState{Node: p.node, Origin: p.origin, HTTP: p.http, Address: p.address}
	v.Name, v.Region = p.name, p.region
	if p.progress > 0 {
		v.LastProgress = time.Unix(0, p.progress)
	}
	if p.lastEqual > 0 {
		v.LastEqual = time.Unix(p.lastEqual, 0)
	}
	s := p.session
	if s == nil || s.equal == 0 { // what was appended while it was away is in no row
		if v.LagEvents = int64(p.unacked + t.appended - p.appendedThen); v.LagEvents > 0 && p.lagSince > 0 {
			v.Lag = now.Mono - p.lagSince
		}
	}
	if s == nil {
		return v
	}
	v.Connected, v.Link, v.Late = true, s.link, s.late
	v.RTT, v.Skew, v.Rows, v.Lagging = s.rtt, s.skew, len(s.out.rows), s.lagging
	v.LagEvents = max(v.LagEvents, int64(s.out.lag()))
	for _, r := range s.out.rows {
		if r.acked < r.head && !r.dropped {
			v.Lag = max(v.Lag, now.Mono-r.since)
		}
	}
	for _, d := range t.needs.byLog {
		for _, h := range d.holders {
			if h.s == s {
				v.NeedEvents += int64(min(d.to, h.head) - min(d.to, h.head, max(d.asked, 1)-1))
			}
		}
	}
	return v
}

// Up says whether a session with a node stands, and whether it has gone silent.
func (t *Table) Up(node string) (up, late bool) {
	p := t.peers[node]
	if p == nil || p.session == nil {
		return false, false
	}
	return true, p.session.late
}

// Filling says whether a node that began empty still lacks the hidden logs of a peer that is
// there: it does not know the streams yet.
func (t *Table) Filling() bool {
	if t.filled {
		return false
	}
	up, compared := false, false
	for _, s := range t.order {
		up = up || s.up
		compared = compared || s.up && s.ticks > 0 && !s.compare.running
	}
	if !compared {
		return up
	}
	for _, d := range t.needs.byLog {
		if d.hidden {
			return true
		}
	}
	t.filled = true
	return false
}

// HeldBack gives the origins that have not ended with their held times.
func (t *Table) HeldBack() []edged.HeldBack {
	var all []edged.HeldBack
	for _, h := range t.origins {
		if !h.ended() {
			all = append(all, edged.HeldBack{Origin: h.origin, Held: h.time})
		}
	}
	return all
}

// Ended says whether an origin has ended, and all that it appended is held here.
func (t *Table) Ended(origin edged.OriginID) bool {
	h := t.held[origin]
	return h != nil && h.ended()
}

// Promises gives every origin that is known, ours among them, in the order of their ids. Of its
// own a node has always just heard.
func (t *Table) Promises(now Now) []edged.Promise {
	all := make([]edged.Promise, 0, len(t.origins))
	for _, h := range t.origins {
		p := edged.Promise{
			Origin: h.origin, Held: h.time, Heard: now.Wall - int64(now.Mono-h.heard),
			Sealed: h.ended(),
		}
		if h.origin.ID == t.origin.ID {
			p.Heard = now.Wall
		}
		all = append(all, p)
	}
	return all
}
