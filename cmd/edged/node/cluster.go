package node

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/edgedhq/edged"
)

// cluster is the mesh as this node sees it; a mesh of one without a mesh secret.
type cluster struct{ n *Node }

// Members gives every known node: this one, those that gossip lists, and those that only the
// mesh's records still name.
func (c cluster) Members() []edged.Member {
	all := []edged.Member{c.self()}
	m := c.n.mesh.Load()
	if m == nil {
		return all
	}
	listed := map[string]bool{c.n.store.NodeID(): true}
	peers := m.repl.Peers()
	trips, met, up := map[string]time.Duration{}, map[string]bool{}, map[string]bool{}
	for _, p := range peers {
		trips[p.Node], met[p.Node], up[p.Node] = p.RTT, true, p.Connected
	}
	for _, g := range m.gossip.Members() {
		listed[g.Node] = true
		if met[g.Node] && !up[g.Node] && g.State == "alive" {
			g.State = "suspect" // gossip takes tens of seconds to say so
		}
		all = append(all, edged.Member{
			Name: g.Name, Region: g.Region, Address: cmp.Or(g.HTTP, g.Address), State: g.State,
			Origin: g.Origin, RTT: cmp.Or(trips[g.Node], g.RTT), Version: g.Version,
		})
	}
	for _, p := range peers {
		if listed[p.Node] || p.Name == "" {
			continue
		}
		listed[p.Node] = true
		state := "dead"
		if p.Connected {
			state = "alive"
		}
		all = append(all, edged.Member{
			Name: p.Name, Region: p.Region, Address: cmp.Or(p.HTTP, p.Address), State: state, Origin: p.Origin, RTT: p.RTT,
		})
	}
	for _, r := range m.repl.Nodes() {
		if !listed[r.ID] {
			all = append(all, edged.Member{Name: r.Name, Region: r.Region, Address: cmp.Or(r.HTTP, r.Address), State: "dead"})
		}
	}
	return all
}

func (c cluster) self() edged.Member {
	n := c.n
	m := edged.Member{
		Name: n.cfg.Name, Region: n.cfg.Region, State: "alive", Self: true,
		Origin: n.store.Origin(), Version: n.cfg.Version,
	}
	if n.door != nil {
		m.Address = n.Addr().String()
	}
	if mesh := n.mesh.Load(); mesh != nil {
		m.Address = n.advertisedHTTP(mesh.advertise)
	}
	return m
}

// Peers gives the state of replication with each other node met in this run.
func (c cluster) Peers() []edged.Peer {
	m := c.n.mesh.Load()
	if m == nil {
		return nil
	}
	var all []edged.Peer
	for _, p := range m.repl.Peers() {
		if p.Name != "" {
			all = append(all, p.Peer)
		}
	}
	return all
}

// Seal ends an origin whose node will not return.
func (c cluster) Seal(ctx context.Context, origin edged.OriginID, anew bool) (edged.Sealing, error) {
	m := c.n.mesh.Load()
	if m == nil {
		return edged.Sealing{}, edged.Refuse(edged.NotFound, "this node is alone: it has no mesh secret, so there is no other origin")
	}
	return m.repl.Seal(ctx, origin, anew)
}

// HeldBack gives the origins that bound what is read in stable order, the least held first.
func (c cluster) HeldBack() []edged.HeldBack {
	m := c.n.mesh.Load()
	if m == nil {
		return nil
	}
	all := m.repl.HeldBack()
	slices.SortStableFunc(all, func(a, b edged.HeldBack) int { return cmp.Compare(a.Held, b.Held) })
	return all
}
