package sim

import (
	"time"

	"github.com/edgedhq/edged/replication/roster"
)

const (
	backOffFirst = 500 * time.Millisecond
	backOffMax   = 30 * time.Second
	sessionGood  = 30 * time.Second
	higherWaits  = 2 * time.Second
	dialFails    = 5 * time.Second
	knockEvery   = 500 * time.Millisecond
)

// target is a node that a process keeps a link to.
type target struct {
	node    string // empty until known
	host    *host
	tries   int
	next    time.Duration
	kicked  time.Duration
	forced  bool
	dialing bool
}

// join begins to dial the addresses given by hand.
func (p *process) join() {
	for _, h := range p.w.hosts {
		if h != p.h && p.w.plan.joins(p.h.index, h.index) {
			p.targets = append(p.targets, &target{host: h})
		}
	}
	p.poll()
	p.later(p.w.upTo(10*time.Second), p.gossip)
}

// add makes or mends the target of a node.
func (p *process) add(n roster.Node) {
	if n.ID == p.self.Node {
		return
	}
	at := p.w.hostAt(n.Address)
	for _, t := range p.targets {
		if t.node == n.ID {
			t.host = at
			return
		}
	}
	t := &target{node: n.ID, host: at, next: p.w.queue.now}
	if p.self.Node > n.ID {
		t.next += higherWaits
	}
	p.targets = append(p.targets, t)
}

// gossip tells a process now and then who lives where, as membership does.
func (p *process) gossip() {
	const every = 10 * time.Second
	p.later(every+p.w.upTo(every), p.gossip)
	if h := p.w.anyHost(); h != p.h && p.reaches(h) {
		p.add(roster.Node{ID: h.process.self.Node, Address: h.address()})
	}
}

// poll dials who is not connected, and knocks at who is silent.
func (p *process) poll() {
	for _, t := range append([]*target(nil), p.targets...) {
		if t.dialing {
			continue
		}
		up, late := p.table.Up(t.node)
		if (!up || late) && t.node != "" {
			p.knock(t)
		}
		switch {
		case p.w.queue.now < t.next:
		case up && !(late && t.forced):
			t.next = p.w.queue.now + backOffMax
		default:
			p.dial(t)
		}
	}
	p.later(knockEvery, p.poll)
}

// reaches says whether packets pass both ways between two hosts, and someone is there.
func (p *process) reaches(h *host) bool {
	w := p.w
	return !w.path(p.h, h).cut && !w.path(h, p.h).cut && h.process != nil && h.paused <= w.queue.now
}

func (p *process) knock(t *target) {
	if !p.reaches(t.host) || p.w.queue.now-t.kicked < time.Second {
		return
	}
	t.kicked = p.w.queue.now
	t.tries, t.next, t.forced = 0, p.w.queue.now, true
}

func (p *process) dial(t *target) {
	t.dialing, t.forced = true, false
	rtt := p.w.path(p.h, t.host).delay + p.w.path(t.host, p.h).delay
	p.later(rtt*3/2+p.w.upTo(time.Millisecond), func() {
		if !p.reaches(t.host) {
			p.later(dialFails, func() { p.dialed(t) })
			return
		}
		to := t.host.process
		switch {
		case t.node == "" && (to.self.Node == p.self.Node || p.knows(to.self.Node)):
			p.drop(t)
			return
		case t.node == "":
			t.node = to.self.Node
		case t.node != to.self.Node && p.connected(to.self.Node): // another node lives there now
			p.dialed(t)
			return
		}
		p.dialed(t)
		p.w.connect(p, to)
	})
}

// dialed is the end of a try.
func (p *process) dialed(t *target) {
	t.dialing = false
	t.next = p.w.queue.now + p.w.upTo(min(backOffMax, backOffFirst<<min(t.tries, 10)))
	t.tries++
}

func (p *process) connected(node string) bool {
	up, _ := p.table.Up(node)
	return up || node == p.self.Node
}

func (p *process) knows(node string) bool {
	for _, t := range p.targets {
		if t.node == node {
			return true
		}
	}
	return false
}

func (p *process) drop(t *target) {
	for i, o := range p.targets {
		if o == t {
			p.targets = append(p.targets[:i:i], p.targets[i+1:]...)
			return
		}
	}
}

// ended is told that a link to a node is gone, which stood for so long.
func (p *process) ended(node string, lasted time.Duration) {
	for _, t := range p.targets {
		switch {
		case t.node != node:
		case lasted >= sessionGood:
			t.tries, t.next = 0, p.w.queue.now
		default:
			t.next = p.w.queue.now + p.w.upTo(min(backOffMax, backOffFirst<<min(t.tries, 10)))
			t.tries++
		}
	}
}

// unknown counts the addresses of which it is not known who answers there.
func (p *process) unknown() (addresses []string) {
	for _, t := range p.targets {
		if t.node == "" {
			addresses = append(addresses, t.host.address())
		}
	}
	return addresses
}
