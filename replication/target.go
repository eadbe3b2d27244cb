package replication

import (
	"time"
)

// target is a node to be connected to.
type target struct {
	key      string
	kick     chan struct{}
	address  string
	region   string
	node     string // empty until known
	kicked   time.Time
	failures int                // to dial it; for its own goroutine
	over     chan time.Duration // a link has ended, which stood for so long
	gone     chan struct{}      // closed when it is dialled no more
}

// add makes or mends a target.
func (d *dialer) add(key, node, region, address string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.targets[key]
	if t == nil {
		t = &target{key: key, node: node, kick: make(chan struct{}, 1), over: make(chan time.Duration, 1), gone: make(chan struct{})}
		d.targets[key] = t
		if d.started != nil {
			d.started(t)
		}
	}
	if address != "" && t.address != address {
		t.address = address
		signal(t.kick)
	}
	if region != "" {
		t.region = region
	}
}

// seen is told by the members: a node that comes alive or moves is dialled now.
func (d *dialer) seen(node, region, address string, alive bool) {
	if node == d.r.opts.Self.Node {
		return
	}
	d.add(node, node, region, address)
	if alive {
		d.wake(node)
	}
}

// wake dials a node now, at most once a second.
func (d *dialer) wake(node string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if t := d.targets[node]; t != nil && time.Since(t.kicked) >= time.Second {
		t.kicked = time.Now()
		signal(t.kick)
	}
}

// ended is told when a link to a node is gone, which stood for so long.
func (d *dialer) ended(node string, lasted time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, t := range d.targets {
		if t.node == node {
			select {
			case t.over <- lasted:
			default:
			}
		}
	}
}

// drop ends the dialling of a target.
func (d *dialer) drop(key string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if t := d.targets[key]; t != nil {
		delete(d.targets, key)
		close(t.gone)
	}
}

// unknown counts the addresses of which it is not known who answers there.
func (d *dialer) unknown() (addresses []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, t := range d.targets {
		if t.node == "" {
			addresses = append(addresses, t.address)
		}
	}
	return addresses
}

// wanted says whether a link that was dialled is to be served. One to a node of our own id is, once:
// HELLO tells whether it is this node or a copy of its directory. One to another node than the
// address belonged to is, unless that node is connected.
func (d *dialer) wanted(t *target, node string) bool {
	switch t.node {
	case "":
		return d.name(t, node) || node == d.r.opts.Self.Node
	case node:
		return true
	}
	d.r.mu.Lock()
	defer d.r.mu.Unlock()
	up, late := d.r.table.Up(node)
	return !up || late
}

// name learns who answers at an address that was given by hand. It says whether the link is
// wanted: it is not, and the target is done with, where it leads to this node or to a known one.
func (d *dialer) name(t *target, node string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if closed(t.gone) {
		return false
	}
	if _, known := d.targets[node]; known || node == d.r.opts.Self.Node {
		delete(d.targets, t.key)
		close(t.gone)
		return false
	}
	t.node = node
	delete(d.targets, t.key)
	t.key = node
	d.targets[node] = t
	return true
}
