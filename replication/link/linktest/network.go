// Package linktest is a network in memory: packet connections on one switch, with seeded faults
// between pairs of addresses. It keeps time by package time, so in a synctest bubble it is exact.
package linktest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/edgedhq/edged/replication/link"
)

// Faults are what happens to packets from one address to another.
type Faults struct {
	Delay     time.Duration
	Jitter    time.Duration // the delay varies evenly by as much, up and down
	Loss      float64       // the part that is lost, 0 to 1
	Duplicate float64       // the part that comes twice
	Reorder   float64       // the part that comes after another Delay + 10 ms
	SizeMax   int           // longer packets are lost; 0: no bound
	Cut       bool          // nothing passes
}

// inboxMax bounds the packets that wait at one address; more are dropped.
const inboxMax = 16384

// Network is the switch.
type Network struct {
	mu     sync.Mutex
	random *rand.Rand
	conns  map[string]*Conn
	faults map[pair]Faults
	common Faults // of pairs without an entry
}

type pair struct{ from, to string }

// New makes a network whose faults follow a seed.
func New(seed uint64) *Network {
	return &Network{
		random: rand.New(rand.NewPCG(seed, 0)),
		conns:  map[string]*Conn{},
		faults: map[pair]Faults{},
	}
}

// Listen opens a connection at an address like 10.0.0.1:7946.
func (n *Network) Listen(addr string) (*Conn, error) {
	at, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		return nil, fmt.Errorf("linktest: %w", err)
	}
	c := &Conn{network: n, addr: at, wake: make(chan struct{}, 1)}
	return c, n.enter(c, at)
}

func (n *Network) enter(c *Conn, at *net.UDPAddr) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.conns[at.String()] != nil {
		return fmt.Errorf("linktest: %s is taken", at)
	}
	n.conns[at.String()] = c
	return nil
}

// SetAll sets the faults of all pairs for which Set says nothing.
func (n *Network) SetAll(f Faults) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.common = f
}

// Set sets the faults from one address to another, one way.
func (n *Network) Set(from, to string, f Faults) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.faults[pair{from, to}] = f
}

// Cut lets nothing pass between two addresses, both ways.
func (n *Network) Cut(a, b string) { n.setCut(a, b, true) }

// Heal ends a cut; other faults stay as they were.
func (n *Network) Heal(a, b string) { n.setCut(a, b, false) }

func (n *Network) setCut(a, b string, cut bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range []pair{{a, b}, {b, a}} {
		f := n.between(p)
		f.Cut = cut
		n.faults[p] = f
	}
}

func (n *Network) between(p pair) Faults {
	if f, ok := n.faults[p]; ok {
		return f
	}
	return n.common
}

// send brings a packet to whoever listens at an address, as the faults let it.
func (n *Network) send(b []byte, from *net.UDPAddr, to net.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f := n.between(pair{from.String(), to.String()})
	c := n.conns[to.String()]
	if c == nil || f.Cut || f.SizeMax > 0 && len(b) > f.SizeMax || n.draw(f.Loss) {
		return
	}
	copies := 1
	if n.draw(f.Duplicate) {
		copies = 2
	}
	for range copies {
		c.deliver(link.Packet{Bytes: bytes.Clone(b), Addr: from, Due: time.Now().Add(n.delay(f))})
	}
}

func (n *Network) delay(f Faults) time.Duration {
	d := f.Delay
	if f.Jitter > 0 {
		d += time.Duration((2*n.random.Float64() - 1) * float64(f.Jitter))
	}
	if n.draw(f.Reorder) {
		d += f.Delay + 10*time.Millisecond
	}
	return max(d, 0)
}

func (n *Network) draw(part float64) bool { return part > 0 && n.random.Float64() < part }

func (n *Network) leave(at *net.UDPAddr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.conns, at.String())
}
