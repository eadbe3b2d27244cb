package linktest

import (
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/edgedhq/edged/replication/link"
)

// Conn is a socket on a Network. One goroutine at a time may read from it.
type Conn struct {
	network *Network
	wake    chan struct{} // something has changed for the reader

	mu       sync.Mutex
	addr     *net.UDPAddr
	inbox    link.Queue
	deadline time.Time
	closed   bool
}

func (c *Conn) deliver(p link.Packet) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.inbox.Len() >= inboxMax {
		return
	}
	c.inbox.Push(p)
	c.stir()
}

func (c *Conn) stir() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// WriteTo sends a packet. As with UDP, nobody tells whether it arrives.
func (c *Conn) WriteTo(b []byte, addr net.Addr) (int, error) {
	c.mu.Lock()
	from, closed := c.addr, c.closed
	c.mu.Unlock()
	if closed {
		return 0, net.ErrClosed
	}
	c.network.send(b, from, addr)
	return len(b), nil
}

// ReadFrom waits for a packet, the deadline or Close.
func (c *Conn) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		p, until, err := c.take()
		if err != nil {
			return 0, nil, err
		}
		if p.Addr != nil {
			return copy(b, p.Bytes), p.Addr, nil
		}
		c.wait(until)
	}
}

// take gives a packet that is due, or the time until which to wait; zero: for ever.
func (c *Conn) take() (p link.Packet, until time.Time, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.closed {
		return p, until, net.ErrClosed
	}
	if !c.deadline.IsZero() && !now.Before(c.deadline) {
		return p, until, os.ErrDeadlineExceeded
	}
	if p, ok := c.inbox.Pop(now); ok {
		return p, until, nil
	}
	until = c.inbox.Next()
	if until.IsZero() || !c.deadline.IsZero() && c.deadline.Before(until) {
		until = c.deadline
	}
	return p, until, nil
}

func (c *Conn) wait(until time.Time) {
	if until.IsZero() {
		<-c.wake
		return
	}
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-c.wake:
	case <-timer.C:
	}
}

// LocalAddr is where the connection listens, a *net.UDPAddr.
func (c *Conn) LocalAddr() net.Addr {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.addr
}

// SetReadDeadline bounds reads, one that waits included.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = t
	c.stir()
	return nil
}

// SetWriteDeadline does nothing: writes never wait.
func (c *Conn) SetWriteDeadline(time.Time) error { return nil }

// SetDeadline bounds reads.
func (c *Conn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// SetReadBuffer does nothing; QUIC asks for it.
func (c *Conn) SetReadBuffer(int) error { return nil }

// SetWriteBuffer does nothing; QUIC asks for it.
func (c *Conn) SetWriteBuffer(int) error { return nil }

// Close takes the connection off the network; its address is free again.
func (c *Conn) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return net.ErrClosed
	}
	c.closed = true
	c.stir()
	at := c.addr
	c.mu.Unlock()
	c.network.leave(at)
	return nil
}

// Move gives the connection another address, as a NAT does: from now on its packets come from
// there, and only what is sent there arrives. It is moved by one goroutine at a time.
func (c *Conn) Move(addr string) error {
	at, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		return fmt.Errorf("linktest: %w", err)
	}
	if err := c.network.enter(c, at); err != nil {
		return err
	}
	c.mu.Lock()
	was := c.addr
	c.addr = at
	c.mu.Unlock()
	c.network.leave(was)
	return nil
}
