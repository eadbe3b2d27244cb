package node

import (
	"maps"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/link"
)

// links are the emulated links: a policy for a node goes before one for its region.
type links struct {
	m *mesh

	mu       sync.Mutex
	policies map[string]edged.LinkPolicy // by node name or region
	byAddr   sync.Map                    // netip.AddrPort to link.Policy, of the nodes that are known
	looked   atomic.Int64                // when the places were last looked up, Unix nanoseconds
}

// place is where a node was seen on the mesh.
type place struct {
	name, region string
	at           netip.AddrPort
}

func newLinks(m *mesh) *links {
	return &links{m: m, policies: make(map[string]edged.LinkPolicy)}
}

// linksOf is the door's way to the links, which are made after it.
type linksOf struct{ n *Node }

func (o linksOf) List() map[string]edged.LinkPolicy {
	if m := o.n.mesh.Load(); m != nil {
		return m.links.List()
	}
	return nil
}

func (o linksOf) Set(target string, p edged.LinkPolicy) error {
	m := o.n.mesh.Load()
	if m == nil {
		return edged.Refuse(edged.Conflict, "this node has no mesh secret, so it has no links")
	}
	return m.links.Set(target, p)
}

// List gives the policies in force.
func (l *links) List() map[string]edged.LinkPolicy {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.policies)
}

// Set replaces the policy of a region or node; the zero policy ends it.
func (l *links) Set(target string, p edged.LinkPolicy) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p == (edged.LinkPolicy{}) {
		delete(l.policies, target)
	} else {
		l.policies[target] = p
	}
	l.look()
	return nil
}

// placesKept is how long an address is taken to belong to who was seen there.
const placesKept = time.Second

// policy is asked for every packet.
func (l *links) policy(addr net.Addr) link.Policy {
	udp, ok := addr.(*net.UDPAddr)
	if !ok {
		return link.Policy{}
	}
	at := unmapped(udp.AddrPort())
	now := l.m.n.cfg.Now().UnixNano()
	if looked := l.looked.Load(); now-looked > int64(placesKept) && l.looked.CompareAndSwap(looked, now) {
		go l.refresh()
	}
	if p, ok := l.byAddr.Load(at); ok {
		return p.(link.Policy)
	}
	return link.Policy{}
}

// unmapped writes an IPv4 address in one way.
func unmapped(at netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}

// refresh looks up where the nodes are. Names are resolved here, not in the packets' way.
func (l *links) refresh() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.look()
}

// look works out the policy of each known address. The lock is held.
func (l *links) look() {
	fresh := make(map[netip.AddrPort]link.Policy)
	for _, p := range l.m.places() {
		policy, ok := l.policies[p.name]
		if !ok {
			policy, ok = l.policies[p.region]
		}
		if !ok {
			continue
		}
		fresh[p.at] = link.Policy{
			Delay: policy.Delay + policy.Jitter/2, Jitter: policy.Jitter / 2,
			Loss: policy.Loss, Rate: policy.Rate, Cut: policy.Cut,
		}
	}
	l.byAddr.Range(func(at, _ any) bool {
		if _, ok := fresh[at.(netip.AddrPort)]; !ok {
			l.byAddr.Delete(at)
		}
		return true
	})
	for at, p := range fresh {
		l.byAddr.Store(at, p)
	}
}

// places gives the nodes that gossip, replication or the mesh's records know, with their addresses.
func (m *mesh) places() []place {
	var all []place
	add := func(name, region, address string) {
		if at, err := net.ResolveUDPAddr("udp", address); err == nil && at.IP != nil {
			all = append(all, place{name, region, unmapped(at.AddrPort())})
		}
	}
	for _, g := range m.gossip.Members() {
		add(g.Name, g.Region, g.Address)
	}
	for _, p := range m.repl.Peers() {
		add(p.Name, p.Region, p.Address)
	}
	for _, r := range m.repl.Nodes() {
		add(r.Name, r.Region, r.Address)
	}
	return all
}
