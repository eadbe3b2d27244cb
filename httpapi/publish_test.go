package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/edgedhq/edged"
)

// appender is a Streams that keeps the texts of what it was handed.
type appender struct {
	*fakeParts
	append func(ctx context.Context, p *edged.Publication) (edged.Receipt, error)
	got    []string
	ack    edged.Ack
	after  *edged.Cursor
	calls  int
}

func (a *appender) Append(ctx context.Context, p *edged.Publication) (edged.Receipt, error) {
	a.calls++
	a.got, a.ack, a.after = nil, p.Ack, p.After
	for i := range p.Drafts {
		a.got = append(a.got, fmt.Sprintf("%s|%s|%s|%s", p.Drafts[i].ID, p.Drafts[i].Key, p.Drafts[i].ContentType, p.Drafts[i].Data))
	}
	if a.append != nil {
		return a.append(ctx, p)
	}
	return receiptOf(p), nil
}

func receiptOf(p *edged.Publication) edged.Receipt {
	origin := edged.Origin{ID: edged.OriginID{1, 2, 3}, Label: "eu-1"}
	return edged.Receipt{
		Stream: p.Stream, Count: len(p.Drafts), Origin: origin,
		Spans:  []edged.Span{{Partition: 0, First: 410, Last: edged.Sequence(409 + len(p.Drafts))}, {Partition: 300, First: 1, Last: 70_000}},
		HLC:    edged.Timestamp{Wall: 1_732_345_678_901_234_567, Logical: 3},
		Before: edged.Cursor{Stream: p.Stream, Generation: 1}.Base(),
	}
}

func publisher(t testing.TB, opts Options) (*Server, *appender) {
	t.Helper()
	fake := newFake()
	a := &appender{fakeParts: fake}
	s, err := New(Parts{Streams: a, Catalog: fake, Cluster: fake, Health: fake}, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s, a
}

// send publishes; headers are pairs.
func send(s *Server, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/v1/streams/orders/events"+target, strings.NewReader(body))
	r.SetPathValue("stream", "orders")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.publish(&exchange{ResponseWriter: w}, r)
	return w
}

func TestPublish(t *testing.T) {
	s, a := publisher(t, Options{})
	cursor := edged.Cursor{Stream: "other", Generation: 1}.String()
	w := send(s, "?key=user%201&ack=memory&timeout=1s&after="+cursor, `{"total":42}`, "Content-Type", "application/json", "Idempotency-Key", "K")
	if w.Code != 201 || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	if strings.Join(a.got, " ") != `K|user 1||{"total":42}` || a.ack != edged.Memory() || a.after == nil || a.after.Stream != "other" {
		t.Errorf("handed over %q %v %v", a.got, a.ack, a.after)
	}
	rec := receiptOf(&edged.Publication{Stream: "orders", Drafts: make([]edged.Draft, 1)})
	want := `{"stream":"orders","count":1,"duplicates":0,"origin":"eu-1~01020300000000000000",` +
		`"partition_seqs":{"0":[410,410],"300":[1,70000]},"hlc":"2024-11-23T07:07:58.901234567Z+3","cursor":"` + string(rec.AppendCursor(nil)) + "\"}\n"
	if w.Body.String() != want {
		t.Errorf("got  %s\nwant %s", w.Body, want)
	}
	if _, err := edged.ParseCursor(object(t, w.Body.Bytes())["cursor"].(string)); err != nil {
		t.Error(err)
	}
}

func TestPublishAnswersInMsgpack(t *testing.T) {
	s, _ := publisher(t, Options{})
	text := send(s, "", "1")
	packed := send(s, "", "1", "Accept", "application/msgpack")
	if packed.Code != 201 || packed.Header().Get("Content-Type") != "application/msgpack" {
		t.Fatalf("%d %v", packed.Code, packed.Header())
	}
	var fromPack, fromText receiptView
	d := msgpack.NewDecoder(packed.Body)
	d.SetCustomStructTag("json")
	if err := d.Decode(&fromPack); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text.Body.Bytes(), &fromText); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(fromPack) != fmt.Sprint(fromText) {
		t.Errorf("msgpack %v, JSON %v", fromPack, fromText)
	}
}

func TestLongReceiptHasItsLength(t *testing.T) {
	s, a := publisher(t, Options{})
	a.append = func(_ context.Context, p *edged.Publication) (edged.Receipt, error) {
		rec := receiptOf(p)
		for i := range edged.Partition(256) {
			rec.Spans = append(rec.Spans, edged.Span{Partition: i, First: 1, Last: 2})
		}
		return rec, nil
	}
	w := send(s, "", "1", "Content-Type", "application/json")
	if got, want := w.Header().Get("Content-Length"), strconv.Itoa(w.Body.Len()); w.Body.Len() <= bufferedMax || got != want {
		t.Errorf("Content-Length %q of %s bytes", got, want)
	}
}

