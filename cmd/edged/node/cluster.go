package node

import (
	"github.com/edgedhq/edged"
)

// cluster is a mesh of one.
type cluster struct{ n *Node }

// Members gives this node.
func (c cluster) Members() []edged.Member {
	n := c.n
	m := edged.Member{
		Name: n.cfg.Name, Region: n.cfg.Region, State: "alive", Self: true,
		Origin: n.store.Origin(), Version: n.cfg.Version,
	}
	if n.door != nil {
		m.Address = n.Addr().String()
	}
	return []edged.Member{m}
}

// Peers gives nobody.
func (cluster) Peers() []edged.Peer { return nil }

// HeldBack gives nothing: all that there is is here.
func (cluster) HeldBack() []edged.HeldBack { return nil }
