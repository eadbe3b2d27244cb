package replication

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/edgedhq/edged/replication/session"
	"github.com/edgedhq/edged/replication/transport"
)

// Times of dialling.
const (
	backOffFirst   = 500 * time.Millisecond
	backOffMax     = 30 * time.Second
	refusedFirst   = 30 * time.Second // where the certificate was refused
	refusedMax     = 5 * time.Minute
	sessionGood    = 30 * time.Second       // a session of this length makes the next dial quick again
	higherWaits    = 2 * time.Second        // the node with the higher id lets the other dial first
	darkAtLeast    = 500 * time.Millisecond // that a try takes before it is given up for a new one
	knockEvery     = 500 * time.Millisecond
	knocksMax      = 10
	connectionsFar = 4 // of a link between regions
)

// dialer keeps a link to every node of the mesh: it dials for ever whoever is not connected.
type dialer struct {
	r *Replicator

	mu      sync.Mutex
	targets map[string]*target // by node id, or by address where that is all that is known
	started func(*target)      // nil before run
}

func newDialer(r *Replicator) *dialer {
	d := &dialer{r: r, targets: make(map[string]*target)}
	for _, address := range r.opts.Join {
		d.add(address, "", "", address)
	}
	return d
}

// run dials all targets, and knocks at those that are silent.
func (d *dialer) run(ctx context.Context) error {
	var group sync.WaitGroup
	defer group.Wait()
	d.mu.Lock()
	d.started = func(t *target) { group.Go(func() { d.follow(ctx, t, &group) }) }
	for _, t := range d.targets {
		d.started(t)
	}
	d.mu.Unlock()
	every := time.NewTicker(knockEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			d.mu.Lock()
			d.started = nil
			d.mu.Unlock()
			return nil
		case <-every.C:
			d.knock(ctx, &group)
		}
	}
}

// follow dials one target for ever.
func (d *dialer) follow(ctx context.Context, t *target, group *sync.WaitGroup) {
	wait, refused := time.Duration(0), time.Duration(0)
	if t.node != "" && d.r.opts.Self.Node > t.node {
		wait = higherWaits
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	tries := 0
	backOff := func() {
		timer.Reset(rand.N(min(backOffMax, backOffFirst<<min(tries, 10))) + 1)
		tries++
	}
	for {
		kicked := false
		if closed(t.gone) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-t.gone:
			return
		case <-t.kick:
			tries, kicked = 0, true
		case lasted := <-t.over:
			if lasted >= sessionGood {
				tries = 0
				timer.Reset(0)
			} else {
				backOff()
			}
			continue
		case <-timer.C:
		}
		if up, late := d.connected(t); up && !(late && kicked) {
			timer.Reset(backOffMax)
			continue
		}
		if errors.Is(d.dial(ctx, t, kicked, group), transport.ErrRefused) {
			refused = min(max(2*refused, refusedFirst), refusedMax)
			timer.Reset(refused/2 + rand.N(refused/2))
			continue
		}
		refused = 0
		backOff()
	}
}

// closed says whether a channel that carries nothing is closed.
func closed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// connected says whether a session with the target is up, and whether it has gone silent.
func (d *dialer) connected(t *target) (up, late bool) {
	if t.node == "" {
		return false, false
	}
	d.r.mu.Lock()
	defer d.r.mu.Unlock()
	return d.r.table.Up(t.node)
}

// untilHeard is a context for dialling a target of which nothing was heard. It ends when it is heard
// of meanwhile: what was sent into the void is repeated late, a new try is quicker.
func (t *target) untilHeard(ctx context.Context) (trying context.Context, end func()) {
	trying, cancel := context.WithCancel(ctx)
	began := time.Now()
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-trying.Done():
			return
		case <-t.kick:
			signal(t.kick) // for the next try
		}
		select {
		case <-trying.Done():
		case <-time.After(time.Until(began.Add(darkAtLeast))):
			cancel()
		}
	})
	return trying, func() { cancel(); watch.Wait() }
}

// dial makes a link, which is served from then on. Heard says that the target was just heard of.
func (d *dialer) dial(ctx context.Context, t *target, heard bool, group *sync.WaitGroup) error {
	d.mu.Lock()
	address, connections := t.address, connectionsFar
	if t.region == d.r.opts.Self.Region {
		connections = 1
	}
	d.mu.Unlock()
	trying := ctx
	if !heard {
		until, end := t.untilHeard(ctx)
		defer end()
		trying = until
	}
	way, err := d.r.opts.Transport.Dial(trying, address, connections)
	if err != nil {
		d.tell(t, address, err)
		return err
	}
	if !d.wanted(t, way.Node()) {
		way.Close(closeCode, "known: another link to this node is looked after")
		return nil
	}
	group.Go(func() { d.r.serve(ctx, way) })
	return nil
}

// Of an address given by hand where nobody answers a person is told after a few tries, and then
// now and again.
const (
	toldFirst = 3
	toldEvery = 20
)

// tell logs a dial that has failed.
func (d *dialer) tell(t *target, address string, err error) {
	if t.failures++; t.node == "" && t.failures%toldEvery == toldFirst {
		d.r.log.Warn("nobody of this mesh answers at an address to join; it is tried for ever: look at the address, and whether both sides have one mesh secret",
			"address", address, "err", err)
		return
	}
	d.r.log.Debug("no link", "address", address, "err", err)
}

// knock asks some of those that are silent for an answer, and dials who gives one: an old link may
// sit in a long time-out.
func (d *dialer) knock(ctx context.Context, group *sync.WaitGroup) {
	type silent struct{ node, address string }
	var all []silent
	d.mu.Lock()
	for _, t := range d.targets {
		if t.node != "" && t.address != "" {
			all = append(all, silent{t.node, t.address})
		}
	}
	d.mu.Unlock()
	d.r.mu.Lock()
	n := 0
	for _, s := range all {
		if up, late := d.r.table.Up(s.node); !up || late {
			all[n] = s
			n++
		}
	}
	d.r.mu.Unlock()
	all = all[:n]
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, s := range all[:min(len(all), knocksMax)] {
		group.Go(func() {
			if d.r.opts.Members.Knock(ctx, s.node, s.address) == nil {
				d.wake(s.node)
			}
		})
	}
}

var _ session.Store = Heads(nil)