func TestPublishRefuses(t *testing.T) {
	big := strings.Repeat(" ", 2000) + "1"
	limits := Limits{EventBytesMax: 1000, BatchBytesMax: 4000, BatchEventsMax: 3}
	for _, c := range []struct {
		name, target, body string
		headers            []string
		status             int
		detail             string
	}{
		{"ack", "?ack=disc", "1", nil, 422, "query.ack"},
		{"timeout", "?timeout=5", "1", nil, 422, "query.timeout: want a duration above zero"},
		{"no timeout", "?timeout=0s", "1", nil, 422, "query.timeout"},
		{"long timeout", "?timeout=2m", "1", nil, 422, "at most 1m"},
		{"after", "?after=xyz", "1", nil, 400, "query.after"},
		{"unknown word", "?akc=memory", "1", nil, 422, `query.akc: unknown parameter; did you mean "ack"?`},
		{"twice", "?ack=disk&ack=memory", "1", nil, 422, "query.ack: is there twice"},
		{"escape", "?key=%zz", "1", nil, 400, "want pairs of name=value"},
		{"empty key", "?key=", "1", nil, 422, "query.key"},
		{"header time", "", "1", []string{"Edged-Time", "soon"}, 422, "header.Edged-Time: want RFC 3339"},
		{"accept", "", "1", []string{"Accept", "image/png"}, 406, "header.Accept"},
		{"encoding", "", "1", []string{"Content-Encoding", "deflate"}, 415, "want gzip, zstd or identity"},
		{"two encodings", "", "1", []string{"Content-Encoding", "gzip, zstd"}, 415, "one of them"},
		{"not gzip", "", "1", []string{"Content-Encoding", "gzip"}, 400, "cannot be inflated"},
		{"not JSON", "", "{", nil, 400, "body: line 1, column 2 (byte 1): want a member's name"},
		{"empty", "", "", nil, 400, "body: line 1"},
		{"large", "", big, nil, 413, "at most 1000"},
		{"large batch", "", big + big, []string{"Content-Type", "application/x-ndjson"}, 413, "at most 4000"},
		{"many", "", "1\n2\n3\n4", []string{"Content-Type", "application/x-ndjson"}, 413, "at most 3 events"},
	} {
		s, a := publisher(t, Options{Limits: limits})
		w := send(s, c.target, c.body, c.headers...)
		p := object(t, w.Body.Bytes())
		if w.Code != c.status || !strings.Contains(p["detail"].(string), c.detail) || p["stored"] != false {
			t.Errorf("%s: got %d %v, want %d %s", c.name, w.Code, p, c.status, c.detail)
		}
		if c.status == 413 && (p["limit"] == nil || p["size"] == nil) {
			t.Errorf("%s: a 413 without limit and size: %v", c.name, p)
		}
		if a.calls != 0 {
			t.Errorf("%s: refused after the append", c.name)
		}
	}
}

// endless is a body that never ends and counts what was read of it.
type endless struct{ n int }

func (e *endless) Read(p []byte) (int, error) { e.n += len(p); return len(p), nil }

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

func TestBodiesThatLie(t *testing.T) {
	s, a := publisher(t, Options{})
	ask := func(body io.Reader, length int64, contentType string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/", body)
		r.ContentLength = length
		r.Header.Set("Content-Type", contentType)
		r.SetPathValue("stream", "orders")
		w := httptest.NewRecorder()
		s.publish(&exchange{ResponseWriter: w}, r)
		return w
	}
	for contentType, most := range map[string]int{"application/json": 1 << 20, "application/x-ndjson": 8 << 20} {
		body := &endless{}
		if w := ask(body, -1, contentType); w.Code != 413 || body.n > most+1 {
			t.Errorf("%s: %d after %d bytes", contentType, w.Code, body.n)
		}
		body = &endless{}
		if w := ask(body, 1<<30, contentType); w.Code != 413 || body.n != 0 {
			t.Errorf("%s, 1 GiB claimed: %d after %d bytes", contentType, w.Code, body.n)
		}
	}
	if w := ask(broken{io.ErrUnexpectedEOF}, 1<<20, "application/json"); w.Code != 400 || !strings.Contains(w.Body.String(), "ended before") {
		t.Errorf("cut off: %d %s", w.Code, w.Body)
	}
	if n := allocatedBytes(func() { _, _ = readAll(nil, broken{io.ErrUnexpectedEOF}, 1<<20, 1<<20) }); n > 160<<10 {
		t.Errorf("1 MiB claimed, nothing sent: %d bytes allocated", n)
	}
	if a.calls != 0 {
		t.Error("something was appended")
	}
}

