package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgedhq/edged"
)

func fixedNow() time.Time { return time.Unix(1_700_000_000, 0) }

func TestOrigins(t *testing.T) {
	f := newFake()
	closed := f.server(t, Options{})
	listed := f.server(t, Options{CORS: []string{"https://console.example.org"}, Hosts: []string{"Edge.example.org"}})
	all := f.server(t, Options{CORS: []string{"*", "https://console.example.org"}})
	for _, c := range []struct {
		name    string
		h       http.Handler
		headers []string
		status  int
		allow   string // Access-Control-Allow-Origin
	}{
		{"no origin", closed.Handler(), nil, 200, ""},
		{"own page", closed.Handler(), []string{"Host", "a.example:8080", "Origin", "http://a.example:8080"}, 200, ""},
		{"own page, TLS ended before", closed.Handler(), []string{"Host", "a.example", "Origin", "https://a.example"}, 200, ""},
		{"own page, port written out", closed.Handler(), []string{"Host", "a.example:443", "Origin", "https://a.example"}, 200, ""},
		{"another port", closed.Handler(), []string{"Host", "a.example:8080", "Origin", "http://a.example:8081"}, 403, ""},
		{"foreign page", closed.Handler(), []string{"Origin", "https://evil.example"}, 403, ""},
		{"no page's name", closed.Handler(), []string{"Origin", "null"}, 403, ""},
		{"garbage", closed.Handler(), []string{"Origin", "://"}, 403, ""},
		{"listed", listed.Handler(), []string{"Origin", "https://console.example.org"}, 200, "https://console.example.org"},
		{"listed, other scheme", listed.Handler(), []string{"Origin", "http://console.example.org"}, 403, ""},
		{"listed, longer", listed.Handler(), []string{"Origin", "https://console.example.org.evil.example"}, 403, ""},
		{"any", all.Handler(), []string{"Origin", "https://evil.example"}, 200, "*"},
		{"any, no page's name", all.Handler(), []string{"Origin", "null"}, 200, "*"},
		{"rebound name, listener not known", closed.Handler(), []string{"Host", "evil.example"}, 200, ""},
		{"rebound name", door{closed, true}, []string{"Host", "evil.example:8080", "Origin", "http://evil.example:8080"}, 403, ""},
		{"name that begins well", door{closed, true}, []string{"Host", "localhost.evil.example"}, 403, ""},
		{"localhost", door{closed, true}, []string{"Host", "LOCALHOST:8080"}, 200, ""},
		{"localhost with a dot", door{closed, true}, []string{"Host", "localhost."}, 200, ""},
		{"loopback", door{closed, true}, []string{"Host", "127.0.0.1:8080"}, 200, ""},
		{"loopback 6", door{closed, true}, []string{"Host", "[::1]:8080"}, 200, ""},
		{"loopback 6 alone", door{closed, true}, []string{"Host", "[::1]"}, 200, ""},
		{"another address", door{closed, true}, []string{"Host", "10.0.0.1:8080"}, 403, ""},
		{"configured name", listed.Handler(), []string{"Host", "edge.example.org:8080"}, 200, ""},
		{"not the configured name", listed.Handler(), []string{"Host", "evil.example"}, 403, ""},
	} {
		w := ask(c.h, http.MethodGet, "/v1/version", "", c.headers...)
		if w.Code != c.status || w.Header().Get("Access-Control-Allow-Origin") != c.allow {
			t.Errorf("%s: %d %v", c.name, w.Code, w.Header())
		}
		if w.Header().Get("Access-Control-Allow-Credentials") == "true" && c.allow == "*" {
			t.Errorf("%s: credentials with any page", c.name)
		}
		if w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", c.name, w.Header())
		}
	}
	ask3 := []string{"Origin", "https://console.example.org", "Access-Control-Request-Method", "PUT", "Access-Control-Request-Headers", "content-type"}
	if w := ask(listed.Handler(), http.MethodOptions, "/v1/streams/a", "", ask3...); w.Code != 204 ||
		!strings.Contains(w.Header().Get("Access-Control-Allow-Methods"), "PUT") || !strings.Contains(w.Header().Get("Access-Control-Allow-Headers"), "Idempotency-Key") {
		t.Errorf("preflight: %d %v", w.Code, w.Header())
	}
	if w := ask(closed.Handler(), http.MethodOptions, "/v1/streams/a", "", ask3...); w.Code != 403 {
		t.Errorf("preflight of a foreign page: %d %v", w.Code, w.Header())
	}
}

