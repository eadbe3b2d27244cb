package node

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/client"
)

// running is a node in this process.
type running struct {
	node *Node
	c    *client.Client
	stop func() error // drains, closes and returns what Run did
}

func start(t testing.TB, dir string, change func(*Config)) *running {
	t.Helper()
	cfg := Config{Name: "eu-1", Region: "eu", Data: dir, Listen: "127.0.0.1:0", DrainFor: 5 * time.Second}
	cfg.Storage.MinFree = -1
	cfg.HTTP.AutoCreate = true
	if change != nil {
		change(&cfg)
	}
	n, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	r := &running{node: n}
	stopped := false
	r.stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		return errors.Join(<-ended, n.Close())
	}
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Error(err)
		}
	})
	if r.c, err = client.New(client.Options{URL: n.URL()}); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *running) publish(t *testing.T, stream string, from, to int) client.Receipt {
	t.Helper()
	var drafts []client.Draft
	for i := from; i < to; i++ {
		drafts = append(drafts, client.Draft{Key: fmt.Sprint("k", i%3), Data: fmt.Appendf(nil, `{"n":%d}`, i)})
	}
	receipt, err := r.c.Publish(t.Context(), stream, drafts, client.PublishOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return receipt
}

// expect reads n events by a transport, from a query's beginning, and checks that they count up
// from first. It returns the cursor after the last.
func (r *running) expect(t *testing.T, q client.Query, transport client.Transport, first, n int) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	next := first
	for d, err := range r.c.Follow(ctx, "orders", q, client.FollowOptions{Transport: transport}) {
		if err != nil {
			t.Fatal(err)
		}
		if d.Notice != "" {
			continue
		}
		e, err := d.Event()
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf(`{"n":%d}`, next); string(e.Data) != want {
			t.Fatalf("%s: got %s, want %s", transport, e.Data, want)
		}
		if next++; next == first+n {
			return d.Cursor
		}
	}
	t.Fatalf("%s: the feed ended after %d of %d events", transport, next-first, n)
	return ""
}

func TestANodeServesAndKeeps(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir, nil)
	receipt := r.publish(t, "orders", 0, 10)
	if receipt.Count != 10 || receipt.PartitionSeqs["0"] != [2]uint64{1, 10} || receipt.Origin != r.node.Origin().String() {
		t.Fatalf("receipt %+v", receipt)
	}
	page, err := r.c.Read(t.Context(), "orders", client.Query{From: "earliest", Limit: 4})
	if err != nil || len(page.Events) != 4 || page.CaughtUp || page.Events[3].Seq != 4 {
		t.Fatalf("page %+v, %v", page, err)
	}
	r.expect(t, client.Query{Cursor: page.Cursor}, client.SSE, 4, 6)
	for _, transport := range []client.Transport{client.SSE, client.NDJSON, client.WebSocket} {
		r.expect(t, client.Query{From: "earliest"}, transport, 0, 10)
	}
	origin := r.node.Origin()
	digest, err := r.c.StreamDigest(t.Context(), "orders")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}

	r = start(t, dir, nil)
	if r.node.Origin() != origin {
		t.Errorf("a clean stop changed the origin from %s to %s", origin, r.node.Origin())
	}
	if again, err := r.c.StreamDigest(t.Context(), "orders"); err != nil || again.Digest != digest.Digest {
		t.Errorf("digest %+v, %v; before the restart %+v", again, err, digest)
	}
	receipt = r.publish(t, "orders", 10, 20)
	if receipt.PartitionSeqs["0"] != [2]uint64{11, 20} {
		t.Errorf("receipt after the restart %+v", receipt)
	}
	r.expect(t, client.Query{From: "earliest"}, client.SSE, 0, 20)
	r.expect(t, client.Query{Cursor: page.Cursor}, client.WebSocket, 4, 16)
}

func TestAFollowerOutlivesARestart(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir, nil)
	address := r.node.Addr().String()
	r.publish(t, "orders", 0, 5)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	next := 0
	opts := client.FollowOptions{RetryMin: time.Millisecond, RetryMax: 20 * time.Millisecond}
	for d, err := range r.c.Follow(ctx, "orders", client.Query{From: "earliest"}, opts) {
		if err != nil {
			t.Fatal(err)
		}
		if d.Notice != "" {
			continue
		}
		e, err := d.Event()
		if err != nil || string(e.Data) != fmt.Sprintf(`{"n":%d}`, next) {
			t.Fatalf("got %s, %v; want %d", e.Data, err, next)
		}
		if next++; next == 10 {
			return
		}
		if next == 5 { // the rest comes from another run at the same address
			if err := r.stop(); err != nil {
				t.Fatal(err)
			}
			r = start(t, dir, func(c *Config) { c.Listen = address })
			r.publish(t, "orders", 5, 10)
		}
	}
	t.Fatalf("the feed ended at %d", next)
}

func TestADrainTellsReaders(t *testing.T) {
	r := start(t, t.TempDir(), nil)
	r.publish(t, "orders", 0, 1)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.node.URL()+"/v1/streams/orders/events?from=earliest", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/event-stream")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), `data: {"id"`) {
	}
	stopped := make(chan error, 1)
	go func() { stopped <- r.stop() }()
	drained := false
	for lines.Scan() {
		drained = drained || lines.Text() == "event: drain"
	}
	if err := <-stopped; err != nil || !drained {
		t.Errorf("stop %v, drain notice %v", err, drained)
	}
}