func TestPublishPassesErrorsOn(t *testing.T) {
	for _, c := range []struct {
		name   string
		err    error
		status int // 0: closed without a status
		stored any
	}{
		{"no stream", edged.Refuse(edged.StreamNotFound, "no stream"), 404, false},
		{"mismatch", fmt.Errorf("streams: x: %w", edged.IdempotencyMismatch), 422, false},
		{"overload", edged.Refuse(edged.Overloaded, "later"), 429, false},
		{"disk", edged.Refuse(edged.DiskFull, "full"), 507, false},
		{"level", edged.Refuse(edged.LevelUnreachable, "alone"), 503, false},
		{"timeout", fmt.Errorf("streams: x: %w", edged.AckTimeout), 504, "unknown"},
		{"another node with this identity", fmt.Errorf("streams: x: %w", edged.IdentityConflict), 503, false},
		{"fault", errors.New("streams: something broke"), 0, nil},
	} {
		s, a := publisher(t, Options{})
		a.append = func(context.Context, *edged.Publication) (edged.Receipt, error) { return edged.Receipt{}, c.err }
		status, stored := 0, any(nil)
		func() {
			defer func() {
				if cause := recover(); cause != nil && cause != http.ErrAbortHandler { //nolint:errorlint // the value itself
					panic(cause)
				}
			}()
			w := send(s, "", "1")
			status, stored = w.Code, object(t, w.Body.Bytes())["stored"]
		}()
		if status != c.status || stored != c.stored {
			t.Errorf("%s: got %d %v, want %d %v", c.name, status, stored, c.status, c.stored)
		}
	}
}

func TestPublishWithoutAckHasTheNodes(t *testing.T) {
	s, a := publisher(t, Options{Ack: edged.Regions(2)})
	for query, want := range map[string]edged.Ack{"": edged.Regions(2), "?ack=disk": edged.Disk()} {
		if w := send(s, query, "1"); w.Code != http.StatusCreated || a.ack != want {
			t.Errorf("%q: %d at %s, want %s", query, w.Code, a.ack, want)
		}
	}
	if _, err := s.publishFrame(t.Context(), "orders", []byte(`[{"data":1}]`), false, "", "", ""); err != nil || a.ack != edged.Regions(2) {
		t.Errorf("a frame: %v at %s", err, a.ack)
	}
}

func TestAckTimeoutSaysWhatIsReached(t *testing.T) {
	f := newFake()
	h := f.server(t, Options{}).Handler()
	for reached, says := range map[string]string{"": "the events may be stored", "disk": "the events are stored, at ack disk"} {
		f.err = &edged.Refusal{Kind: edged.AckTimeout, Reached: reached}
		w := ask(h, http.MethodPost, "/v1/streams/a/events?ack=regions:2&timeout=1s", `1`, "Content-Type", "application/json")
		p := object(t, w.Body.Bytes())
		if got, _ := p["reached"].(string); w.Code != 504 || p["stored"] != "unknown" || got != reached {
			t.Errorf("reached %q: %d %s", reached, w.Code, w.Body)
		}
		if !strings.Contains(p["detail"].(string), "ack regions:2 was not reached within 1s; "+says) {
			t.Errorf("%s", w.Body)
		}
	}
}

func TestPublishWaitsNoLongerThanItWasTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, a := publisher(t, Options{})
		a.append = func(ctx context.Context, _ *edged.Publication) (edged.Receipt, error) {
			<-ctx.Done()
			return edged.Receipt{}, ctx.Err()
		}
		for target, want := range map[string]time.Duration{"": 5 * time.Second, "?timeout=250ms": 250 * time.Millisecond} {
			start := time.Now()
			w := send(s, target, "1")
			if p := object(t, w.Body.Bytes()); w.Code != 504 || p["stored"] != "unknown" || time.Since(start) != want {
				t.Errorf("%q: %d %v after %v", target, w.Code, p, time.Since(start))
			}
		}
	})
}

