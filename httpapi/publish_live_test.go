package httpapi

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/edgedhq/edged"
)

// checker is a Streams that takes events whose id, key and data must tell the same number.
type checker struct {
	*fakeParts
	mu  sync.Mutex
	bad []string
}

func (c *checker) Append(_ context.Context, p *edged.Publication) (edged.Receipt, error) {
	for i := range p.Drafts {
		d := &p.Drafts[i]
		if want := fmt.Sprintf(`{"n":"%s"}`, d.Key); string(d.Data) != want || !strings.HasPrefix(string(d.ID), string(d.Key)+":") {
			c.mu.Lock()
			c.bad = append(c.bad, fmt.Sprintf("%s %s %s", d.ID, d.Key, d.Data))
			c.mu.Unlock()
		}
	}
	return receiptOf(p), nil
}

// TestParcelsAreNotShared publishes from many connections at once; with -race it also shows that
// nothing of a request is used after its answer.
func TestParcelsAreNotShared(t *testing.T) {
	fake := newFake()
	c := &checker{fakeParts: fake}
	s, err := New(Parts{Streams: c, Catalog: fake, Cluster: fake, Health: fake}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/streams/{stream}/events", s.publish)
	server := httptest.NewServer(mux)
	defer server.Close()
	one := func(name string, round int) error {
		body := fmt.Appendf(nil, `[{"key":"%[1]s","data":{"n":"%[1]s"}},{"key":"\u%04[2]x%[3]s","data":%[4]s}]`,
			name, name[0], name[1:], "{\n\"n\" : \""+name+"\"}")
		var in io.Reader = bytes.NewReader(body)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/v1/streams/orders/events", in)
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/vnd.edged.events+json")
		request.Header.Set("Idempotency-Key", name)
		switch round % 3 {
		case 1:
			request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(gzipped(t, body))), -1
			request.Header.Set("Content-Encoding", "gzip")
		case 2:
			request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(zstded(t, body, true))), -1
			request.Header.Set("Content-Encoding", "zstd")
		}
		answer, err := server.Client().Do(request)
		if err != nil {
			return err
		}
		defer func() { _ = answer.Body.Close() }()
		text, err := io.ReadAll(answer.Body)
		if err == nil && answer.StatusCode != 201 {
			err = fmt.Errorf("%d %s", answer.StatusCode, text)
		}
		return err
	}
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for round := range 60 {
				if err := one(fmt.Sprintf("w%d-%d", worker, round), round); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	if len(c.bad) > 0 {
		t.Errorf("%d events are not what was sent, as %s", len(c.bad), c.bad[0])
	}
}

// TestALargeBodyIsAnswered shows that who sends too much hears of it, on a real connection.
func TestALargeBodyIsAnswered(t *testing.T) {
	s, a := publisher(t, Options{})
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/streams/{stream}/events", s.publish)
	server := httptest.NewServer(mux)
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String()) //nolint:noctx // closed below
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, "POST /v1/streams/orders/events HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n{"); err != nil {
		t.Fatal(err)
	}
	head := make([]byte, 12)
	if _, err := io.ReadFull(conn, head); err != nil || string(head) != "HTTP/1.1 413" {
		t.Fatalf("%q %v", head, err)
	}
	if a.calls != 0 {
		t.Error("something was appended")
	}
}
