package transport

import (
	"bytes"
	"context"
	"io"
	"net"
	"time"

	"github.com/quic-go/quic-go"
)

const (
	gossipMagic     = 'g'
	packetBytesMax  = 1500 // longer ones do not come over a wire
	codeNoGossip    = quic.StreamErrorCode(1)
	codeGossipBusy  = quic.StreamErrorCode(2)
	codeGossipEnded = quic.StreamErrorCode(3)
)

type packet struct {
	bytes []byte
	from  net.Addr
	at    time.Time
}

// readPackets drains what QUIC does not take for its own: it keeps only 32 of them.
func (t *Transport) readPackets(ctx context.Context) {
	buffer := make([]byte, packetBytesMax)
	for {
		n, from, err := t.quic.ReadNonQUICPacket(ctx, buffer)
		if err != nil {
			return // ctx or the transport has ended
		}
		select {
		case t.packets <- packet{bytes.Clone(buffer[:n]), from, time.Now()}:
		default:
			t.dropped.Add(1)
		}
	}
}

// ReadPacket waits for a gossip packet. The bytes are the caller's.
func (t *Transport) ReadPacket(ctx context.Context) (b []byte, from net.Addr, at time.Time, err error) {
	p, err := receive(ctx, t, t.packets)
	return p.bytes, p.from, p.at, err
}

// PacketsDropped counts gossip packets that came faster than they were read.
func (t *Transport) PacketsDropped() uint64 { return t.dropped.Load() }

// AcceptStream waits for a gossip stream that a peer has opened.
func (t *Transport) AcceptStream(ctx context.Context) (net.Conn, error) {
	return receive(ctx, t, t.streams)
}

// acceptStreams takes the gossip streams of a connection, until it ends.
func (t *Transport) acceptStreams(conn *quic.Conn) {
	for {
		stream, err := conn.AcceptStream(context.Background())
		if err != nil {
			return
		}
		if code, ok := t.acceptStream(conn, stream); !ok {
			stream.CancelRead(code)
			stream.CancelWrite(code)
		}
	}
}

func (t *Transport) acceptStream(conn *quic.Conn, stream *quic.Stream) (code quic.StreamErrorCode, ok bool) {
	var magic [1]byte
	if stream.SetReadDeadline(time.Now().Add(handshakeTime)) != nil {
		return codeNoGossip, false
	}
	if _, err := io.ReadFull(stream, magic[:]); err != nil || magic[0] != gossipMagic {
		return codeNoGossip, false
	}
	if stream.SetReadDeadline(time.Time{}) != nil {
		return codeNoGossip, false
	}
	select {
	case t.streams <- &gossipStream{Stream: stream, conn: conn}:
		return 0, true
	default:
		return codeGossipBusy, false
	}
}

// gossipStream is a QUIC stream as a net.Conn.
type gossipStream struct {
	*quic.Stream
	conn  *quic.Conn
	alone bool // the connection was dialled for this stream
}

func (s *gossipStream) LocalAddr() net.Addr  { return s.conn.LocalAddr() }
func (s *gossipStream) RemoteAddr() net.Addr { return s.conn.RemoteAddr() }

// Close ends both directions; what was written still reaches the peer.
func (s *gossipStream) Close() error {
	s.CancelRead(codeGossipEnded)
	if s.alone {
		time.AfterFunc(idleTime, func() { _ = s.conn.CloseWithError(codeDone, "stream closed") })
	}
	return s.Stream.Close()
}
