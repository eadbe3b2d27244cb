package httpapi

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/edgedhq/edged"
)

const visitsHome = "/v1/collections/visits/keys/home"

func TestUpdates(t *testing.T) {
	c, h := counters(t)
	pack := func(v any) string {
		b, err := msgpack.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write([]byte(`{"increment":1}`))
	_ = z.Close()
	for i, q := range []struct {
		body    string
		headers []string
		value   int
	}{
		{`{"increment":5}`, nil, 5},
		{` {"decrement":2} `, []string{"Content-Type", typeJSON}, 3},
		{`[{"increment":1},{"increment":1}]`, []string{"Content-Type", "application/json; charset=utf-8"}, 5},
		{`{"increment":1}`, []string{"Content-Type", typeForm}, 6}, // curl -d
		{pack(map[string]any{"increment": 4}), []string{"Content-Type", typeMsgpack}, 10},
		{pack([]any{map[string]any{"decrement": 4}}), []string{"Content-Type", "application/x-msgpack"}, 6},
		{zipped.String(), []string{"Content-Encoding", "gzip"}, 7},
	} {
		w := ask(h, http.MethodPost, visitsHome, q.body, q.headers...)
		want := fmt.Sprintf("{\"key\":\"home\",\"type\":\"counter\",\"value\":%d,\"cursor\":%q}\n", q.value, c.cursorOf("visits"))
		if w.Code != 200 || w.Body.String() != want || w.Header().Get("Content-Type") != typeJSON {
			t.Errorf("%d: %d %v\ngot  %s\nwant %s", i, w.Code, w.Header(), w.Body, want)
		}
	}
	var got map[string]any
	w := ask(h, http.MethodPost, visitsHome, `{"increment":1}`, "Accept", typeMsgpack)
	if err := msgpack.Unmarshal(w.Body.Bytes(), &got); err != nil || fmt.Sprint(got["value"]) != "8" || w.Header().Get("Content-Type") != typeMsgpack {
		t.Errorf("%v %v", got, err)
	}
	w = ask(h, http.MethodDelete, visitsHome, "")
	if w.Code != 204 || w.Header().Get("Edged-Cursor") != c.cursorOf("visits") || w.Body.Len() > 0 {
		t.Errorf("delete: %d %v %s", w.Code, w.Header(), w.Body)
	}
	if last := c.handed[len(c.handed)-1]; last.Ops != nil || last.Key != "home" {
		t.Errorf("handed over %+v", last)
	}
	w = ask(h, http.MethodDelete, visitsHome, "")
	checkProblem(t, "deleted already", w.Header(), w.Body.Bytes(), 404, "key_not_found")
}

func TestUpdatesOfManyKeys(t *testing.T) {
	c, h := counters(t)
	const keys = "/v1/collections/visits/keys"
	packed, _ := msgpack.Marshal([]any{map[string]any{"key": "é", "increment": 1}})
	for _, q := range []struct {
		body, contentType string
		count             int
		handed            string
	}{
		{`[{"key":"a","increment":1},{"decrement":2,"key":"b"},{"key":"a","ops":[{"increment":1},{"increment":3}]}]`, typeJSON, 3,
			`a {"increment":1} b {"decrement":2} a [{"increment":1},{"increment":3}]`},
		{`[{"key":"c","ops":{"increment":1}}]`, typeJSON, 1, `c {"increment":1}`},
		{`[ { "increment" : 1 , "key" : "\u0061\"" } ]`, typeForm, 1, `a" {"increment":1}`},
		{"{\"key\":\"a\",\"increment\":1}\n\n {\"key\":\"b\",\"increment\":1}\r\n", typeNDJSON, 2, `a {"increment":1} b {"increment":1}`},
		{string(packed), typeMsgpack, 1, `é {"increment":1}`},
	} {
		c.handed = nil
		w := ask(h, http.MethodPost, keys+"?ack=region", q.body, "Content-Type", q.contentType)
		want := fmt.Sprintf("{\"count\":%d,\"cursor\":%q}\n", q.count, c.cursorOf("visits"))
		var handed []string
		for _, u := range c.handed {
			handed = append(handed, u.Key+" "+string(u.Ops))
			if u.Collection != "visits" || u.Ack != edged.Region() {
				t.Errorf("handed over %+v", u)
			}
		}
		if w.Code != 200 || w.Body.String() != want || strings.Join(handed, " ") != q.handed {
			t.Errorf("%s: %d\ngot  %swant %s\nhanded over %s", q.body, w.Code, w.Body, want, strings.Join(handed, " "))
		}
	}
	if got := c.values["visits"]; got["a"] != "6" || got["b"] != "-1" {
		t.Errorf("values %v", got)
	}
}

// refusal is a request and what is said against it.
type refusal struct {
	method, target, body, contentType string
	status                            int
	code, location                    string
}

func (q *refusal) check(t *testing.T, h http.Handler) {
	t.Helper()
	w := ask(h, q.method, q.target, q.body, "Content-Type", q.contentType)
	name := q.method + " " + q.target + " " + cut(q.body, 60)
	checkProblem(t, name, w.Header(), w.Body.Bytes(), q.status, q.code)
	if text := w.Body.String(); w.Code != q.status || !strings.Contains(text, `"stored":false`) ||
		q.location != "" && !strings.Contains(text, `"location":"`+q.location+`"`) {
		t.Errorf("%s: %d %s", name, w.Code, text)
	}
}

func TestUpdatesRefuse(t *testing.T) {
	c, h := counters(t)
	const keys = "/v1/collections/visits/keys"
	post := func(target, body, contentType string, status int, code, location string) refusal {
		return refusal{http.MethodPost, target, body, contentType, status, code, location}
	}
	large := `{"increment":1` + strings.Repeat(" ", 1<<20) + "}"
	for _, q := range []refusal{
		post(visitsHome, "", "", 400, "bad_request", "body"),
		post(visitsHome, `{"increment":`, "", 400, "bad_request", "body"),
		post(visitsHome, "7", "", 422, "invalid", "body"),
		post(visitsHome, `{"add":["x"]}`, "", 422, "invalid", "body.add"),
		post(visitsHome, `[{"increment":1},{"assign":1}]`, "", 422, "invalid", "body[1].assign"),
		post(visitsHome, `{"increment":1.5}`, "", 422, "invalid", "body.increment"),
		post(visitsHome, large, "", 413, "too_large", "body"),
		post(visitsHome, "{}", "text/plain", 415, "unsupported_media_type", "header.Content-Type"),
		post(visitsHome, "{}", typeNDJSON, 415, "unsupported_media_type", "header.Content-Type"),
		post(visitsHome, "{}", "application/json; charset=latin1", 415, "unsupported_media_type", "header.Content-Type"),
		post(visitsHome, "\xc1", typeMsgpack, 400, "bad_request", "body"),
		post(visitsHome, "\x81\xa1a\xc4\x01x", typeMsgpack, 422, "invalid", "body"),
		post(visitsHome+"?ack=all", `{"increment":1}`, "", 422, "invalid", "query.ack"),
		post(visitsHome+"?timeout=0s", `{"increment":1}`, "", 422, "invalid", "query.timeout"),
		post(visitsHome+"?timeout=1s&timeout=1s", `{"increment":1}`, "", 422, "invalid", "query.timeout"),
		post(visitsHome+"?acks=disk", `{"increment":1}`, "", 422, "invalid", "query.acks"),
		post("/v1/collections/Visits/keys/home", `{"increment":1}`, "", 422, "invalid", "path.name"),
		post(keys+"/"+strings.Repeat("k", 1025), `{"increment":1}`, "", 422, "invalid", "path.key"),
		post(keys+"/%ff", `{"increment":1}`, "", 422, "invalid", "path.key"),
		post("/v1/collections/none/keys/home", `{"increment":1}`, "", 404, "collection_not_found", ""),
		post("/v1/collections/none/keys", `[{"key":"a","increment":1}]`, "", 404, "collection_not_found", ""),
		post(keys, "[]", "", 422, "invalid", "body"),
		post(keys, "\n", typeNDJSON, 422, "invalid", "body"),
		post(keys, "{}", "", 400, "bad_request", "body"),
		post(keys, "[1]", "", 400, "bad_request", "body"),
		post(keys, `[{"key":"a","increment":1}`, "", 400, "bad_request", "body"),
		post(keys, "{\"key\":\"a\",\"increment\":1}\n{\"key\"", typeNDJSON, 400, "bad_request", "body[1]"),
		post(keys, `[{"increment":1}]`, "", 422, "invalid", "body[0].key"),
		post(keys, `[{"key":"a","increment":1},{"key":7,"increment":1}]`, "", 422, "invalid", "body[1].key"),
		post(keys, `[{"key":"","increment":1}]`, "", 422, "invalid", "body[0].key"),
		post(keys, `[{"key":"\ud800","increment":1}]`, "", 422, "invalid", "body[0].key"),
		post(keys, `[{"key":"a","key":"b","increment":1}]`, "", 422, "invalid", "body[0].key"),
		post(keys, `[{"key":"a"}]`, "", 422, "invalid", "body[0]"),
		post(keys, `[{"key":"a","ops":7}]`, "", 422, "invalid", "body[0].ops"),
		post(keys, `[{"key":"a","ops":[],"increment":1}]`, "", 422, "invalid", "body[0].ops"),
		post(keys, `[{"key":"a","increment":1},{"key":"b","add":["x"]}]`, "", 422, "invalid", "body[1].add"),
		post(keys, `[{"key":"a","ops":[{"increment":1},{"put":{}}]}]`, "", 422, "invalid", "body[0].ops[1].put"),
		post(keys, `[{"key":"a","ops":{"put":{}}}]`, "", 422, "invalid", "body[0].ops.put"),
		post(keys, "["+strings.TrimSuffix(strings.Repeat(`{"key":"a","increment":1},`, 10_001), ",")+"]", "", 413, "too_large", "body"),
		{http.MethodDelete, visitsHome, "", "", 404, "key_not_found", ""},
		{http.MethodDelete, visitsHome + "?ack=x", "", "", 422, "invalid", "query.ack"},
		{http.MethodDelete, "/v1/collections/none/keys/a", "", "", 404, "collection_not_found", ""},
	} {
		q.check(t, h)
	}
	if len(c.values["visits"]) > 0 {
		t.Errorf("carried out all the same: %v", c.values)
	}
	w := ask(h, http.MethodPost, "/v1/collections/none/keys/home", `{"increment":1}`)
	if !strings.Contains(w.Body.String(), "PUT /v1/collections/none") {
		t.Errorf("it does not say how to make one: %s", w.Body)
	}
	w = ask(h, http.MethodPost, keys, `[{"key":"a","ops":[{"put":{}}]}]`)
	if !strings.Contains(w.Body.String(), `"detail":"body[0].ops[0].put: `) {
		t.Errorf("the detail names another place: %s", w.Body)
	}
}

func TestLimitReached(t *testing.T) {
	c := newCupboard()
	h := c.server(t, Options{}).Handler()
	ask(h, http.MethodPut, "/v1/collections/seats", `{"type":"bounded_counter","max":2}`)
	const key = "/v1/collections/seats/keys/hall"
	if w := ask(h, http.MethodPost, key, `{"increment":2}`); w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	(&refusal{http.MethodPost, key, `{"increment":1}`, "", 409, "limit_reached", ""}).check(t, h)
}

// TestUpdatesPassErrorsOn: what happened after the hand-over is said as it is, or not at all.
func TestUpdatesPassErrorsOn(t *testing.T) {
	reached := edged.Refuse(edged.AckTimeout, "x")
	reached.Reached = "disk"
	for _, q := range []struct {
		err    error
		status int
		says   string
	}{
		{edged.Refuse(edged.Overloaded, "x"), 429, `"stored":false`},
		{edged.Refuse(edged.LevelUnreachable, "x"), 503, `"stored":false`},
		{edged.Refuse(edged.DiskFull, "x"), 507, `"stored":false`},
		{edged.Refuse(edged.TooLarge, "x"), 413, `"stored":false`},
		{fmt.Errorf("y: %w", reached), 504, `"stored":"unknown","reached":"disk"`},
		{edged.Refuse(edged.AckTimeout, "x"), 504, `"stored":"unknown"`},
		{fmt.Errorf("y: %w", context.Canceled), 504, "the update may be stored"},
		{errors.New("a fault"), 0, ""},
	} {
		for _, method := range []string{http.MethodPost, http.MethodDelete} {
			c, h := counters(t)
			c.broken = q.err
			var w *httptest.ResponseRecorder
			aborted := func() (cause any) {
				defer func() { cause = recover() }()
				w = ask(h, method, visitsHome+"?ack=region", `{"increment":1}`)
				return nil
			}()
			if q.status == 0 {
				if aborted != http.ErrAbortHandler { //nolint:errorlint // the value itself is the signal
					t.Errorf("%s, %v: not cut: %v", method, q.err, w)
				}
				continue
			}
			if w == nil || w.Code != q.status || !strings.Contains(w.Body.String(), q.says) {
				t.Errorf("%s, %v: %v", method, q.err, w)
			}
		}
	}
}

func TestUpdatesWaitNoLongerThanTheyWereTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, h := counters(t)
		c.hold = true
		for query, want := range map[string]time.Duration{"": 5 * time.Second, "?timeout=250ms": 250 * time.Millisecond} {
			began := time.Now()
			w := ask(h, http.MethodPost, visitsHome+query, `{"increment":1}`)
			checkProblem(t, query, w.Header(), w.Body.Bytes(), 504, "ack_timeout")
			if time.Since(began) != want || !strings.Contains(w.Body.String(), "counts twice") {
				t.Errorf("%s: after %v: %s", query, time.Since(began), w.Body)
			}
		}
	})
}