func TestMethods(t *testing.T) {
	f := newFake()
	h := f.server(t, Options{}).Handler()
	ask(h, http.MethodPut, "/v1/streams/a", "")
	const of = "DELETE, GET, HEAD, OPTIONS, PUT"
	if w := ask(h, http.MethodOptions, "/v1/streams/a", ""); w.Code != 204 || w.Header().Get("Allow") != of {
		t.Errorf("OPTIONS: %d %v", w.Code, w.Header())
	}
	for _, m := range []string{"PATCH", "TRACE", "POST", "BREW"} {
		if w := ask(h, m, "/v1/streams/a", ""); w.Code != 405 || w.Header().Get("Allow") != of {
			t.Errorf("%s: %d %v", m, w.Code, w.Header())
		}
		if w := ask(h, m, "/nothing", ""); w.Code != 404 {
			t.Errorf("%s on nothing: %d", m, w.Code)
		}
	}
	get := ask(h, http.MethodGet, "/v1/streams/a", "")
	head := ask(h, http.MethodHead, "/v1/streams/a", "", "Accept", "text/event-stream", "Upgrade", "websocket")
	if head.Code != 200 || head.Header().Get("Content-Length") != get.Header().Get("Content-Length") {
		t.Errorf("HEAD: %d %v", head.Code, head.Header())
	}
}

// TestPanics tells a fault that can still be answered from one that cannot.
func TestPanics(t *testing.T) {
	s := newFake().server(t, Options{})
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		aborts  bool
	}{
		{"before", func(http.ResponseWriter, *http.Request) { panic("x") }, false},
		{"after a publication was handed over", func(w http.ResponseWriter, _ *http.Request) { begun(w); panic("x") }, true},
		{"within the answer", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{"); panic("x") }, true},
		{"on purpose", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, true},
		{"a fault without a kind after it", func(w http.ResponseWriter, r *http.Request) { begun(w); s.fail(w, r, errors.New("x")) }, true},
		{"a fault without a kind before it", func(w http.ResponseWriter, r *http.Request) { s.fail(w, r, errors.New("x")) }, false},
	} {
		s.routes.add(http.MethodPost, "/panic", s.serve(&route{handler: c.handler}))
		w := httptest.NewRecorder()
		got := func() (cause any) {
			defer func() { cause = recover() }()
			s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/panic", nil))
			return nil
		}()
		switch {
		case c.aborts && got != http.ErrAbortHandler: //nolint:errorlint // the value itself is the signal
			t.Errorf("%s: %v, %d %s", c.name, got, w.Code, w.Body)
		case !c.aborts:
			if got != nil || !strings.Contains(w.Body.String(), `"stored":false`) {
				t.Errorf("%s: %v, %s", c.name, got, w.Body)
			}
			checkProblem(t, c.name, w.Header(), w.Body.Bytes(), 500, "internal")
		}
	}
}

func TestAfter(t *testing.T) {
	cursor := edged.Cursor{Stream: "a", Generation: 1, Vector: edged.Vector{{Partition: 1}: 3}}.String()
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		h := f.server(t, Options{}).Handler()
		for _, c := range []struct {
			query  string
			await  func(context.Context, edged.Cursor) error
			status int
			code   string
			waits  time.Duration
		}{
			{"after=" + cursor, nil, 200, "", 0},
			{"after=" + cursor, slowly(time.Second), 200, "", time.Second},
			{"after=" + cursor, slowly(time.Hour), 503, "unavailable", 5 * time.Second},
			{"wait=20s&after=" + cursor, slowly(time.Hour), 503, "unavailable", 20 * time.Second},
			{"wait=0s&after=" + cursor, slowly(time.Hour), 503, "unavailable", 0},
			{"wait=61s&after=" + cursor, nil, 422, "invalid", 0},
			{"wait=soon&after=" + cursor, nil, 422, "invalid", 0},
			{"after=x", nil, 400, "bad_cursor", 0},
			{"after=", nil, 400, "bad_cursor", 0},
			{"hereafter=x", nil, 200, "", 0},
			{"after=" + cursor, func(context.Context, edged.Cursor) error { return edged.StreamNotFound }, 404, "stream_not_found", 0},
		} {
			f.await = c.await
			began := time.Now()
			w := ask(h, http.MethodGet, "/v1/streams?"+c.query, "")
			if w.Code != c.status || time.Since(began) != c.waits {
				t.Errorf("%s: %d after %v: %s", c.query, w.Code, time.Since(began), w.Body)
			}
			if c.code != "" {
				checkProblem(t, c.query, w.Header(), w.Body.Bytes(), c.status, c.code)
			}
		}
	})
}

