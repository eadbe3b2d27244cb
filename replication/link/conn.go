// Package link emulates links: it stands between QUIC and the socket, and delays, drops or holds
// back packets as a policy for their remote address says, both ways, gossip included. Demos and
// fault tests set the policies while a node runs.
//
//	QUIC ── WriteTo ──▶ policy ──▶ queue by due time ──▶ socket
//	QUIC ◀─ ReadFrom ── queue by due time ◀── policy ◀── socket
//
// A packet without a policy passes straight through. A node that emulates nothing has no Conn at
// all: a wrapped socket loses the kernel's batches and with them half the speed.
//
// # Not here
//
// A whole network in memory: linktest. Which region or node has which policy: cmd/edged/node.
package link

import (
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"time"
)

// Options tune a Conn. The zero value is ready for use.
type Options struct {
	// Policy tells what is done to packets to and from an address. It is asked for every packet
	// and must not block. Nil: nothing is done.
	Policy func(net.Addr) Policy
	// Random draws from [0, 1); safe for concurrent use. Nil: the runtime's source.
	Random func() float64
	// PacketsMax bounds the packets under way in one direction; more are dropped. Default 8,192.
	PacketsMax int
}

func (o Options) withDefaults() Options {
	if o.Policy == nil {
		o.Policy = func(net.Addr) Policy { return Policy{} }
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
	if o.PacketsMax == 0 {
		o.PacketsMax = 8192
	}
	return o
}

// Conn is a packet connection over emulated links. One goroutine at a time may read from it.
type Conn struct {
	net.PacketConn
	opts Options

	mu       sync.Mutex
	deadline time.Time // of reads, as asked for
	in, out  side
	timer    *time.Timer // runs send when a packet of out is due; nil until one waited
	sending  bool        // send runs
	closed   bool
}

// Wrap puts emulated links before a socket, which Close closes.
func Wrap(conn net.PacketConn, opts Options) *Conn {
	c := &Conn{PacketConn: conn, opts: opts.withDefaults()}
	c.in.busy = map[string]time.Time{}
	c.out.busy = map[string]time.Time{}
	return c
}

// WriteTo sends a packet, or lets it wait for its time. What is dropped counts as sent.
func (c *Conn) WriteTo(b []byte, addr net.Addr) (int, error) {
	p := c.opts.Policy(addr)
	if p == (Policy{}) {
		return c.PacketConn.WriteTo(b, addr)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0, net.ErrClosed
	}
	c.out.admit(b, addr, p, c.opts)
	c.arm()
	return len(b), nil
}

// arm sets the timer for the next packet to send. The lock is held.
func (c *Conn) arm() {
	next := c.out.queue.Next()
	if c.sending || c.closed || next.IsZero() {
		return
	}
	if c.timer == nil {
		c.timer = time.AfterFunc(time.Until(next), c.send)
		return
	}
	c.timer.Reset(time.Until(next))
}

// send writes the packets that are due. Only one runs at a time, so their order stays.
func (c *Conn) send() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sending {
		return
	}
	c.sending = true
	for !c.closed {
		p, ok := c.out.queue.Pop(time.Now())
		if !ok {
			break
		}
		c.mu.Unlock()
		_, _ = c.PacketConn.WriteTo(p.Bytes, p.Addr) // a datagram may be lost
		c.mu.Lock()
	}
	c.sending = false
	c.arm()
}

// ReadFrom gives the next packet whose time has come.
func (c *Conn) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		p, ok, err := c.due()
		if err != nil {
			return 0, nil, err
		}
		if ok {
			return copy(b, p.Bytes), p.Addr, nil
		}
		n, addr, err := c.PacketConn.ReadFrom(b)
		if errors.Is(err, os.ErrDeadlineExceeded) && !c.late() {
			continue // it was the time of a packet that waits, not the caller's
		}
		if err != nil {
			return n, addr, err
		}
		policy := c.opts.Policy(addr)
		if policy == (Policy{}) {
			return n, addr, nil
		}
		c.mu.Lock()
		c.in.admit(b[:n], addr, policy, c.opts)
		c.mu.Unlock()
	}
}

// due takes a packet whose time has come, else makes the socket wake the reader at the next one's.
func (c *Conn) due() (p Packet, ok bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.in.queue.Len() == 0 {
		return Packet{}, false, nil
	}
	if p, ok = c.in.queue.Pop(time.Now()); ok {
		if c.in.queue.Len() == 0 {
			err = c.PacketConn.SetReadDeadline(c.deadline)
		}
		return p, ok, err
	}
	return Packet{}, false, c.PacketConn.SetReadDeadline(c.wake())
}

// wake is the caller's deadline or the time of the next packet, whichever comes first.
func (c *Conn) wake() time.Time {
	next := c.in.queue.Next()
	if next.IsZero() || !c.deadline.IsZero() && c.deadline.Before(next) {
		return c.deadline
	}
	return next
}

// late says whether the caller's deadline has passed.
func (c *Conn) late() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.deadline.IsZero() && !time.Now().Before(c.deadline)
}

// SetReadDeadline bounds reads, one that waits included.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = t
	return c.PacketConn.SetReadDeadline(c.wake())
}

// SetDeadline bounds reads and writes.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadBuffer sizes the socket's buffer, where it has one; QUIC asks for it.
func (c *Conn) SetReadBuffer(size int) error {
	if sized, ok := c.PacketConn.(interface{ SetReadBuffer(int) error }); ok {
		return sized.SetReadBuffer(size)
	}
	return nil
}

// SetWriteBuffer sizes the socket's buffer, where it has one; QUIC asks for it.
func (c *Conn) SetWriteBuffer(size int) error {
	if sized, ok := c.PacketConn.(interface{ SetWriteBuffer(int) error }); ok {
		return sized.SetWriteBuffer(size)
	}
	return nil
}

// Close closes the socket. Packets under way are lost.
func (c *Conn) Close() error {
	c.mu.Lock()
	c.closed = true
	if c.timer != nil {
		c.timer.Stop()
	}
	c.mu.Unlock()
	return c.PacketConn.Close()
}