func TestUpdatesAreRefusedWhileDraining(t *testing.T) {
	c := newCupboard()
	s := c.server(t, Options{})
	ask(s.Handler(), http.MethodPut, "/v1/collections/visits", `{"type":"counter"}`)
	s.Drain(t.Context())
	for _, method := range []string{http.MethodPost, http.MethodDelete} {
		(&refusal{method, visitsHome, `{"increment":1}`, "", 503, "draining", ""}).check(t, s.Handler())
	}
	if w := ask(s.Handler(), http.MethodGet, "/v1/collections/visits", ""); w.Code != 200 {
		t.Errorf("reads go on: %d", w.Code)
	}
}

func TestUpdatesAreMeasured(t *testing.T) {
	c, h := counters(t)
	ask(h, http.MethodPost, "/v1/collections/visits/keys", `[{"key":"a","increment":1},{"key":"b","increment":1}]`)
	ask(h, http.MethodPost, visitsHome+"?ack=regions:2", `{"increment":1}`)
	text := ask(h, http.MethodGet, "/metrics", "").Body.String()
	for _, want := range []string{`edged_update_seconds_count{ack="disk"} 1`, `edged_update_seconds_count{ack="regions"} 1`, "edged_updated_keys_total 3"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	_ = c
}

// stillEntries answers every update at once.
type stillEntries struct {
	*cupboard
	entry edged.Entry
}

func (s stillEntries) Update(context.Context, *edged.Update) (edged.Entry, error) {
	return s.entry, nil
}
func (s stillEntries) UpdateAll(context.Context, string, []edged.Update) (string, error) {
	return s.entry.Cursor, nil
}

// updateAgain is one update of a hundred operations, to be sent again and again.
func updateAgain(t testing.TB, target, body string) func() {
	c := newCupboard()
	s := c.server(t, Options{})
	s.parts.Entries = stillEntries{c, edged.Entry{Key: "home", Type: "counter", Value: []byte("123456"), Cursor: cursorAt("$c.visits", 9).String()}}
	fresh := httptest.NewRequest(http.MethodPost, target, nil)
	in := &rewound{}
	fresh.Body, fresh.ContentLength = in, int64(len(body))
	raw := []byte(body)
	w := &quietWriter{header: http.Header{}}
	h := s.Handler()
	r := new(http.Request)
	return func() {
		*r = *fresh //nolint:govet // as net/http makes one for each request
		in.Reset(raw)
		h.ServeHTTP(w, r)
		if w.status != 200 {
			t.Fatal(w.status)
		}
	}
}

func hundred(one string) string { return "[" + strings.Repeat(one+",", 99) + one + "]" }

func TestUpdatesAllocate(t *testing.T) {
	if raced {
		t.Skip("allocations are counted without the race detector")
	}
	for name, q := range map[string]struct {
		target, body string
		most         float64
	}{
		"one":           {visitsHome, `{"increment":1}`, 8},
		"a hundred":     {visitsHome, hundred(`{"increment":1}`), 8},
		"hundred keys":  {"/v1/collections/visits/keys", hundred(`{"key":"home","increment":1}`), 8},
		"with its wait": {visitsHome + "?ack=disk&timeout=1s", `{"increment":1}`, 8},
	} {
		if n := testing.AllocsPerRun(200, updateAgain(t, q.target, q.body)); n > q.most {
			t.Errorf("%s: %v allocations, want at most %v", name, n, q.most)
		}
	}
}

func BenchmarkUpdate(b *testing.B) {
	for _, c := range []struct{ name, target, body string }{
		{"one", visitsHome, `{"increment":1}`},
		{"100 operations", visitsHome, hundred(`{"increment":1}`)},
		{"100 keys", "/v1/collections/visits/keys", hundred(`{"key":"home","increment":1}`)},
	} {
		b.Run(c.name, func(b *testing.B) {
			update := updateAgain(b, c.target, c.body)
			b.ReportAllocs()
			for b.Loop() {
				update()
			}
		})
	}
}
