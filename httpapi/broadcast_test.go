package httpapi

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt/hlc"
	"github.com/edgedhq/edged/httpapi/codec"
	"github.com/edgedhq/edged/streams"
	"github.com/edgedhq/edged/streams/storage"
)

// brokered is a server over a real broker whose store is in memory.
func brokered(t testing.TB) (*streams.Broker, http.Handler) {
	t.Helper()
	store, err := storage.Open(vfs.NewMem(), "data", hlc.New(time.Now), storage.Options{Label: "n"})
	if err != nil {
		t.Fatal(err)
	}
	broker, err := streams.New(store, streams.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var machines sync.WaitGroup
	machines.Go(func() { _ = store.Run(ctx) })
	machines.Go(func() { _ = broker.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		machines.Wait()
		_ = store.Close()
	})
	f := newFake()
	s, err := New(Parts{Streams: broker, Catalog: f, Cluster: f, Health: f}, Options{AutoCreate: true})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/streams/{stream}/events", s.read)
	mux.HandleFunc("GET /v1/live", s.live)
	return broker, mux
}

// batch is n events with 128 bytes of JSON each.
func batch(n int) []edged.Draft {
	data := append(append([]byte(`{"note":"`), bytes.Repeat([]byte("n"), 117)...), `"}`...)
	drafts := make([]edged.Draft, n)
	for i := range drafts {
		drafts[i] = edged.Draft{Key: []byte("user-7"), Data: data}
	}
	return drafts
}

// crowd is many clients that read all and keep nothing.
type crowd struct {
	frames atomic.Int64 // that have come to all clients together
	conns  []net.Conn
	wg     sync.WaitGroup
}

// enter upgrades n connections and lets them read frames.
func enter(b testing.TB, address string, n int, request string) *crowd {
	c := &crowd{}
	for range n {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			b.Fatal(err)
		}
		c.conns = append(c.conns, conn)
		fmt.Fprint(conn, request)
		c.wg.Go(func() { c.read(conn) })
	}
	return c
}

func (c *crowd) read(conn net.Conn) {
	r := bufio.NewReaderSize(conn, 64<<10)
	for line := ""; line != "\r\n"; {
		var err error
		if line, err = r.ReadString('\n'); err != nil {
			return
		}
	}
	for {
		head, err := r.Peek(4)
		if err != nil {
			return
		}
		left := codec.FrameLen(head)
		n := int64(1)
		if _, err := r.Discard(left); err != nil {
			return
		}
		for r.Buffered() >= 4 { // the frames that came along
			head, _ = r.Peek(4)
			if left = codec.FrameLen(head); left > r.Buffered() {
				break
			}
			_, _ = r.Discard(left)
			n++
		}
		c.frames.Add(n)
	}
}

// await returns when so many frames have come.
func (c *crowd) await(frames int64) {
	for c.frames.Load() < frames {
		time.Sleep(100 * time.Microsecond)
	}
}

func (c *crowd) leave() {
	for _, conn := range c.conns {
		conn.Close()
	}
	c.wg.Wait()
}

func feedRequest(target string) string {
	return "GET " + target + " HTTP/1.1\r\nHost: node\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
}

const (
	crowdSize  = 1000
	crowdBatch = 100
	crowdRuns  = 60 // batches that wait when the readers wake
)

// BenchmarkBroadcast gives each of 1,000 readers 2,000 events an iteration: from the broker, and
// from a bare server that writes the same prepared bytes, which is the bound.
func BenchmarkBroadcast(b *testing.B) {
	b.Run("edged", broadcast)
	b.Run("bare", bareBroadcast)
}

func broadcast(b *testing.B) {
	broker, h := brokered(b)
	srv := listen(b, h)
	c := enter(b, srv.Listener.Addr().String(), crowdSize, feedRequest("/v1/streams/s/events?from=earliest"))
	defer c.leave()
	drafts := batch(crowdBatch)
	want := int64(0)
	for b.Loop() {
		for range crowdRuns {
			p := edged.Publication{Stream: "s", Drafts: drafts, Ack: edged.Memory()}
			if _, err := broker.Append(b.Context(), &p); err != nil {
				b.Fatal(err)
			}
		}
		want += crowdSize * crowdRuns * crowdBatch
		c.await(want)
	}
	b.ReportMetric(float64(want)/b.Elapsed().Seconds(), "deliveries/s")
}

func bareBroadcast(b *testing.B) {
	run := &shelvedRun{name: nameOfShelved("s"), base: cursorAt("s", 0).Base()}
	for i, d := range batch(crowdRuns * crowdBatch) {
		run.events = append(run.events, edged.Event{
			Key: "user-7", Data: d.Data, Sequence: edged.Sequence(i + 1), HLC: edged.Timestamp{Wall: 1790000000_123456789}, Time: 1790000000_123000000,
		})
	}
	frames := new(codec.Encoder).Encode(run, codec.Text, codec.Shape{})
	all := frames.Range(0, frames.Len())
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer ln.Close()
	var conns []net.Conn
	accepted := make(chan struct{})
	go func() {
		defer close(accepted)
		for range crowdSize {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
			conns = append(conns, conn)
		}
	}()
	c := enter(b, ln.Addr().String(), crowdSize, "")
	defer c.leave()
	<-accepted
	want := int64(0)
	for b.Loop() {
		for _, conn := range conns {
			go func() {
				for rest := all; len(rest) > 0; {
					n := min(len(rest), turnOutMax)
					_, _ = conn.Write(rest[:n])
					rest = rest[n:]
				}
			}()
		}
		want += crowdSize * crowdRuns * crowdBatch
		c.await(want)
	}
	b.ReportMetric(float64(want)/b.Elapsed().Seconds(), "deliveries/s")
}
