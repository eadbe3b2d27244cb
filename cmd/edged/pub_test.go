package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// shelf is a server that stores batches once for each idempotency key, and loses connections and
// refuses as it is told.
type shelf struct {
	mu      sync.Mutex
	events  []map[string]any
	batches []int
	known   map[string]bool
	trouble func(attempt int) string // "", "lose" after storing, "refuse" or "alone"
	attempt int
}

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/v1/version" {
		fmt.Fprint(w, `{"version":"test"}`)
		return
	}
	body, _ := io.ReadAll(r.Body)
	var batch []map[string]any
	if err := json.Unmarshal(body, &batch); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attempt++
	what := ""
	if s.trouble != nil {
		what = s.trouble(s.attempt)
	}
	if what == "alone" {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, `{"code":"level_unreachable","detail":"d","retryable":true,"stored":false}`)
		return
	}
	if what == "refuse" {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusTooManyRequests)
		fmt.Fprint(w, `{"code":"overloaded","detail":"d","retryable":true,"stored":false}`)
		return
	}
	key := r.Header.Get("Idempotency-Key")
	fresh := !s.known[key]
	if fresh {
		s.known[key] = true
		s.events = append(s.events, batch...)
		s.batches = append(s.batches, len(batch))
	}
	if what == "lose" {
		panic(http.ErrAbortHandler)
	}
	count, duplicates := len(batch), 0
	if !fresh {
		count, duplicates = 0, len(batch)
	}
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, `{"stream":"s","count":%d,"duplicates":%d,"cursor":"c"}`, count, duplicates)
}

func newShelf(t *testing.T) (*shelf, string) {
	s := &shelf{known: map[string]bool{}}
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	return s, h.URL
}

func TestPubSendsEveryLineOnceAndInOrder(t *testing.T) {
	s, url := newShelf(t)
	s.trouble = func(attempt int) string { return []string{"", "lose", "refuse", ""}[attempt%4] }
	var in strings.Builder
	for i := range 2500 {
		fmt.Fprintf(&in, "line %d of a log\n", i)
	}
	got := edgedRun(t, in.String(), nil, "pub", "s", "-", "-s", url, "--batch", "300", "-o", "json")
	if got.code != 0 {
		t.Fatalf("%+v", got)
	}
	if len(s.events) != 2500 {
		t.Fatalf("%d events", len(s.events))
	}
	for i, e := range s.events {
		if e["data"] != fmt.Sprintf("line %d of a log", i) || e["content_type"] != "text/plain" {
			t.Fatalf("event %d is %v", i, e)
		}
	}
	if most := slices.Max(s.batches); most != 300 {
		t.Errorf("largest batch is %d", most)
	}
	var end struct{ Published, Duplicates int }
	if err := json.Unmarshal([]byte(got.out), &end); err != nil || end.Published != 2500 || end.Duplicates == 0 {
		t.Errorf("%v in %s", err, got.out)
	}
}

func TestPubTakesLinesAsTheyAre(t *testing.T) {
	s, url := newShelf(t)
	in := "{\"a\":1}\n\nplain\r\n7\n\xff\nlast without end"
	if got := edgedRun(t, in, nil, "pub", "s", "-", "-s", url, "--key", "k", "--type", "t"); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	var lines []string
	for _, e := range s.events {
		if e["key"] != "k" || e["type"] != "t" {
			t.Errorf("%v", e)
		}
		lines = append(lines, fmt.Sprint(e["content_type"], e["data"], e["data_base64"]))
	}
	want := []string{
		"<nil> map[a:1] <nil>", "text/plain<nil>", "text/plainplain<nil>", "<nil> 7 <nil>",
		"application/octet-stream<nil>/w==", "text/plainlast without end<nil>",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got  %q\nwant %q", lines, want)
	}
}

func TestPubEndsAtALineThatHasNoKey(t *testing.T) {
	s, url := newShelf(t)
	got := edgedRun(t, "{\"u\":1}\n{\"u\":2}\n{}\n{\"u\":4}\n", nil, "pub", "s", "-", "-s", url, "--key-from", "/u")
	if got.code != exitFailed || !strings.Contains(got.errs, "line 3: it has no /u") || len(s.events) != 2 {
		t.Errorf("%+v, %d events", got, len(s.events))
	}
}

func TestPubFailsWhenNotAllIsAcknowledged(t *testing.T) {
	s, url := newShelf(t)
	s.trouble = func(attempt int) string { return map[bool]string{true: "refuse"}[attempt > 1] }
	got := edgedRun(t, "a\nb\nc\n", nil, "pub", "s", "-", "-s", url, "--batch", "1", "--retry-for", "1ms")
	if got.code != exitUnavailable || !strings.Contains(got.errs, "1 event acknowledged before it failed") {
		t.Errorf("%+v", got)
	}
}

