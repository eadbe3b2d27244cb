package nodetest

import (
	"context"
	"net"
	"sync"
)

// door is a listener in memory.
type door struct {
	addr  *net.TCPAddr
	calls chan net.Conn
	shut  chan struct{}
	once  sync.Once

	mu    sync.Mutex
	conns []net.Conn // the clients' ends
}

func newDoor(addr *net.TCPAddr) *door {
	return &door{addr: addr, calls: make(chan net.Conn), shut: make(chan struct{})}
}

func (d *door) Accept() (net.Conn, error) {
	select {
	case c := <-d.calls:
		return c, nil
	case <-d.shut:
		return nil, net.ErrClosed
	}
}

func (d *door) Addr() net.Addr { return d.addr }

func (d *door) Close() error {
	d.once.Do(func() { close(d.shut) })
	return nil
}

// dial is an http.Transport's DialContext that leads to this door, whatever the address.
func (d *door) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case d.calls <- there:
		d.mu.Lock()
		defer d.mu.Unlock()
		d.conns = append(d.conns, here)
		return here, nil
	case <-d.shut:
		return nil, &net.OpError{Op: "dial", Net: "pipe", Addr: d.addr, Err: net.ErrClosed}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// hangUp closes the door and all connections through it, as a crash does.
func (d *door) hangUp() {
	d.Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.conns {
		c.Close()
	}
}
