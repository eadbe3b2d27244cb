package main

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// told is a standard error that is read while it is written.
type told struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *told) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *told) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// serving runs `edged` until stop is called, which gives its exit code.
func serving(t *testing.T, args ...string) (url string, errs *told, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	errs = &told{}
	var out told
	a := &app{in: strings.NewReader(""), out: &out, errs: errs}
	code := make(chan int, 1)
	go func() { code <- a.run(ctx, append(args, "--http", "127.0.0.1:0", "--min-free", "0")) }()
	stop = sync.OnceValue(func() int {
		cancel()
		return <-code
	})
	t.Cleanup(func() { stop() })
	listening := regexp.MustCompile(`listening on (http\S+),`)
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) { // it opens real files
		if m := listening.FindStringSubmatch(errs.String()); m != nil {
			return m[1], errs, stop
		}
	}
	t.Fatalf("it does not listen: %s", errs)
	return "", nil, nil
}

func TestServePublishSubscribe(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	url, errs, stop := serving(t, "serve", "--data", dir, "--name", "eu-1", "--region", "eu")
	if n := strings.Count(errs.String(), "\n  curl "); n != 3 {
		t.Errorf("%d curl lines in %s", n, errs)
	}
	in := "{\"n\":1}\nplain text\n\"third\"\n"
	if got := edgedRun(t, in, nil, "pub", "log", "-", "-s", url); got.code != 0 || got.out != "" {
		t.Fatalf("pub: %+v", got)
	}
	for _, transport := range []string{"sse", "ndjson", "websocket"} {
		got := edgedRun(t, "", nil, "sub", "log", "--from", "earliest", "--limit", "3", "--data-only", "--transport", transport, "-s", url)
		if got.code != 0 || got.out != in {
			t.Errorf("sub by %s: %+v", transport, got)
		}
	}
	if got := edgedRun(t, "", nil, "streams", "ls", "-s", url); got.code != 0 || !strings.Contains(got.out, "log ") {
		t.Errorf("streams ls: %+v", got)
	}
	if got := edgedRun(t, "", nil, "streams", "create", "two", "--partitions", "2", "--retention-age", "24h", "-s", url, "-o", "json"); got.code != 0 || !strings.Contains(got.out, `"partitions":2`) {
		t.Errorf("streams create: %+v", got)
	}
	if got := edgedRun(t, "", nil, "streams", "create", "two", "--partitions", "3", "-s", url); got.code != exitConflict {
		t.Errorf("streams create with other partitions: %+v", got)
	}
	if got := edgedRun(t, "", nil, "streams", "rm", "two", "-s", url); got.code != 0 {
		t.Errorf("streams rm: %+v", got)
	}
	if got := edgedRun(t, "", nil, "streams", "info", "two", "-s", url); got.code != exitNotFound {
		t.Errorf("streams info after rm: %+v", got)
	}
	if got := edgedRun(t, "", nil, "serve", "--data", dir, "--http", "127.0.0.1:0"); got.code != exitConflict || !strings.Contains(got.errs, "process") {
		t.Errorf("a second node in one directory: %+v", got)
	}
	if code := stop(); code != 0 {
		t.Errorf("exit %d after a drain: %s", code, errs)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "crash")); err != nil || left != nil {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestServeNamesTheFlagOfATakenPort(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "mesh.secret")
	if err := os.WriteFile(secret, []byte(strings.Repeat("s", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	door, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer door.Close()
	mesh, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mesh.Close()
	for flag, taken := range map[string]string{"--http": door.Addr().String(), "--mesh": mesh.LocalAddr().String()} {
		args := []string{"serve", "--data", filepath.Join(dir, "data"), "--mesh-secret-file", secret, "--min-free", "0"}
		if flag == "--mesh" {
			args = append(args, "--http", "127.0.0.1:0")
		}
		got := edgedRun(t, "", nil, append(args, flag, taken)...)
		if got.code != exitUnavailable || !strings.Contains(got.errs, "choose another with "+flag+",") {
			t.Errorf("%s: %+v", flag, got)
		}
	}
}

func TestServeStopsWhilePublishersGoOn(t *testing.T) {
	dir := t.TempDir()
	url, errs, stop := serving(t, "--data", dir)
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	for range 4 {
		group.Go(func() {
			for ctx.Err() == nil {
				req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/streams/s/events", strings.NewReader("1"))
				if err != nil {
					return
				}
				if resp, err := http.DefaultClient.Do(req); err == nil {
					resp.Body.Close()
				}
			}
		})
	}
	time.Sleep(50 * time.Millisecond) // the load is real
	if code := stop(); code != 0 {
		t.Errorf("exit %d: %s", code, errs)
	}
}