func TestPubTellsAtOnceThatALevelIsOutOfReach(t *testing.T) {
	s, url := newShelf(t)
	s.trouble = func(int) string { return "alone" }
	got := edgedRun(t, "", nil, "pub", "s", "x", "-s", url, "--ack", "region")
	if got.code != exitUnavailable || s.attempt != 1 || strings.Contains(got.errs, "again in") || !strings.Contains(got.errs, "--ack disk") {
		t.Errorf("after %d attempts: %+v", s.attempt, got)
	}
	// Where it was reached before, the nodes may come back.
	s, url = newShelf(t)
	s.trouble = func(attempt int) string { return map[bool]string{true: "alone"}[attempt == 2] }
	got = edgedRun(t, "a\nb\n", nil, "pub", "s", "-", "-s", url, "--batch", "1")
	if got.code != 0 || len(s.events) != 2 {
		t.Errorf("%+v", got)
	}
}

func TestPubDoesNotWaitForAFullBatch(t *testing.T) {
	s, url := newShelf(t)
	r, w := io.Pipe()
	a := &app{in: r, out: io.Discard, errs: io.Discard}
	done := make(chan int, 1)
	go func() { done <- a.run(t.Context(), []string{"pub", "s", "-", "-s", url}) }()
	if _, err := io.WriteString(w, "first\n"); err != nil {
		t.Fatal(err)
	}
	for stored := 0; stored == 0; time.Sleep(time.Millisecond) { // a real clock: sockets are in the way
		s.mu.Lock()
		stored = len(s.events)
		s.mu.Unlock()
	}
	w.Close()
	if code := <-done; code != 0 {
		t.Errorf("exit %d", code)
	}
}

func TestPubIsInterrupted(t *testing.T) {
	_, url := newShelf(t)
	r, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	var errs strings.Builder
	a := &app{in: r, out: io.Discard, errs: &errs}
	done := make(chan int, 1)
	go func() { done <- a.run(ctx, []string{"pub", "s", "-", "-s", url}) }()
	if _, err := io.WriteString(w, "first\n"); err != nil {
		t.Fatal(err)
	}
	cancel()
	if code := <-done; code == 0 {
		t.Errorf("exit %d, %s", code, errs.String())
	}
}

func TestRatePaces(t *testing.T) {
	s, url := newShelf(t)
	start := time.Now()
	got := edgedRun(t, strings.Repeat("x\n", 60), nil, "pub", "s", "-", "-s", url, "--rate", "200")
	if took := time.Since(start); got.code != 0 || took < 150*time.Millisecond || slices.Max(s.batches) > 20 {
		t.Errorf("%+v in %s, batches %v", got, took, s.batches)
	}
}

// feedOf serves SSE: three events, lost after each, and a gap.
func feedOf(t *testing.T) string {
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/version" {
			fmt.Fprint(w, `{"version":"test"}`)
			return
		}
		n := 0
		fmt.Sscanf(r.URL.Query().Get("cursor"), "c%d", &n)
		fmt.Fprintf(w, "event: subscribed\nid: c%d\ndata: {}\n\n", n)
		if n == 1 {
			fmt.Fprint(w, "event: gap\ndata: {\"from\":4,\"to\":6,\"reason\":\"retired\"}\n\n")
		}
		fmt.Fprintf(w, "id: c%d\ndata: {\"id\":\"%d\",\"content_type\":\"text/plain\",\"data\":\"say \\\"%d\\\"\"}\n\n", n+1, n+1, n+1)
	}))
	t.Cleanup(h.Close)
	return h.URL
}

func TestSubGoesOnByCursor(t *testing.T) {
	url := feedOf(t)
	got := edgedRun(t, "", nil, "sub", "s", "--from", "earliest", "--limit", "3", "-s", url)
	want := ""
	for n := 1; n <= 3; n++ {
		want += fmt.Sprintf("{\"id\":\"%d\",\"content_type\":\"text/plain\",\"data\":\"say \\\"%d\\\"\",\"cursor\":\"c%d\"}\n", n, n, n)
	}
	if got.code != 0 || got.out != want || !strings.Contains(got.errs, "gap: events 4 to 6 are gone: retired") {
		t.Errorf("%+v", got)
	}
	got = edgedRun(t, "", nil, "sub", "s", "--cursor", "c1", "--limit", "2", "--data-only", "-q", "-s", url)
	if got.code != 0 || got.out != "say \"2\"\nsay \"3\"\n" || got.errs != "" {
		t.Errorf("%+v", got)
	}
}

func TestSubPrintsLinesForPeopleWhereAsked(t *testing.T) {
	url := feedOf(t)
	got := edgedRun(t, "", nil, "sub", "s", "--from", "earliest", "--limit", "1", "-o", "table", "-s", url)
	if got.code != 0 || !strings.HasSuffix(got.out, "  say \"1\"\n") {
		t.Errorf("%+v", got)
	}
}

// shut is an output whose reader has gone.
type shut struct{}

func (shut) Write([]byte) (int, error) { return 0, errors.New("gone") }

func TestSubEndsWhenNobodyReads(t *testing.T) {
	a := &app{in: strings.NewReader(""), out: shut{}, errs: io.Discard}
	if code := a.run(t.Context(), []string{"sub", "s", "-s", feedOf(t)}); code != exitFailed {
		t.Errorf("exit %d", code)
	}
}
