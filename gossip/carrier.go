package gossip

import (
	"context"
	"net"
	"time"
)

// Carrier is the mesh's one port as gossip needs it. Addresses are host:port; a host may be a
// name, which is resolved anew at each DialStream.
type Carrier interface {
	// WritePacket sends b, best effort: it does not wait, neither for the network nor for a name to
	// be resolved. b is the caller's again on return.
	WritePacket(b []byte, addr string) error
	// ReadPacket waits for a packet. b is handed over; at is when it came.
	ReadPacket(ctx context.Context) (b []byte, from net.Addr, at time.Time, err error)
	// DialStream opens a stream to whoever is reached at addr. ctx bounds the opening alone; the
	// caller closes the stream.
	DialStream(ctx context.Context, addr string) (net.Conn, error)
	// AcceptStream waits for a stream that a peer opened. The caller closes it.
	AcceptStream(ctx context.Context) (net.Conn, error)
}
