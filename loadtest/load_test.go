package loadtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/loadtest/bare"
)

// node is the little of a node that the generators need: it counts publishes, answers live
// ones, fans out like the bare server and streams a few lines.
type node struct {
	fan   *bare.Server
	lines atomic.Int64
	acks  chan string
}

func (n *node) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/metrics":
		_, _ = io.WriteString(w, "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 1.5\n")
	case r.URL.Path == "/v1/live":
		n.live(w)
	case r.Header.Get("Accept") == "application/x-ndjson":
		for range 100 {
			_, _ = io.WriteString(w, "{}\n")
		}
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	case r.Method == http.MethodPost:
		n.publish(w, r)
	default:
		n.fan.ServeHTTP(w, r)
	}
}

func (n *node) publish(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	select {
	case n.acks <- r.URL.Query().Get("ack"):
	default:
	}
	n.lines.Add(int64(bytes.Count(body, []byte{'\n'})))
	r.Body = io.NopCloser(bytes.NewReader(body))
	n.fan.ServeHTTP(w, r)
}

// live answers every frame; it looks at their lengths only.
func (n *node) live(w http.ResponseWriter) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
	answerFrames(conn, rw.Reader)
}

func answerFrames(conn net.Conn, in *bufio.Reader) {
	for {
		var head [2]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return
		}
		length := int64(head[1] & 127)
		if length == 126 {
			var more [2]byte
			if _, err := io.ReadFull(in, more[:]); err != nil {
				return
			}
			length = int64(more[0])<<8 | int64(more[1])
		}
		if _, err := io.CopyN(io.Discard, in, length+4); err != nil {
			return
		}
		reply := `{"op":"published","id":1}`
		_, _ = conn.Write(append([]byte{0x81, byte(len(reply))}, reply...))
	}
}

func start(t *testing.T) (*node, Options) {
	t.Helper()
	n := &node{fan: bare.New(), acks: make(chan string, 1)}
	server := httptest.NewServer(n)
	t.Cleanup(func() { n.fan.Close(); server.Close() })
	return n, Options{Server: server.URL, Clients: 3, Warmup: time.Millisecond, Duration: 50 * time.Millisecond}
}

func TestPublish(t *testing.T) {
	n, o := start(t)
	o.Batch, o.Ack = 7, edged.Memory()
	r, err := Publish(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Events == 0 || r.Events != 7*r.Requests || r.Events > n.lines.Load() || r.Errors != 0 {
		t.Errorf("%+v; the node took %d lines", r, n.lines.Load())
	}
	if r.Latency.P50 <= 0 || r.Latency.P50 > r.Latency.Max {
		t.Errorf("latency %+v", r.Latency)
	}
	if r.ServerCPU != 0 {
		t.Errorf("CPU per million %v: the node's metric stands still", r.ServerCPU)
	}
	if ack := <-n.acks; ack != "memory" {
		t.Errorf("published at %q, want memory", ack)
	}
}

func TestPublishLive(t *testing.T) {
	for _, inFlight := range []int{1, 8} {
		_, o := start(t)
		o.Transport, o.Batch, o.InFlight = WebSocket, 1, inFlight
		r, err := Publish(t.Context(), o)
		if err != nil || r.Events == 0 || r.Errors != 0 {
			t.Errorf("%d in flight: %+v, %v", inFlight, r, err)
		}
	}
}

func TestSubscribeCountsEachReader(t *testing.T) {
	_, o := start(t)
	r, err := Subscribe(t.Context(), o)
	if err != nil || r.Events != 300 {
		t.Errorf("%d events, %v; want 3 readers with 100 each", r.Events, err)
	}
}

func TestFanoutLosesNothing(t *testing.T) {
	n, o := start(t)
	o.Clients, o.Batch, o.Window = 20, 10, 50
	r, err := Fanout(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Events == 0 || r.Missing != 0 {
		t.Errorf("%d deliveries of %d lines to 20, %d missing", r.Events, n.lines.Load(), r.Missing)
	}
}

func TestFanoutSeesWhatIsMissing(t *testing.T) {
	n, o := start(t)
	var once atomic.Bool
	lossy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && n.lines.Load() > 50 && once.CompareAndSwap(false, true) {
			w.WriteHeader(201) // taken, and dropped
			return
		}
		n.ServeHTTP(w, r)
	}))
	defer lossy.Close()
	o.Server, o.Clients, o.Batch, o.Window = lossy.URL, 5, 10, 1000
	o.settle = 100 * time.Millisecond
	r, err := Fanout(t.Context(), o)
	if err != nil || r.Missing != 50 {
		t.Errorf("%d missing, %v; want 50", r.Missing, err)
	}
}

func TestRefusalsAreCounted(t *testing.T) {
	full := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "disk_full", http.StatusInsufficientStorage)
	}))
	defer full.Close()
	_, err := Publish(t.Context(), Options{Server: full.URL, Clients: 1, Warmup: time.Millisecond, Duration: 20 * time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "disk_full") {
		t.Errorf("got %v, want the node's own words", err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []Options{
		{EventBytes: 10}, {Server: "ftp://x"}, {Server: "127.0.0.1:8080"}, {Stream: "Ü"}, {Batch: -1},
		{Transport: "carrier pigeon"}, {Transport: WebSocket, Format: NDJSON}, {Format: "xml"},
	} {
		if _, err := o.withDefaults(); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}

func TestMadeEventsAreJSONOfTheSizeAskedFor(t *testing.T) {
	for _, size := range []int{64, 128, 1024, 5000} {
		m := newMaker(size, 1)
		for range 50 {
			event := m.appendEvent(nil)
			if len(event) != size || !json.Valid(event) || bytes.ContainsRune(event, '\n') {
				t.Fatalf("%d bytes for %d: %s", len(event), size, event)
			}
		}
		if _, body := m.body(JSON, 3); !json.Valid(body) {
			t.Fatalf("batch is no JSON: %s", body)
		}
	}
}

func TestSpreadKeepsWithinASixteenth(t *testing.T) {
	for d := time.Duration(1); d < time.Hour; d = d*5/4 + 1 {
		top := bucketTop(bucketOf(d))
		if top < d || float64(top) > float64(d)*17/16+1 {
			t.Fatalf("%v is told as %v", d, top)
		}
	}
	var s spread
	for i := range 1000 {
		s.add(time.Duration(i) * time.Millisecond)
	}
	got := s.latency()
	if got.Max != 999*time.Millisecond || got.P50 < 490*time.Millisecond || got.P50 > 540*time.Millisecond {
		t.Errorf("%+v", got)
	}
}

func ExampleOptions() {
	o, err := Options{Clients: 4}.withDefaults()
	fmt.Println(o.Server, o.Clients, o.Batch, o.Format, o.Ack, err)
	// Output: http://127.0.0.1:8080 4 100 ndjson disk <nil>
}
