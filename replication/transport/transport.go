package transport

import (
	"context"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
)

const (
	handshakeTime = 5 * time.Second
	idleTime      = 10 * time.Second // of the connection that carries lane 0
	idleTimeRest  = 30 * time.Second // of a link's others, on which often nothing but keep-alives is lost
	keepAlive     = 2500 * time.Millisecond
	halfOpenMax   = 100  // above it, addresses are validated first
	packetsMax    = 1024 // gossip packets not yet read
	streamsMax    = 64   // gossip streams not yet accepted
	linksMax      = 64   // links not yet accepted
	peerStreams   = 16   // that a peer may open on a connection, of each kind
)

// Codes with which the transport itself closes a connection. Those of Link.Close are the caller's;
// it keeps below 1<<32.
const (
	codeTorn     quic.ApplicationErrorCode = 1<<32 + iota // another connection of the link ended
	codeProtocol                                          // lanes not as agreed
	codeBusy                                              // links are not accepted fast enough
	codeStopping
	codeUnfinished // the link was not complete in time
	codeDone       // the gossip stream for which it was dialled is closed
)

var (
	// ErrRefused is a certificate refused, by either side. Dialling again soon is of no use.
	ErrRefused = errors.New("transport: certificate refused")
	// ErrStopped is a transport whose Run has ended.
	ErrStopped = errors.New("transport: stopped")
)

// Options tune a Transport. Conn, Secret and Key must be there.
type Options struct {
	// Conn is the node's one socket: a bare *net.UDPConn, unless links are emulated. It stays the
	// caller's to close, after Run.
	Conn   net.PacketConn
	Secret []byte             // the mesh's, at least 32 bytes
	Key    ed25519.PrivateKey // the node's identity
	// WindowBytesMax bounds what the receive windows of all connections promise together, but for
	// the least windows of 2.25 MiB a connection. Default 128 MiB. More is faster over long ways.
	WindowBytesMax uint64
	Log            *slog.Logger     // nil discards
	Now            func() time.Time // for certificates; nil asks the wall clock
}

func (o Options) withDefaults() (Options, error) {
	if o.Conn == nil || len(o.Key) != ed25519.PrivateKeySize {
		return o, errors.New("transport: Options need a Conn and a Key")
	}
	if o.WindowBytesMax == 0 {
		o.WindowBytesMax = 128 << 20
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o, nil
}

// Transport is the node's side of the one port. Its methods may be called from any goroutine.
type Transport struct {
	opts      Options
	authority *authority
	quic      *quic.Transport
	halfOpen  atomic.Int64
	dropped   atomic.Uint64 // gossip packets
	strangers seldom

	links   chan *Link
	packets chan packet
	streams chan net.Conn
	ended   chan struct{} // closed when Run ends
	group   sync.WaitGroup

	mu      sync.Mutex
	stopped bool
	conns   map[*quic.Conn]*assembly // all connections; nil for one without lanes
	waiting map[linkKey]*assembly    // links that a peer has begun to dial
	byAddr  map[string]*Link         // the newest link to an address
}

// New prepares a transport; nothing is sent or read before Run.
func New(opts Options) (*Transport, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	keys, err := Derive(opts.Secret)
	if err != nil {
		return nil, err
	}
	t := &Transport{
		opts:    opts,
		links:   make(chan *Link, linksMax),
		packets: make(chan packet, packetsMax),
		streams: make(chan net.Conn, streamsMax),
		ended:   make(chan struct{}),
		conns:   map[*quic.Conn]*assembly{},
		waiting: map[linkKey]*assembly{},
		byAddr:  map[string]*Link{},
	}
	if t.authority, err = newAuthority(keys, opts.Key, opts.Now); err != nil {
		return nil, err
	}
	// A restarted node knows its tokens again, so that peers learn at once that a link is gone.
	reset, err := hkdf.Key(sha256.New, opts.Key.Seed(), nil, "edged stateless reset 1", 32)
	if err != nil {
		return nil, fmt.Errorf("transport: reset key: %w", err)
	}
	t.quic = &quic.Transport{
		Conn:                             opts.Conn,
		StatelessResetKey:                (*quic.StatelessResetKey)(reset),
		DisableVersionNegotiationPackets: true,
		VerifySourceAddress:              func(net.Addr) bool { return t.halfOpen.Load() > halfOpenMax },
		ConnContext:                      t.admit,
	}
	return t, nil
}

// Run accepts peers until ctx ends or the socket fails. The node calls it once; every goroutine
// of the transport has ended when it returns.
func (t *Transport) Run(ctx context.Context) error {
	listener, err := t.quic.Listen(t.authority.config(), t.config(idleTimeRest)) // the dialling side chooses
	if err != nil {
		return fmt.Errorf("transport: listen: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t.group.Go(func() { t.readPackets(ctx) })
	for {
		conn, err := listener.Accept(ctx)
		if err != nil {
			stopping := ctx.Err() != nil
			cancel()
			t.stop()
			err = errors.Join(listener.Close(), t.quic.Close())
			t.group.Wait()
			if stopping {
				return nil
			}
			return fmt.Errorf("transport: the socket failed: %w", err)
		}
		passed(conn)
		if t.attend(conn, nil) != nil {
			_ = conn.CloseWithError(codeStopping, "stopping")
		}
	}
}

// stop closes every connection and lets none begin.
func (t *Transport) stop() {
	t.mu.Lock()
	t.stopped = true
	conns := make([]*quic.Conn, 0, len(t.conns))
	for conn := range t.conns {
		conns = append(conns, conn)
	}
	t.mu.Unlock()
	close(t.ended)
	for _, conn := range conns {
		_ = conn.CloseWithError(codeStopping, "stopping")
	}
}

// Accept waits for a complete link that a peer has dialled. It may have ended since.
func (t *Transport) Accept(ctx context.Context) (*Link, error) {
	return receive(ctx, t, t.links)
}

func receive[T any](ctx context.Context, t *Transport, from <-chan T) (got T, err error) {
	select {
	case got = <-from:
		return got, nil
	case <-ctx.Done():
		return got, ctx.Err()
	case <-t.ended:
		return got, ErrStopped
	}
}
