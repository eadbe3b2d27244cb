package gossip

import (
	"context"
	"fmt"
	"log"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

const (
	probeInterval  = 5 * time.Second
	streamTimeout  = 10 * time.Second // for a push/pull
	packetBytesMax = 1200 - 5         // memberlist adds a checksum of 5 bytes beyond it
)

// Gossip is this node among the members of the mesh.
type Gossip struct {
	opts    Options
	carrier Carrier
	table   *table

	mutex   sync.Mutex
	self    metadata
	encoded []byte // self
	watch   func(Member)
	list    *memberlist.Memberlist // nil but while Run works
	work    sync.WaitGroup         // calls into list; added to under mutex, while list is set

	announcing sync.Mutex // memberlist wants its UpdateNode called by one at a time
}

// New makes a Gossip that Run brings to life.
func New(c Carrier, opts Options) (*Gossip, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	g := &Gossip{
		opts: opts, carrier: c,
		table: &table{now: opts.Now, nodes: map[string]*entry{}},
		watch: func(Member) {},
	}
	g.self.member = Member{
		Name: opts.Name, Region: opts.Region, Address: opts.Advertise, HTTP: opts.HTTP,
		Origin: opts.Origin, Nonce: opts.Nonce, Version: opts.Version,
	}
	if g.encoded, err = g.self.encode(); err != nil {
		return nil, err
	}
	return g, nil
}

// Run takes part in gossip until ctx ends, or until the carrier fails, which is its error. The
// node calls it once. When it returns, every goroutine that it started has ended; one of
// memberlist's own that waits for the answer to a probe ends with the probe, within a minute.
func (g *Gossip) Run(ctx context.Context) error {
	running, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	carrying, hangUp := context.WithCancel(context.WithoutCancel(ctx))
	defer hangUp()
	t := newTransport(carrying, g.carrier, g.table.addressOf)
	list, err := memberlist.Create(g.config(t))
	if err != nil {
		return fmt.Errorf("gossip: %w", err)
	}
	g.open(list)
	var loops sync.WaitGroup
	for _, pump := range []func(context.Context) error{t.pumpPackets, t.pumpStreams} {
		loops.Go(func() { fail(pump(carrying)) })
	}
	loops.Go(func() { g.rejoin(running, list, t.reachedAt) })
	<-running.Done()
	g.open(nil)
	hangUp()
	_ = t.Shutdown()
	loops.Wait()
	g.work.Wait()
	if err := list.Shutdown(); err != nil || ctx.Err() != nil {
		return err
	}
	return context.Cause(running)
}

func (g *Gossip) open(list *memberlist.Memberlist) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.list = list
}

// enter gives the list for one call into it; the caller owes work a Done.
func (g *Gossip) enter() (*memberlist.Memberlist, error) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.list == nil {
		return nil, errClosed
	}
	g.work.Add(1)
	return g.list, nil
}

func (g *Gossip) config(t *transport) *memberlist.Config {
	d := &delegate{g}
	c := memberlist.DefaultWANConfig()
	c.Name = g.opts.Node
	c.Transport = t
	c.BindPort, c.AdvertisePort = 0, 0 // see nowhere
	c.SecretKey = g.opts.Key
	c.EnableCompression = false
	c.UDPBufferSize = packetBytesMax
	c.ProbeInterval = probeInterval
	c.TCPTimeout = streamTimeout
	c.Delegate, c.Events, c.Alive, c.Ping = d, d, d, d
	c.Logger = log.New(newLogWriter(g.opts.Log, g.opts.Now), "", 0)
	return c
}

// Members lists the other nodes, in the order of their ids: those that are alive, and those that
// were lost within a day; of both those that are not evicted.
func (g *Gossip) Members() []Member {
	return slices.DeleteFunc(g.table.list(), func(m Member) bool { return g.opts.Evicted(m.Node) })
}

// Watch has changed called with each member that is seen, is lost or says something new of
// itself: one at a time, in order. changed must not block, nor call Knock, Update or Leave. There
// is one watcher; it is set before Run.
func (g *Gossip) Watch(changed func(Member)) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.watch = changed
}

func (g *Gossip) tell(m Member) {
	g.mutex.Lock()
	changed := g.watch
	g.mutex.Unlock()
	changed(m)
}

// Knock asks a node at an address for an answer, be it a member or not. It returns nil when the
// answer came before ctx ended, and within 3 s.
func (g *Gossip) Knock(ctx context.Context, node, addr string) error {
	list, err := g.enter()
	if err != nil {
		return err
	}
	answer := make(chan error, 1)
	go func() {
		defer g.work.Done()
		rtt, err := list.Ping(node, hostPort(addr))
		if err == nil {
			g.table.answered(node, rtt)
		}
		answer <- err
	}()
	select {
	case err = <-answer:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("gossip: knock at %s: %w", addr, err)
	}
	return nil
}

// hostPort is an address that nobody has looked up yet.
type hostPort string

// Network is that of the mesh port.
func (hostPort) Network() string { return "udp" }

// String returns host:port.
func (a hostPort) String() string { return string(a) }