func TestPublishFrame(t *testing.T) {
	s, a := publisher(t, Options{})
	rec, err := s.publishFrame(t.Context(), "orders", []byte(`[{"data":1},{"data":2,"key":"k"}]`), false, "memory", "1s", "K")
	if err != nil || rec.Count != 2 || strings.Join(a.got, " ") != "K:0|||1 K:1|k||2" || a.ack != edged.Memory() {
		t.Fatalf("%+v %v %q", rec, err, a.got)
	}
	packed, _ := msgpack.Marshal([]any{map[string]any{"data": map[string]any{"a": 1}}})
	if _, err := s.publishFrame(t.Context(), "orders", packed, true, "", "", ""); err != nil || strings.Join(a.got, " ") != `|||{"a":1}` {
		t.Fatalf("%v %q", err, a.got)
	}
	for _, c := range []struct{ stream, events, ack, timeout, detail string }{
		{"No", "[]", "", "", "frame.stream"},
		{"orders", "[]", "", "", "frame.events: want at least one event"},
		{"orders", `[{"data":1,"kye":2}]`, "", "", `frame.events[0].kye: unknown member; did you mean "key"?`},
		{"orders", `[{"data":1}]`, "disc", "", "frame.ack"},
		{"orders", `[{"data":1}]`, "", "never", "frame.timeout"},
	} {
		_, err := s.publishFrame(t.Context(), c.stream, []byte(c.events), false, c.ack, c.timeout, "")
		if err == nil || !strings.Contains(err.Error(), c.detail) {
			t.Errorf("%+v: got %v", c, err)
		}
	}
	a.append = func(context.Context, *edged.Publication) (edged.Receipt, error) {
		return edged.Receipt{}, errors.New("streams: something broke")
	}
	if _, err := s.publishFrame(t.Context(), "orders", []byte(`[{"data":1}]`), false, "", "", ""); !errors.Is(err, edged.AckTimeout) {
		t.Errorf("a fault after the append says %v", err)
	}
	s.draining.Store(true)
	if _, err := s.publishFrame(t.Context(), "orders", []byte(`[{"data":1}]`), false, "", "", ""); !errors.Is(err, edged.Draining) {
		t.Errorf("while draining: %v", err)
	}
}

// rewound is a body that can be sent again.
type rewound struct{ bytes.Reader }

func (r *rewound) Close() error { return nil }

// again publishes one body over and over, without the cost of a recorder.
func again(t testing.TB, contentType, body string) func() {
	s, a := publisher(t, Options{})
	rec := receiptOf(&edged.Publication{Stream: "orders", Drafts: make([]edged.Draft, 1)})
	s.parts.Streams = still{a, rec}
	r := httptest.NewRequest(http.MethodPost, "/v1/streams/orders/events", nil)
	r.SetPathValue("stream", "orders")
	r.Header.Set("Content-Type", contentType)
	in := &rewound{}
	r.Body, r.ContentLength = in, int64(len(body))
	raw := []byte(body)
	w := &quietWriter{header: http.Header{}}
	x := &exchange{ResponseWriter: w}
	return func() {
		in.Reset(raw)
		s.publish(x, r)
		if w.status != 201 {
			t.Fatal(w.status)
		}
	}
}

type still struct {
	*appender
	rec edged.Receipt
}

func (s still) Append(context.Context, *edged.Publication) (edged.Receipt, error) { return s.rec, nil }

type quietWriter struct {
	header http.Header
	status int
}

func (w *quietWriter) Header() http.Header         { return w.header }
func (w *quietWriter) Write(b []byte) (int, error) { return len(b), nil }
func (w *quietWriter) WriteHeader(status int)      { w.status = status }

func oneBody() string {
	return `{"user":"u-17","total":42.25,"note":"` + strings.Repeat("x", 90) + `"}`
}

func batchBody() string {
	return "[" + strings.Repeat(`{"key":"user-7","data":`+oneBody()+"},", 99) + `{"data":1}]`
}

func TestPublishAllocates(t *testing.T) {
	if raced {
		t.Skip("allocations are counted without the race detector")
	}
	for name, publish := range map[string]func(){
		"one": again(t, "application/json", oneBody()), "batch": again(t, "application/vnd.edged.events+json", batchBody()),
	} {
		if n := testing.AllocsPerRun(200, publish); n > 8 {
			t.Errorf("%s: %v allocations, want at most 8", name, n)
		}
	}
}

func BenchmarkPublish(b *testing.B) {
	for _, c := range []struct{ name, contentType, body string }{
		{"one", "application/json", oneBody()},
		{"batch of 100", "application/vnd.edged.events+json", batchBody()},
	} {
		b.Run(c.name, func(b *testing.B) {
			publish := again(b, c.contentType, c.body)
			b.SetBytes(int64(len(c.body)))
			b.ReportAllocs()
			for b.Loop() {
				publish()
			}
		})
	}
}
