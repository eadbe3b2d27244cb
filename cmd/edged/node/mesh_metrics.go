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
	for _, state := range []string{"alive", "suspect", "dead", "left"} {
		if !yield(edged.Sample{
			Name: "edged_members", Type: gauge, Help: "Other nodes by what gossip says of them.",
			Labels: [][2]string{{"state", state}}, Value: float64(count[state]),
		}) {
			return false
		}
	}
	return true
}

// peerFigure is one figure that each peer has.
type peerFigure struct {
	name, kind, help string
	value            func(p *edged.Peer) float64
}

func peerFigures(now time.Time) []peerFigure {
	age := func(t time.Time) float64 {
		if t.IsZero() {
			return -1
		}
		return now.Sub(t).Seconds()
	}
	up := func(p *edged.Peer) float64 {
		if p.Connected {
			return 1
		}
		return 0
	}
	return []peerFigure{
		{"edged_session_state", gauge, "1 while a session with the peer is up.", up},
		{"edged_replication_lag_seconds", gauge, "Age of the oldest event of ours that the peer has not acknowledged.",
			func(p *edged.Peer) float64 { return p.Lag.Seconds() }},
		{"edged_unreplicated_events", gauge, "Events of ours that the peer has not acknowledged.",
			func(p *edged.Peer) float64 { return float64(p.LagEvents) }},
		{"edged_need_events", gauge, "Events that the peer holds and this node lacks.",
			func(p *edged.Peer) float64 { return float64(p.NeedEvents) }},
		{"edged_replication_progress_age_seconds", gauge, "Time since the peer's last acknowledgement or block.",
			func(p *edged.Peer) float64 { return age(p.LastProgress) }},
		{"edged_digest_last_equal_seconds", gauge, "Age of the newest tick at which both held the same.",
			func(p *edged.Peer) float64 { return age(p.LastEqual) }},
		{"edged_round_trip_seconds", gauge, "Round trip of the link.", func(p *edged.Peer) float64 { return p.RTT.Seconds() }},
		{"edged_clock_skew_seconds", gauge, "How far the peer's clock is ahead of ours.",
			func(p *edged.Peer) float64 { return p.Skew.Seconds() }},
		{"edged_replication_bytes_in_total", counter, "Bytes received from the peer on this link.",
			func(p *edged.Peer) float64 { return float64(p.BytesIn) }},
		{"edged_replication_bytes_out_total", counter, "Bytes sent to the peer on this link.",
			func(p *edged.Peer) float64 { return float64(p.BytesOut) }},
	}
}

func (n *Node) peerSamples(m *mesh, yield func(edged.Sample) bool) bool {
	peers := cluster{n}.Peers()
	for _, f := range peerFigures(n.cfg.Now()) {
		for i := range peers {
			v := f.value(&peers[i])
			if v < 0 && f.name != "edged_clock_skew_seconds" {
				continue
			}
			if !yield(edged.Sample{
				Name: f.name, Type: f.kind, Help: f.help, Labels: [][2]string{{"peer", peers[i].Name}}, Value: v,
			}) {
				return false
			}
		}
	}
	return true
}

func (n *Node) originSamples(m *mesh, yield func(edged.Sample) bool) bool {
	now := n.cfg.Now().UnixNano()
	for _, h := range m.repl.HeldBack() {
		if h.Held <= 0 {
			continue // nothing is known of it yet
		}
		if !yield(edged.Sample{
			Name: "edged_promise_age_seconds", Type: gauge, Help: "How far behind now all events of the origin are held.",
			Labels: [][2]string{{"origin", h.Origin.String()}}, Value: time.Duration(now - h.Held).Seconds(),
		}) {
			return false
		}
	}
	return true
}

// figures are those of the mesh port and of replication as a whole.
func (m *mesh) figures() []figure {
	st := m.repl.Stats()
	return []figure{
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