func slowly(d time.Duration) func(context.Context, edged.Cursor) error {
	return func(ctx context.Context, _ edged.Cursor) error {
		select {
		case <-ctx.Done():
			return fmt.Errorf("streams: await: %w", ctx.Err())
		case <-time.After(d):
			return nil
		}
	}
}

func TestHTTPServer(t *testing.T) {
	s := newFake().server(t, Options{})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := s.HTTPServer(ln.Addr())
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ln) }()
	defer func() {
		_ = srv.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}()
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	for _, c := range []struct {
		client *http.Client
		proto  string
	}{
		{&http.Client{Transport: &http.Transport{Protocols: protocols}}, "HTTP/2.0"},
		{&http.Client{Transport: &http.Transport{}}, "HTTP/1.1"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+ln.Addr().String()+"/v1/version", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != 200 || resp.Proto != c.proto {
			t.Errorf("%s %d %s", resp.Proto, resp.StatusCode, body)
		}
		req.Host = "evil.example"
		if resp, err = c.client.Do(req); err != nil || resp.StatusCode != 403 {
			t.Errorf("rebound over %s: %v, %v", c.proto, resp, err)
		} else {
			_ = resp.Body.Close()
		}
		c.client.CloseIdleConnections()
	}
	if wide := s.HTTPServer(&net.TCPAddr{IP: net.IPv4zero}); wide.Protocols.UnencryptedHTTP2() || wide.ReadHeaderTimeout != 5*time.Second {
		t.Error("HTTP/2 without TLS is for loopback only")
	}
}

func TestOptions(t *testing.T) {
	for _, o := range []Options{
		{CORS: []string{"console.example.org"}}, {CORS: []string{"https://a/b"}}, {CORS: []string{""}}, {Hosts: []string{"http://a"}},
		{Hosts: []string{"a:80"}}, {Hosts: []string{""}}, {Limits: Limits{EventBytesMax: -1}},
	} {
		if got, err := o.withDefaults(); err == nil {
			t.Errorf("%+v was taken as %+v", o, got)
		}
	}
	o, err := Options{Limits: Limits{EventBytesMax: 16 << 20}}.withDefaults()
	if err != nil || o.Limits.BatchBytesMax != 16<<20 || o.Limits.BatchEventsMax != 10_000 || o.Now == nil || o.Log == nil {
		t.Errorf("%+v, %v", o, err)
	}
	if _, err := New(Parts{}, Options{}); err == nil {
		t.Error("a server without parts")
	}
}

// TestDoorAllocates holds the way of every publish, up to its handler, to what net/http itself
// takes for a value of the path.
func TestDoorAllocates(t *testing.T) {
	if raced {
		t.Skip("allocations are counted without the race detector")
	}
	s := newFake().server(t, Options{})
	s.routes.add(http.MethodPost, "/v1/streams/{stream}/x", s.serve(&route{appends: true, handler: func(w http.ResponseWriter, r *http.Request) {
		if name, err := streamOf(r); err != nil || name != "orders" {
			t.Fatal(name, err)
		}
		begun(w)
	}}))
	h := s.HTTPServer(&net.TCPAddr{IP: net.IPv6loopback}).Handler
	fresh := httptest.NewRequest(http.MethodPost, "/v1/streams/orders/x?ack=disk", nil)
	fresh.Host = "localhost:8080"
	w := httptest.NewRecorder()
	r := new(http.Request)
	if n := testing.AllocsPerRun(100, func() {
		*r = *fresh //nolint:govet // as net/http makes one for each request
		h.ServeHTTP(w, r)
	}); n > 3 { // 2, and under the race detector the pools forget now and then
		t.Errorf("%v allocations, want 2", n)
	}
}
