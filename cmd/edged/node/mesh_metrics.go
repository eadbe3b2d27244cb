package node

import (
	"time"

	"github.com/edgedhq/edged"
)

// meshSamples gives what the mesh measures; nothing in a mesh of one.
func (n *Node) meshSamples(yield func(edged.Sample) bool) bool {
	m := n.mesh.Load()
	if m == nil {
		return true
	}
	return n.memberSamples(m, yield) && n.peerSamples(m, yield) && n.originSamples(m, yield) &&
		each(m.figures(), yield)
}

func (n *Node) memberSamples(m *mesh, yield func(edged.Sample) bool) bool {
	count := map[string]int{}
	for _, g := range m.gossip.Members() {
		count[g.State]++
	}
	states := func(yield func(string, float64) bool) {
		for _, state := range []string{"alive", "suspect", "dead", "left"} {
			if !yield(state, float64(count[state])) {
				return
			}
		}
	}
	return eachOf(figure{name: "edged_members", kind: gauge, help: "Other nodes by what gossip says of them."}, "state", states, yield)
}

// peerFigure is one figure that each peer has, once it is known.
type peerFigure struct {
	figure
	value func(p *edged.Peer) (v float64, known bool)
}

func peerFigures(now time.Time) []peerFigure {
	always := func(value func(p *edged.Peer) float64) func(*edged.Peer) (float64, bool) {
		return func(p *edged.Peer) (float64, bool) { return value(p), true }
	}
	age := func(at func(p *edged.Peer) time.Time) func(*edged.Peer) (float64, bool) {
		return func(p *edged.Peer) (float64, bool) { return now.Sub(at(p)).Seconds(), !at(p).IsZero() }
	}
	of := func(name, kind, help string, value func(*edged.Peer) (float64, bool)) peerFigure {
		return peerFigure{figure{name: name, kind: kind, help: help}, value}
	}
	return []peerFigure{
		of("edged_session_state", gauge, "1 while a session with the peer is up.", always(func(p *edged.Peer) float64 {
			if p.Connected {
				return 1
			}
			return 0
		})),
		of("edged_replication_lag_seconds", gauge, "Age of the oldest event of ours that the peer has not acknowledged.",
			always(func(p *edged.Peer) float64 { return p.Lag.Seconds() })),
		of("edged_unreplicated_events", gauge, "Events of ours that the peer has not acknowledged.",
			always(func(p *edged.Peer) float64 { return float64(p.LagEvents) })),
		of("edged_need_events", gauge, "Events that the peer holds and this node lacks.",
			always(func(p *edged.Peer) float64 { return float64(p.NeedEvents) })),
		of("edged_replication_progress_age_seconds", gauge, "Time since the peer's last acknowledgement or block.",
			age(func(p *edged.Peer) time.Time { return p.LastProgress })),
		of("edged_digest_last_equal_seconds", gauge, "Age of the newest tick at which both held the same.",
			age(func(p *edged.Peer) time.Time { return p.LastEqual })),
		of("edged_round_trip_seconds", gauge, "Round trip of the link.",
			always(func(p *edged.Peer) float64 { return p.RTT.Seconds() })),
		of("edged_clock_skew_seconds", gauge, "How far the peer's clock is ahead of ours.",
			always(func(p *edged.Peer) float64 { return p.Skew.Seconds() })),
		of("edged_replication_bytes_in_total", counter, "Bytes received from the peer on this link.",
			always(func(p *edged.Peer) float64 { return float64(p.BytesIn) })),
		of("edged_replication_bytes_out_total", counter, "Bytes sent to the peer on this link.",
			always(func(p *edged.Peer) float64 { return float64(p.BytesOut) })),
	}
}

func (n *Node) peerSamples(m *mesh, yield func(edged.Sample) bool) bool {
	peers := cluster{n}.Peers()
	for _, f := range peerFigures(n.cfg.Now()) {
		values := func(yield func(string, float64) bool) {
			for i := range peers {
				v, known := f.value(&peers[i])
				if known && !yield(peers[i].Name, v) {
					return
				}
			}
		}
		if !eachOf(f.figure, "peer", values, yield) {
			return false
		}
	}
	return true
}

func (n *Node) originSamples(m *mesh, yield func(edged.Sample) bool) bool {
	now := n.cfg.Now().UnixNano()
	ages := func(yield func(string, float64) bool) {
		for _, h := range m.repl.HeldBack() {
			known := h.Held > 0
			if known && !yield(h.Origin.String(), time.Duration(now-h.Held).Seconds()) {
				return
			}
		}
	}
	return eachOf(figure{name: "edged_promise_age_seconds", kind: gauge, help: "How far behind now all events of the origin are held."}, "origin", ages, yield)
}

// figures are those of the mesh port and of replication as a whole.
func (m *mesh) figures() []figure {
	st := m.repl.Stats()
	aside := int64(0)
	if all, err := m.n.broker.Aside(); err == nil {
		for _, events := range all {
			aside += events
		}
	}
	return []figure{
		{"edged_sealed_tail_events", gauge, "Events held here past the ends of sealed origins, which no other node takes.", float64(aside)},
		{"edged_gossip_packets_dropped_total", counter, "Gossip packets that came faster than they were read.", float64(m.carrier.PacketsDropped())},
		{"edged_sessions_ended_total", counter, "Sessions with peers that have ended.", float64(st.Downs)},
		{"edged_forks_total", counter, "Logs found with two histories.", float64(st.Forks)},
		{"edged_replication_gaps_total", counter, "Holes given up because nobody holds them.", float64(st.Gaps)},
		{"edged_identity_conflicts_total", counter, "Times that two nodes lived under one identity.", float64(st.Conflicts)},
		{"edged_peers_lagging_total", counter, "Times that a peer was too far behind to be told of single logs.", float64(st.Lagging)},
		{"edged_links_refused_total", counter, "Links that a peer refused.", float64(st.Refusals)},
		{"edged_replication_block_bytes_sent_total", counter, "Bytes of blocks sent to peers.", float64(st.BytesSent)},
	}
}
