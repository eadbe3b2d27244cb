package transport

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
)

// Dial makes a link of so many connections, at most 8, to the node at a host and port. It is
// complete when the peer has answered on every lane; that takes at most 5 s.
func (t *Transport) Dial(ctx context.Context, addr string, connections int) (*Link, error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTime)
	defer cancel()
	at, err := resolve(ctx, addr)
	if err != nil {
		return nil, err
	}
	a := &assembly{dialed: true, done: make(chan struct{})}
	if _, err := rand.Read(a.key.link[:]); err != nil {
		return nil, fmt.Errorf("transport: link id: %w", err)
	}
	if err := t.connect(ctx, a, at, min(max(connections, 1), lanes)); err != nil {
		t.giveUp(a, err)
		return nil, fmt.Errorf("transport: dial %s: %w", addr, causeOf(err))
	}
	select {
	case <-ctx.Done():
		t.giveUp(a, ctx.Err())
	case <-a.done:
	}
	<-a.done
	if a.link == nil {
		t.giveUp(a, a.err)
		return nil, fmt.Errorf("transport: dial %s: %w", addr, causeOf(a.err))
	}
	return a.link, nil
}

// connect dials all connections at once and opens this side's lanes.
func (t *Transport) connect(ctx context.Context, a *assembly, at net.Addr, connections int) error {
	conns := make([]*quic.Conn, connections)
	errs := make([]error, connections)
	var dials sync.WaitGroup
	for i := range conns {
		idle := idleTimeRest
		if i == 0 {
			idle = idleTime
		}
		dials.Go(func() { conns[i], errs[i] = t.dialConn(ctx, a, at, t.config(idle, keepAlive)) })
	}
	dials.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	t.mu.Lock()
	for i := range a.conns {
		a.conns[i] = conns[i%connections]
	}
	t.mu.Unlock()
	if err := t.openLanes(a); err != nil {
		return err
	}
	t.mu.Lock()
	ready := a.ready()
	t.mu.Unlock()
	if ready {
		return t.complete(a)
	}
	return nil
}

// dialConn dials a connection and serves it; a is the link that it is to be part of, or nil.
func (t *Transport) dialConn(ctx context.Context, a *assembly, at net.Addr, config *quic.Config) (*quic.Conn, error) {
	conn, err := t.quic.Dial(ctx, at, t.authority.config(), config)
	if err != nil {
		return nil, err
	}
	if err := t.attend(conn, a); err != nil {
		_ = conn.CloseWithError(codeStopping, "stopping")
		return nil, err
	}
	return conn, nil
}

// resolve finds the address of a host and port; a literal address asks nobody.
func resolve(ctx context.Context, addr string) (*net.UDPAddr, error) {
	if at, err := netip.ParseAddrPort(addr); err == nil {
		return net.UDPAddrFromAddrPort(at), nil
	}
	host, service, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("transport: %q is no host:port: %w", addr, err)
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("transport: %q has no port: %w", addr, err)
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("transport: %w", err)
	}
	return net.UDPAddrFromAddrPort(netip.AddrPortFrom(ips[0].Unmap(), uint16(port))), nil
}

// DialStream opens a gossip stream, over the link to this address if there is one. Else it dials a
// connection for it, which QUIC ends when nothing has passed for 10 s.
func (t *Transport) DialStream(ctx context.Context, addr string) (net.Conn, error) {
	at, err := resolve(ctx, addr)
	if err != nil {
		return nil, err
	}
	conn, err := t.connTo(ctx, at)
	if err != nil {
		return nil, fmt.Errorf("transport: gossip stream to %s: %w", addr, causeOf(err))
	}
	stream, err := conn.OpenStreamSync(ctx)
	if err != nil {
		return nil, fmt.Errorf("transport: gossip stream to %s: %w", addr, err)
	}
	if _, err := stream.Write([]byte{gossipMagic}); err != nil {
		return nil, fmt.Errorf("transport: gossip stream to %s: %w", addr, err)
	}
	return &gossipStream{stream, conn}, nil
}

func (t *Transport) connTo(ctx context.Context, at *net.UDPAddr) (*quic.Conn, error) {
	t.mu.Lock()
	l := t.byAddr[at.String()]
	t.mu.Unlock()
	if l != nil {
		return l.conns[0], nil
	}
	return t.dialConn(ctx, nil, at, t.config(idleTime, 0))
}

// WritePacket sends a gossip packet. Its first two bits must be zero, else QUIC takes it for its own.
func (t *Transport) WritePacket(b []byte, addr string) error {
	if len(b) == 0 || b[0]&0xC0 != 0 {
		return fmt.Errorf("transport: QUIC would take a gossip packet to %s for its own", addr)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	at, err := resolve(ctx, addr)
	if err != nil {
		return err
	}
	if _, err := t.quic.WriteTo(b, at); err != nil {
		return fmt.Errorf("transport: packet to %s: %w", addr, err)
	}
	return nil
}
