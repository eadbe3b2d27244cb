package gossip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

var _ memberlist.NodeAwareTransport = (*transport)(nil)

// dialTimeout bounds the opening of one stream, so that a round of the rejoin loop is short.
const dialTimeout = 5 * time.Second

// nowhere is the address that memberlist has of every node. Its port of 0 makes memberlist answer
// a packet to where it came from.
const nowhere = "0.0.0.0:0"

var errClosed = errors.New("gossip: not running")

// transport is memberlist's transport over a Carrier. It finds nodes by their ids.
type transport struct {
	carrier   Carrier
	dial      func(addr string, timeout time.Duration) (net.Conn, error)
	addressOf func(node string) (string, bool)
	packets   chan *memberlist.Packet
	streams   chan net.Conn

	mutex   sync.Mutex
	open    map[*stream]struct{} // nil after Shutdown
	reached map[string]string    // what a host name was resolved to when it was last dialled
}

// newTransport makes a transport whose dials end with ctx.
func newTransport(ctx context.Context, c Carrier, addressOf func(node string) (string, bool)) *transport {
	return &transport{
		carrier: c,
		dial: func(addr string, timeout time.Duration) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, timeout)
			defer cancel()
			return c.DialStream(ctx, addr)
		},
		addressOf: addressOf,
		packets:   make(chan *memberlist.Packet),
		streams:   make(chan net.Conn),
		open:      map[*stream]struct{}{},
		reached:   map[string]string{},
	}
}

// pumpPackets hands packets to memberlist until ctx ends or the carrier fails.
func (t *transport) pumpPackets(ctx context.Context) error {
	for {
		b, from, at, err := t.carrier.ReadPacket(ctx)
		if err != nil {
			return fmt.Errorf("gossip: read a packet: %w", err)
		}
		select {
		case t.packets <- &memberlist.Packet{Buf: b, From: from, Timestamp: at}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// pumpStreams hands streams to memberlist until ctx ends or the carrier fails.
func (t *transport) pumpStreams(ctx context.Context) error {
	for {
		conn, err := t.carrier.AcceptStream(ctx)
		if err != nil {
			return fmt.Errorf("gossip: accept a stream: %w", err)
		}
		s, err := t.keep(conn)
		if err != nil {
			return err
		}
		select {
		case t.streams <- s:
		case <-ctx.Done():
			_ = s.Close()
			return ctx.Err()
		}
	}
}

// place is where a message goes: to the address if there is one, else to the node of this name.
func (t *transport) place(a memberlist.Address) (string, error) {
	if a.Addr != nowhere {
		return a.Addr, nil
	}
	if !isNodeID(a.Name) {
		return a.Name, nil
	}
	addr, ok := t.addressOf(a.Name)
	if !ok {
		return "", fmt.Errorf("gossip: node %s: address not known", a.Name)
	}
	return addr, nil
}

// WriteToAddress sends a packet.
func (t *transport) WriteToAddress(b []byte, a memberlist.Address) (time.Time, error) {
	if len(b) == 0 || b[0]&0xc0 != 0 {
		return time.Time{}, errors.New("gossip: packet would be taken for QUIC")
	}
	addr, err := t.place(a)
	if err != nil {
		return time.Time{}, err
	}
	return time.Now(), t.carrier.WritePacket(b, addr)
}

// DialAddressTimeout opens a stream.
func (t *transport) DialAddressTimeout(a memberlist.Address, timeout time.Duration) (net.Conn, error) {
	addr, err := t.place(a)
	if err != nil {
		return nil, err
	}
	conn, err := t.dial(addr, min(timeout, dialTimeout))
	if err != nil {
		return nil, err
	}
	t.resolve(addr, conn.RemoteAddr().String())
	s, err := t.keep(conn)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// resolve notes what an address was resolved to, if it had to be.
func (t *transport) resolve(addr, to string) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if addr != to {
		t.reached[addr] = to
	}
}

// reachedAt tells what an address was resolved to when it was last dialled; empty when it is not
// known, or was no host name.
func (t *transport) reachedAt(addr string) string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.reached[addr]
}

// FinalAdvertiseAddr gives every node the same address, see nowhere.
func (t *transport) FinalAdvertiseAddr(string, int) (net.IP, int, error) {
	return net.IPv4zero.To4(), 0, nil
}

// WriteTo sends a packet to an address.
func (t *transport) WriteTo(b []byte, addr string) (time.Time, error) {
	return t.WriteToAddress(b, memberlist.Address{Addr: addr})
}

// DialTimeout opens a stream to an address.
func (t *transport) DialTimeout(addr string, timeout time.Duration) (net.Conn, error) {
	return t.DialAddressTimeout(memberlist.Address{Addr: addr}, timeout)
}

// PacketCh gives the packets that came.
func (t *transport) PacketCh() <-chan *memberlist.Packet { return t.packets }

// StreamCh gives the streams that peers opened.
func (t *transport) StreamCh() <-chan net.Conn { return t.streams }

// Shutdown closes every stream.
func (t *transport) Shutdown() error {
	t.mutex.Lock()
	open := t.open
	t.open = nil
	t.mutex.Unlock()
	for s := range open {
		_ = s.Conn.Close()
	}
	return nil
}

// stream is a connection that ends at the latest with the transport.
type stream struct {
	net.Conn
	owner *transport
}

func (t *transport) keep(conn net.Conn) (*stream, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.open == nil {
		_ = conn.Close()
		return nil, errClosed
	}
	s := &stream{conn, t}
	t.open[s] = struct{}{}
	return s, nil
}

// Close closes the connection.
func (s *stream) Close() error {
	s.owner.mutex.Lock()
	delete(s.owner.open, s)
	s.owner.mutex.Unlock()
	return s.Conn.Close()
}
