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
	if err := t.connect(ctx, a, at, min(max(connections, 1), strandsMax)); err != nil {
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
		dials.Go(func() { conns[i], errs[i] = t.dialConn(ctx, a, at, t.config(idle)) })
	}
	dials.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	t.mu.Lock()
	a.conns = conns
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
// connection for it, which ends 10 s after the stream has been closed here.
func (t *Transport) DialStream(ctx context.Context, addr string) (net.Conn, error) {
	at, err := resolve(ctx, addr)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	l := t.byAddr[at.String()]
	t.mu.Unlock()
	var s *gossipStream
	if l != nil {
		s, err = openGossip(ctx, l.conns[0])
	} else {
		s, err = t.dialGossip(ctx, at)
	}
	if err != nil {
		return nil, fmt.Errorf("transport: gossip stream to %s: %w", addr, causeOf(err))
	}
	return s, nil
}

func (t *Transport) dialGossip(ctx context.Context, at net.Addr) (*gossipStream, error) {
	conn, err := t.dialConn(ctx, nil, at, t.config(idleTime))
	if err != nil {
		return nil, err
	}
	s, err := openGossip(ctx, conn)
	if err != nil {
		_ = conn.CloseWithError(codeDone, "no stream")
		return nil, err
	}
	s.alone = true
	return s, nil
}

func openGossip(ctx context.Context, conn *quic.Conn) (*gossipStream, error) {
	stream, err := conn.OpenStreamSync(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := stream.Write([]byte{gossipMagic}); err != nil {
		return nil, err
	}
	return &gossipStream{Stream: stream, conn: conn}, nil
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