func TestTheDirectoryIsForOneNode(t *testing.T) {
	r := start(t, t.TempDir(), nil)
	before := time.Now()
	_, err := Open(Config{Data: r.node.cfg.Data, Listen: "127.0.0.1:0"})
	if err == nil || time.Since(before) > time.Second {
		t.Fatalf("got %v after %s", err, time.Since(before))
	}
	if !strings.Contains(err.Error(), fmt.Sprint("process ")) && !strings.Contains(err.Error(), "pid") {
		t.Errorf("it does not name the process: %v", err)
	}
}

func TestAPortThatIsTakenGivesTheDirectoryBack(t *testing.T) {
	r := start(t, t.TempDir(), nil)
	dir := t.TempDir()
	if _, err := Open(Config{Data: dir, Listen: r.node.Addr().String()}); err == nil {
		t.Fatal("two nodes on one port")
	}
	start(t, dir, nil)
}

func TestHealthAndCluster(t *testing.T) {
	r := start(t, t.TempDir(), func(c *Config) { c.Version = "1.2.3" })
	for _, path := range []string{"/livez", "/readyz", "/readyz?verbose"} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, r.node.URL()+path, nil)
		resp, err := http.DefaultClient.Do(req)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %v, %v", path, resp, err)
		}
		resp.Body.Close()
	}
	if err := r.c.Ready(t.Context(), url.Values{"min_peers": {"1"}}); !errors.Is(err, edged.Unavailable) {
		t.Errorf("min_peers=1: %v", err)
	}
	cl, err := r.c.Cluster(t.Context())
	if err != nil || len(cl.Members) != 1 || !cl.Members[0].Self || cl.Members[0].Name != "eu-1" ||
		cl.Node.Version != "1.2.3" || cl.Node.Region != "eu" || cl.Node.Origin != r.node.Origin().String() {
		t.Errorf("cluster %+v, %v", cl, err)
	}
	if peers, err := r.c.Peers(t.Context()); err != nil || len(peers) != 0 {
		t.Errorf("peers %+v, %v", peers, err)
	}
}

func TestNotReadyBeforeAndAfterItsRun(t *testing.T) {
	n, err := Open(Config{Data: t.TempDir(), Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if c := (health{n}).Checks()[0]; c.OK || c.Name != string(edged.Starting) {
		t.Errorf("got %+v", c)
	}
}

func TestMetrics(t *testing.T) {
	r := start(t, t.TempDir(), nil)
	r.publish(t, "orders", 0, 7)
	text, err := r.c.Metrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\nedged_published_events_total 7\n", "\nedged_events_appended_total ", "# TYPE edged_fsync_seconds histogram", `edged_fsync_seconds_bucket{le="+Inf"}`,
		"edged_storage_bytes", "edged_process_resident_bytes", "edged_process_cpu_seconds_total", "edged_connections 1\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in the metrics", want)
		}
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "# TYPE ") {
			continue
		}
		if name := strings.Fields(line)[2]; seen[name] {
			t.Errorf("%s is told twice", name)
		} else {
			seen[name] = true
		}
	}
}

func TestStreamsOverHTTP(t *testing.T) {
	r := start(t, t.TempDir(), func(c *Config) { c.HTTP.AutoCreate, c.Streams.RefuseUnknown = false, true })
	ctx := t.Context()
	if _, err := r.c.Publish(ctx, "orders", []client.Draft{{Data: []byte("1")}}, client.PublishOptions{}); !errors.Is(err, edged.StreamNotFound) {
		t.Errorf("publish to an unknown stream: %v", err)
	}
	spec := client.StreamSpec{Partitions: 3, Retention: &client.Retention{Age: "24h", Bytes: "64MiB"}}
	info, made, err := r.c.PutStream(ctx, "orders", spec)
	if err != nil || !made || info.Partitions != 3 {
		t.Fatalf("put: %+v, %v, %v", info, made, err)
	}
	if _, made, err = r.c.PutStream(ctx, "orders", spec); err != nil || made {
		t.Errorf("put again: %v, %v", made, err)
	}
	if _, _, err = r.c.PutStream(ctx, "orders", client.StreamSpec{Partitions: 4}); !errors.Is(err, edged.Conflict) {
		t.Errorf("other partitions: %v", err)
	}
	r.publish(t, "orders", 0, 9)
	if info, err = r.c.Stream(ctx, "orders"); err != nil || info.Events != 9 || info.Retention == nil || info.Retention.Age == "" {
		t.Errorf("info %+v, %v", info, err)
	}
	names := 0
	for _, err := range r.c.Streams(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		names++
	}
	if names != 1 {
		t.Errorf("%d streams", names)
	}
	if err := r.c.DeleteStream(ctx, "orders"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.c.Stream(ctx, "orders"); !errors.Is(err, edged.StreamNotFound) {
		t.Errorf("after the deletion: %v", err)
	}
}

func TestCachesFitTheMemory(t *testing.T) {
	c := Config{MemoryBytes: 256 << 20}
	c.Streams.PendingBytesMax = 1 << 30 // said by somebody who knows
	c.fit()
	if c.Streams.RingsBytesMax != 32<<20 || c.Storage.CacheBytes != 16<<20 || c.Storage.MemTableBytes != 8<<20 || c.Streams.PendingBytesMax != 1<<30 {
		t.Errorf("got %+v, %+v", c.Streams, c.Storage)
	}
}
