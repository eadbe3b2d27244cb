package node

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgedhq/edged"
)

// metered is a mesh port that counts what is sent. It keeps all that QUIC uses of a UDP socket.
type metered struct {
	*net.UDPConn
	sent *atomic.Int64
}

func (c metered) WriteMsgUDP(b, oob []byte, to *net.UDPAddr) (n, oobn int, err error) {
	c.sent.Add(int64(len(b)))
	return c.UDPConn.WriteMsgUDP(b, oob, to)
}

func (c metered) WriteTo(b []byte, to net.Addr) (int, error) {
	c.sent.Add(int64(len(b)))
	return c.UDPConn.WriteTo(b, to)
}

// grown is a mesh in this process.
type grown struct {
	b     *testing.B
	nodes []*Node
	sent  atomic.Int64
}

// usage is what the whole process has taken up to a moment.
type usage struct {
	at   time.Time
	sent int64
	cpu  time.Duration
}

func (g *grown) usage() usage { return usage{time.Now(), g.sent.Load(), readProcess().cpu} }

// BenchmarkGrowth publishes the same rate, batches of 40 events of 128 bytes every 10 ms, into
// meshes of more and more nodes, a batch at each node in turn, and tells what an event and a node
// cost. Before that it measures them at rest. An operation is one batch:
//
//	go test -run '^$' -bench Growth -benchtime 5s ./cmd/edged/node
func BenchmarkGrowth(b *testing.B) {
	for _, n := range []int{2, 3, 5, 8} {
		b.Run(fmt.Sprintf("nodes=%d", n), func(b *testing.B) { benchmarkGrowth(b, n) })
	}
}

func benchmarkGrowth(b *testing.B, n int) {
	const batch, calming, quiet = 40, 12 * time.Second, 5 * time.Second // promises are frequent for 10 s after an append
	heap := heapBytes()
	g := grow(b, n)
	g.publish(g.nodes[0], batch) // makes the stream
	g.settle()
	time.Sleep(calming)
	calm := g.usage()
	time.Sleep(quiet)
	first := g.usage()
	every := time.NewTicker(10 * time.Millisecond)
	defer every.Stop()
	batches := 0
	for b.Loop() {
		<-every.C
		g.publish(g.nodes[batches%n], batch)
		batches++
	}
	published := time.Now()
	settled := g.settle()
	last := g.usage()

	events, nodes := float64(batches*batch), float64(n)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(events/published.Sub(first.at).Seconds(), "ev/s")
	b.ReportMetric(float64(last.sent-first.sent)/events, "B/ev")
	b.ReportMetric(float64((last.cpu-first.cpu).Microseconds())/events, "cpu-us/ev")
	b.ReportMetric(float64((last.cpu-first.cpu).Microseconds())/events/nodes, "cpu-us/ev/node")
	b.ReportMetric(float64(heapBytes()-heap)/nodes/(1<<20), "heap-MiB/node")
	b.ReportMetric(float64(runtime.NumGoroutine())/nodes, "goroutines/node")
	b.ReportMetric(settled.Seconds()*1000, "settle-ms")
	rest := first.at.Sub(calm.at).Seconds()
	b.ReportMetric(float64(first.sent-calm.sent)/rest/nodes, "idle-B/s/node")
	b.ReportMetric(100*(first.cpu-calm.cpu).Seconds()/rest/nodes, "idle-cpu-%/node")
}

// heapBytes is what is in use after a collection, stacks included.
func heapBytes() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// grow starts n nodes, each in a region of its own, and waits until all are connected.
func grow(b *testing.B, n int) *grown {
	g := &grown{b: b}
	var ports []*net.UDPConn
	var join []string
	for range n {
		port, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			b.Fatal(err)
		}
		ports, join = append(ports, port), append(join, port.LocalAddr().String())
	}
	for i, port := range ports {
		r := start(b, b.TempDir(), func(c *Config) {
			c.Name, c.Region = fmt.Sprintf("n-%d", i), fmt.Sprintf("r-%d", i)
			c.MeshSecret = make([]byte, 32)
			c.PacketConn = metered{port, &g.sent}
			c.Join = append(append(c.Join, join[:i]...), join[i+1:]...)
			c.DrainFor, c.FlushFor = time.Second, time.Second
		})
		g.nodes = append(g.nodes, r.node)
	}
	g.await("the nodes to meet", func() bool {
		for _, n := range g.nodes {
			up := 0
			for _, p := range n.mesh.Load().repl.Peers() {
				if p.Connected {
					up++
				}
			}
			if up < len(g.nodes)-1 {
				return false
			}
		}
		return true
	})
	return g
}

// await asks until the answer is yes, and tells how long that took.
func (g *grown) await(what string, ask func() bool) time.Duration {
	const limit = 30 * time.Second
	began := time.Now()
	every := time.NewTicker(5 * time.Millisecond)
	defer every.Stop()
	for !ask() {
		if time.Since(began) > limit {
			g.b.Fatalf("waited %v for %s", limit, what)
		}
		<-every.C
	}
	return time.Since(began)
}

// settle waits until all nodes hold the same.
func (g *grown) settle() time.Duration {
	return g.await("all nodes to hold the same", func() bool {
		sums := g.nodes[0].broker.Sums(0)
		for _, n := range g.nodes[1:] {
			if n.broker.Sums(0) != sums {
				return false
			}
		}
		return true
	})
}

func (g *grown) publish(n *Node, events int) {
	drafts := make([]edged.Draft, events)
	for i := range drafts { // 128 bytes, half of them noise
		drafts[i].Data = fmt.Appendf(nil, `{"n":%d,"sensor":"sensor-%04d","unit":"celsius","noise":"%016x%016x%016x%016x"}`,
			10_000+i, rand.N(10_000), rand.Uint64(), rand.Uint64(), rand.Uint64(), rand.Uint64())
	}
	ctx, cancel := context.WithTimeout(g.b.Context(), 10*time.Second)
	defer cancel()
	if _, err := n.broker.Append(ctx, &edged.Publication{Stream: "growth", Drafts: drafts}); err != nil {
		g.b.Fatal(err)
	}
}
