package httpapi

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgedhq/edged"
)

// tape is a ResponseWriter that keeps what is written, and counts flushes.
type tape struct {
	mu      sync.Mutex
	header  http.Header
	status  int
	buf     bytes.Buffer
	flushes int
	stuck   bool // writes fail as if their deadline passed
}

func newTape() *tape                   { return &tape{header: http.Header{}} }
func (w *tape) Header() http.Header    { return w.header }
func (w *tape) WriteHeader(status int) { w.status = status }
func (w *tape) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stuck {
		return 0, os.ErrDeadlineExceeded
	}
	return w.buf.Write(p)
}

func (w *tape) Flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flushes++
}

// take gives what was written since the last time.
func (w *tape) take() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := w.buf.String()
	w.buf.Reset()
	w.flushes = 0
	return text
}

// feedOn starts a request in a bubble; done is closed when it is answered.
func feedOn(t *testing.T, h http.Handler, target string, headers ...string) (w *tape, cancel func(), done chan struct{}) {
	ctx, cancel := context.WithCancel(t.Context())
	r := httptest.NewRequest("GET", target, nil).WithContext(ctx)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w, done = newTape(), make(chan struct{})
	go func() {
		defer close(done)
		h.ServeHTTP(w, r)
	}()
	synctest.Wait()
	return w, cancel, done
}

var retryLine = regexp.MustCompile(`retry: \d+\n`)

func TestServerSentEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sh := newShelf()
		s, h := sh.reader(t, Options{Node: "eu-1"})
		sh.put("s", "1", "2")
		w, cancel, done := feedOn(t, h, "/v1/streams/s/events?from=earliest&envelope=data", "Accept", "text/event-stream")
		at := func(n edged.Sequence) string { return cursorAt("s", n).String() }
		event := func(n edged.Sequence) string {
			first := n - (n-1)%2 // runs of two, each with its base
			base := cursorAt("s", first-1).Base()
			return fmt.Sprintf("id: %s\ndata: %d\n\n", base.AppendAt(nil, nameOfShelved("s").Key(), n), n)
		}
		got := w.take()
		want := "event: subscribed\nid: " + at(0) + "\ndata: {\"resume\":\"start\",\"node\":\"eu-1\"}\n\n" +
			event(1) + event(2) + "event: up_to_date\nid: " + at(2) + "\ndata: {}\n\n"
		if !retryLine.MatchString(got) || retryLine.ReplaceAllString(got, "") != want {
			t.Errorf("got %q\nwant %q", got, want)
		}
		for name, want := range map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"} {
			if got := w.header.Get(name); got != want {
				t.Errorf("%s: got %q", name, got)
			}
		}
		time.Sleep(16 * time.Second)
		if got := w.take(); got != ":\n\n" {
			t.Errorf("after 16 s of nothing: %q", got)
		}
		sh.put("s", "3", "4")
		synctest.Wait()
		if w.flushes != 1 {
			t.Errorf("two events took %d flushes", w.flushes)
		}
		if got, want := w.take(), event(3)+event(4); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		sh.notify("s", edged.Notice{Op: "gap", Log: nameOfShelved("s"), From: 5, To: 7, Reason: "retired"})
		sh.notify("s", edged.Notice{Op: "lagged", Skipped: 9})
		synctest.Wait()
		want = "event: gap\nid: " + at(4) + "\ndata: {\"from\":5,\"to\":7,\"reason\":\"retired\",\"origin\":\"n~01000000000000000000\",\"partition\":0}\n\n" +
			"event: lagged\nid: " + at(4) + "\ndata: {\"skipped\":9}\n\n"
		if got := w.take(); got != want {
			t.Errorf("got %q\nwant %q", got, want)
		}
		if n := s.feeds.counts.readers[readerSSE].Load(); n != 1 {
			t.Errorf("%d readers", n)
		}
		cancel()
		<-done
		if n := s.feeds.counts.readers[readerSSE].Load(); n != 0 {
			t.Errorf("%d readers after the last has gone", n)
		}
	})
}

func TestANoticeStandsBeforeTheEventsThatFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sh := newShelf()
		_, h := sh.reader(t, Options{})
		sh.put("s", "1", "2", "3")
		sh.notify("s", edged.Notice{Op: "lagged", Skipped: 1})
		for after, want := range map[edged.Sequence]edged.Sequence{0: 0, 2: 2} {
			w, cancel, done := feedOn(t, h, "/v1/streams/s/events?cursor="+cursorAt("s", after).String(), "Accept", "text/event-stream")
			_, text, _ := strings.Cut(w.take(), "event: lagged\nid: ")
			id, _, _ := strings.Cut(text, "\n")
			c, err := edged.ParseCursor(id)
			if got := c.Vector[nameOfShelved("s").Key()]; err != nil || got != want {
				t.Errorf("after %d: the notice stands at %d, %v", after, got, err)
			}
			cancel()
			<-done
		}
	})
}

func TestLastEventIDResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sh := newShelf()
		_, h := sh.reader(t, Options{})
		sh.put("s", numbers(1, 5)...)
		w, cancel, done := feedOn(t, h, "/v1/streams/s/events?from=earliest&envelope=data",
			"Accept", "text/event-stream", "Last-Event-ID", cursorAt("s", 3).String())
		got := w.take()
		if !strings.Contains(got, `"resume":"complete"`) || strings.Count(got, "data: {\"n\"") != 2 || !strings.Contains(got, `{"n":4}`) {
			t.Errorf("got %q", got)
		}
		cancel()
		<-done
	})
}

func TestLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sh := newShelf()
		_, h := sh.reader(t, Options{AutoCreate: true})
		w, cancel, done := feedOn(t, h, "/v1/streams/later/events", "Accept", "application/x-ndjson")
		if got := w.take(); got != "" || w.status != 200 {
			t.Errorf("a stream that is not there yet: %d %q", w.status, got)
		}
		sh.put("later", "1", "2")
		synctest.Wait()
		lines := strings.SplitAfter(w.take(), "\n")
		if len(lines) != 3 || object(t, []byte(lines[1]))["cursor"] == "" || !strings.HasSuffix(lines[0], "\"}\n") {
			t.Errorf("got %q", lines)
		}
		time.Sleep(16 * time.Second)
		if got := w.take(); got != "\n" {
			t.Errorf("heartbeat: %q", got)
		}
		sh.notify("later", edged.Notice{Op: "lagged", Skipped: 9})
		synctest.Wait()
		if got, want := w.take(), fmt.Sprintf("{\"op\":\"lagged\",\"skipped\":9,\"cursor\":%q}\n", cursorAt("later", 2)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		sh.drop("later")
		<-done
		p := object(t, []byte(w.take()))
		if p["op"] != "error" || p["problem"].(map[string]any)["code"] != "stream_not_found" {
			t.Errorf("got %v", p)
		}
		cancel()
	})
}

func TestFeedWithALimitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sh := newShelf()
		_, h := sh.reader(t, Options{})
		sh.put("s", numbers(1, 5)...)
		w, _, done := feedOn(t, h, "/v1/streams/s/events?from=earliest&limit=3&envelope=data", "Accept", "application/x-ndjson")
		<-done
		if got := w.take(); got != "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n" {
			t.Errorf("got %q", got)
		}
	})
}

func TestDrainTellsFeeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sh := newShelf()
		s, h := sh.reader(t, Options{})
		sh.put("s", "1")
		w, _, done := feedOn(t, h, "/v1/streams/s/events", "Accept", "text/event-stream")
		w.take()
		s.Drain(t.Context())
		<-done
		if got := w.take(); !regexp.MustCompile(`^retry: (\d+)\nevent: drain\nid: \S+\ndata: {"retry_ms":\d+}\n\n$`).MatchString(got) {
			t.Errorf("got %q", got)
		}
		late := ask(h, "GET", "/v1/streams/s/events", "", "Accept", "text/event-stream")
		if late.Code != 503 || object(t, late.Body.Bytes())["code"] != "draining" {
			t.Errorf("got %d %s", late.Code, late.Body)
		}
	})
}

func TestASlowFeedIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sh := newShelf()
		s, h := sh.reader(t, Options{})
		sh.put("s", "1")
		w, _, done := feedOn(t, h, "/v1/streams/s/events", "Accept", "application/x-ndjson")
		w.mu.Lock()
		w.stuck = true
		w.mu.Unlock()
		sh.put("s", "2")
		<-done
		if n := s.feeds.counts.slow.Load(); n != 1 {
			t.Errorf("%d slow readers", n)
		}
	})
}

func TestFeedOverHTTPTwo(t *testing.T) {
	sh := newShelf()
	_, h := sh.reader(t, Options{})
	sh.put("s", "1")
	srv := httptest.NewUnstartedServer(h)
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	r, _ := http.NewRequestWithContext(t.Context(), "GET", srv.URL+"/v1/streams/s/events?from=earliest&envelope=data", nil)
	r.Header.Set("Accept", "text/event-stream")
	resp, err := srv.Client().Do(r)
	if err != nil || resp.ProtoMajor != 2 {
		t.Fatal(resp, err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	next := func(want string) {
		t.Helper()
		for lines.Scan() {
			if lines.Text() == want {
				return
			}
		}
		t.Fatalf("no %q: %v", want, lines.Err())
	}
	next("data: 1")
	next("event: up_to_date")
	sh.put("s", "2")
	next("data: 2")
}

// pipes is a listener in memory, for bubbles.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	conn, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// dial gives the client's end of a new connection.
func (p pipes) dial() net.Conn {
	client, server := net.Pipe()
	p <- server
	return client
}

// serve serves on pipes until the test ends.
func (p pipes) serve(t *testing.T, h http.Handler) {
	srv := &http.Server{Handler: h}
	var wg sync.WaitGroup
	wg.Go(func() { _ = srv.Serve(p) })
	t.Cleanup(func() {
		close(p)
		srv.Close()
		wg.Wait()
	})
}

func TestAReaderThatTakesNothingIsClosedAfterTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sh := newShelf()
		s, h := sh.reader(t, Options{})
		sh.put("s", "1")
		p := make(pipes)
		p.serve(t, h)
		conn := p.dial()
		defer conn.Close()
		fmt.Fprintf(conn, "GET /v1/streams/s/events HTTP/1.1\r\nHost: x\r\nAccept: application/x-ndjson\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
		begin := time.Now()
		sh.put("s", "2")
		for s.feeds.counts.readers[readerNDJSON].Load() > 0 {
			time.Sleep(time.Second)
		}
		if took := time.Since(begin); took < 10*time.Second || took > 11*time.Second || s.feeds.counts.slow.Load() != 1 {
			t.Errorf("closed after %s", took)
		}
	})
}
