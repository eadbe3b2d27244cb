package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgedhq/edged"
)

// serve starts a server with one handler and gives a client of it.
func serve(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c, err := New(Options{URL: s.URL, Token: "sesame"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func refuse(w http.ResponseWriter, status int, code, stored string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"title":"T","detail":"d","code":%q,"retryable":%v,"stored":%s}`, code, status == 429 || status >= 503, stored)
}

func TestProblemCarriesKind(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "Bearer sesame" {
			t.Errorf("authorization %q", got)
		}
		refuse(w, 404, "stream_not_found", "false")
	})
	_, err := c.Stream(t.Context(), "orders")
	p, ok := errors.AsType[*Problem](err)
	if !ok || !errors.Is(err, edged.StreamNotFound) || p.Status != 404 || !p.NotStored() {
		t.Fatalf("got %#v", err)
	}
}

func TestProblemOfAProxy(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "<html>upstream is away</html>", http.StatusBadGateway)
	})
	_, err := c.Version(t.Context())
	p, ok := errors.AsType[*Problem](err)
	if !ok || p.Code != "" || p.Status != 502 || !p.Retryable || !strings.Contains(err.Error(), "upstream is away") {
		t.Fatalf("got %#v", err)
	}
}

func TestNamesNeverBecomePaths(t *testing.T) {
	var got []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.RequestURI)
		fmt.Fprint(w, `{}`)
	})
	for _, name := range []string{"a/../b", "..", "a b", "ø?x=1#y"} {
		if _, err := c.Stream(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"/v1/streams/a%2F..%2Fb", "/v1/streams/..", "/v1/streams/a%20b", "/v1/streams/%C3%B8%3Fx=1%23y"}
	if !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
}

func TestBadServerAddress(t *testing.T) {
	for _, text := range []string{"ftp://x", "http://", "http://[::1"} {
		if _, err := New(Options{URL: text}); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	c, err := New(Options{URL: "localhost:9000/"})
	if err != nil || c.URL() != "http://localhost:9000" {
		t.Errorf("got %v, %v", c, err)
	}
}

func TestAppendBatch(t *testing.T) {
	at := time.Date(2026, 11, 22, 6, 41, 51, 900_000_000, time.UTC)
	drafts := []Draft{
		{Data: []byte(`{"total":42}`)},
		{ID: "i", Key: "k\"\\\n\x01ø", Type: "t", Time: at, Headers: map[string]string{"a": "b"}, Data: []byte(`1`)},
		{ContentType: "text/plain", Data: []byte("héllo \"you\"\t\r")},
		{ContentType: "text/plain; charset=utf-8", Data: []byte{0xff}},
		{ContentType: "application/cbor", Data: []byte{1, 2}},
		{ContentType: "application/vnd.x+json", Data: []byte(`[]`)},
		{},
	}
	var got []map[string]any
	b := AppendBatch(nil, drafts)
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	want := []map[string]any{
		{"data": map[string]any{"total": 42.0}},
		{"id": "i", "key": "k\"\\\n\x01ø", "type": "t", "time": "2026-11-22T06:41:51.9Z", "headers": map[string]any{"a": "b"}, "data": 1.0},
		{"content_type": "text/plain", "data": "héllo \"you\"\t\r"},
		{"content_type": "text/plain; charset=utf-8", "data_base64": "/w=="},
		{"content_type": "application/cbor", "data_base64": "AQI="},
		{"content_type": "application/vnd.x+json", "data": []any{}},
		{"data_base64": ""},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("got  %v\nwant %v", got, want)
	}
}

func TestEventBytes(t *testing.T) {
	cases := []struct{ envelope, want string }{
		{`{"content_type":"application/json","data":{"a": 1}}`, `{"a": 1}`},
		{`{"content_type":"text/plain","data":"a\nb"}`, "a\nb"},
		{`{"content_type":"image/png","data_base64":"AQI="}`, "\x01\x02"},
		{`{"data":null}`, "null"},
	}
	for _, c := range cases {
		d := Delivery{Data: []byte(c.envelope)}
		e, err := d.Event()
		if err != nil || string(e.Bytes()) != c.want {
			t.Errorf("%s: got %q, %v; want %q", c.envelope, e.Bytes(), err, c.want)
		}
	}
}

func TestPublishRetries(t *testing.T) {
	cases := []struct {
		name     string
		key      string
		answers  []func(http.ResponseWriter)
		wantErr  error
		attempts int32
	}{
		{"overloaded, no key", "", []func(http.ResponseWriter){refusal(429, "overloaded", "false"), created}, nil, 2},
		{"ack timeout, key", "k", []func(http.ResponseWriter){refusal(504, "ack_timeout", `"unknown"`), created}, nil, 2},
		{"ack timeout, no key", "", []func(http.ResponseWriter){refusal(504, "ack_timeout", `"unknown"`), created}, edged.AckTimeout, 1},
		{"connection lost, key", "k", []func(http.ResponseWriter){lose, created}, nil, 2},
		{"invalid", "k", []func(http.ResponseWriter){refusal(422, "invalid", "false"), created}, edged.Invalid, 1},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			var attempts atomic.Int32
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if got := r.Header.Get("Idempotency-Key"); got != tc.key {
					t.Errorf("key %q", got)
				}
				if got := r.URL.Query().Get("ack"); got != "disk" {
					t.Errorf("ack %q", got)
				}
				body, _ := io.ReadAll(r.Body)
				if string(body) != `[{"data":1}]` {
					t.Errorf("body %s", body)
				}
				tc.answers[attempts.Add(1)-1](w)
			})
			got, err := c.Publish(t.Context(), "s", []Draft{{Data: []byte("1")}},
				PublishOptions{Ack: "disk", IdempotencyKey: tc.key, RetryFor: time.Minute})
			if n := attempts.Load(); !errors.Is(err, tc.wantErr) || n != tc.attempts {
				t.Fatalf("got %v after %d attempts, want %v after %d", err, n, tc.wantErr, tc.attempts)
			}
			if err == nil && (got.Count != 1 || got.PartitionSeqs["0"] != [2]uint64{4, 4}) {
				t.Fatalf("receipt %+v", got)
			}
		})
	}
}

func refusal(status int, code, stored string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { refuse(w, status, code, stored) }
}

func created(w http.ResponseWriter) {
	w.WriteHeader(http.StatusCreated)
	fmt.Fprint(w, `{"stream":"s","count":1,"duplicates":0,"origin":"a~00","partition_seqs":{"0":[4,4]},"hlc":"x","cursor":"c"}`)
}

func lose(http.ResponseWriter) { panic(http.ErrAbortHandler) }

func TestConnectionLostWithoutKeyIsNotTriedAgain(t *testing.T) {
	var attempts atomic.Int32
	c := serve(t, func(http.ResponseWriter, *http.Request) {
		attempts.Add(1)
		panic(http.ErrAbortHandler)
	})
	_, err := c.Publish(t.Context(), "s", []Draft{{Data: []byte("1")}}, PublishOptions{RetryFor: time.Minute})
	if n := attempts.Load(); err == nil || n != 1 {
		t.Fatalf("got %v after %d attempts", err, n)
	}
}

func TestReadAsksAsTold(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		const want = "cursor=CUR&key=a&key=b&limit=7&order=stable&wait=1.5s"
		if r.URL.RawQuery != want {
			t.Errorf("query %s, want %s", r.URL.RawQuery, want)
		}
		fmt.Fprint(w, `{"events":[{"id":"1","stream":"s","partition":0,"origin":"o~1","seq":3,"time":"2026-11-22T06:41:51.9Z","data":{}}],"cursor":"NEXT","caught_up":true}`)
	})
	page, err := c.Read(t.Context(), "s", Query{From: "earliest", Cursor: "CUR", Limit: 7, Keys: []string{"a", "b"}, Order: "stable", Wait: 1500 * time.Millisecond})
	if err != nil || len(page.Events) != 1 || page.Events[0].Seq != 3 || page.Cursor != "NEXT" || !page.CaughtUp {
		t.Fatalf("got %+v, %v", page, err)
	}
}

func TestStreamsFollowsPages(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("page") == "" {
			fmt.Fprint(w, `{"streams":[{"name":"a","retention":{"age":"24h","bytes":1024}},{"name":"b"}],"next":"p2"}`)
			return
		}
		fmt.Fprint(w, `{"streams":[{"name":"c"}]}`)
	})
	var names []string
	for info, err := range c.Streams(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, info.Name)
	}
	if !slices.Equal(names, []string{"a", "b", "c"}) {
		t.Fatalf("got %v", names)
	}
}

func TestPutStreamSaysWhetherItMadeOne(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if !bytes.Equal(body, []byte(`{"partitions":4,"retention":{"age":"24h"}}`)) {
			t.Errorf("body %s", body)
		}
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"name":"a","partitions":4}`)
	})
	info, made, err := c.PutStream(t.Context(), "a", StreamSpec{Partitions: 4, Retention: &Retention{Age: "24h"}})
	if err != nil || !made || info.Partitions != 4 {
		t.Fatalf("got %+v, %v, %v", info, made, err)
	}
}

func TestBackoffStaysInItsBounds(t *testing.T) {
	b := newBackoff(100*time.Millisecond, time.Second)
	bound := 100 * time.Millisecond
	for i := range 20 {
		d := b.next(0)
		if d < bound/2 || d > bound {
			t.Fatalf("pause %d is %v, want %v to %v", i, d, bound/2, bound)
		}
		bound = min(2*bound, time.Second)
	}
	if d := b.next(5 * time.Second); d != 5*time.Second {
		t.Fatalf("asked for 5s, got %v", d)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if pause(ctx, time.Hour) {
		t.Fatal("a pause outlived its context")
	}
}
