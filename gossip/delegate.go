package gossip

import (
	"fmt"
	"time"

	"github.com/hashicorp/memberlist"
)

var (
	_ memberlist.Delegate      = (*delegate)(nil)
	_ memberlist.EventDelegate = (*delegate)(nil)
	_ memberlist.AliveDelegate = (*delegate)(nil)
	_ memberlist.PingDelegate  = (*delegate)(nil)
)

// delegate is what memberlist calls. Of an event it holds its own lock meanwhile, so the events
// come one by one.
type delegate struct{ g *Gossip }

// NodeMeta is what this node says of itself.
func (d *delegate) NodeMeta(int) []byte { return d.g.announced() }

// NotifyAlive refuses nodes that are never to be listed.
func (d *delegate) NotifyAlive(n *memberlist.Node) error {
	if !isNodeID(n.Name) {
		return fmt.Errorf("%.40q is no node id", n.Name)
	}
	if n.Name != d.g.opts.Node && d.g.opts.Evicted(n.Name) {
		return fmt.Errorf("node %s is evicted", n.Name)
	}
	var m metadata
	return m.decode(n.Meta)
}

// NotifyJoin is told that a node is alive which was not.
func (d *delegate) NotifyJoin(n *memberlist.Node) {
	var m metadata
	if n.Name == d.g.opts.Node || m.decode(n.Meta) != nil {
		return
	}
	d.g.tell(d.g.table.seen(n.Name, m))
}

// NotifyUpdate is told that a node says something else of itself.
func (d *delegate) NotifyUpdate(n *memberlist.Node) { d.NotifyJoin(n) }

// NotifyLeave is told that a node is dead or has left.
func (d *delegate) NotifyLeave(n *memberlist.Node) {
	if m, ok := d.g.table.lose(n.Name); ok {
		d.g.tell(m)
	}
}

// NotifyPingComplete is told that a node has answered a probe.
func (d *delegate) NotifyPingComplete(n *memberlist.Node, rtt time.Duration, _ []byte) {
	d.g.table.answered(n.Name, rtt)
}

// AckPayload adds nothing to an answer.
func (d *delegate) AckPayload() []byte { return nil }

// NotifyMsg is for messages of users, which are not sent.
func (d *delegate) NotifyMsg([]byte) {}

// GetBroadcasts has none.
func (d *delegate) GetBroadcasts(int, int) [][]byte { return nil }

// LocalState adds nothing to a push/pull.
func (d *delegate) LocalState(bool) []byte { return nil }

// MergeRemoteState takes nothing from one.
func (d *delegate) MergeRemoteState([]byte, bool) {}
