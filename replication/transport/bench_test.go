package transport

import (
	"io"
	"net"
	"testing"

	"github.com/edgedhq/edged/replication/link"
)

func loopback(b *testing.B) net.PacketConn {
	b.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	return conn
}

// BenchmarkLane writes 64 KiB at a time to one lane over loopback.
func BenchmarkLane(b *testing.B) { measure(b, loopback(b), loopback(b), 1) }

// BenchmarkLaneInStrands is BenchmarkLane over four connections.
func BenchmarkLaneInStrands(b *testing.B) { measure(b, loopback(b), loopback(b), 4) }

func measure(b *testing.B, conn, to net.PacketConn, connections int) {
	from := start(b, Options{Conn: conn})
	there := start(b, Options{Conn: to})
	l, peer := join(b, from, there, to.LocalAddr().String(), connections)
	chunk := make([]byte, 64<<10)
	b.SetBytes(int64(len(chunk)))
	b.ReportAllocs()
	go func() {
		for b.Loop() {
			if _, err := l.Write(1).Write(chunk); err != nil {
				return
			}
		}
		_ = l.Close(0, "written")
	}()
	_, _ = io.Copy(io.Discard, peer.Read(1)) // until the link ends
}

// BenchmarkLaneWrapped is BenchmarkLane without the kernel's batches.
func BenchmarkLaneWrapped(b *testing.B) {
	type wrapped struct{ net.PacketConn }
	measure(b, wrapped{loopback(b)}, wrapped{loopback(b)}, 1)
}

// BenchmarkLaneThroughLink is BenchmarkLane with sockets under emulated links that do nothing.
func BenchmarkLaneThroughLink(b *testing.B) {
	measure(b, link.Wrap(loopback(b), link.Options{}), link.Wrap(loopback(b), link.Options{}), 1)
}
