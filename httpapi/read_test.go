package httpapi

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/edgedhq/edged"
)

func TestReadPages(t *testing.T) {
	sh := newShelf()
	_, h := sh.reader(t, Options{})
	sh.put("s", numbers(1, 3)...)
	sh.put("s", numbers(4, 5)...)
	cursor := ""
	for i, want := range []struct {
		ids      string
		caughtUp bool
	}{{"e1 e2", false}, {"e3 e4", false}, {"e5", true}, {"", true}} {
		w := ask(h, "GET", "/v1/streams/s/events?limit=2&cursor="+cursor, "")
		if w.Code != 200 || w.Header().Get("Content-Type") != "application/json" {
			t.Fatalf("page %d: %d %s", i, w.Code, w.Body)
		}
		page := object(t, w.Body.Bytes())
		var ids []string
		for _, e := range page["events"].([]any) {
			ids = append(ids, e.(map[string]any)["id"].(string))
			if _, has := e.(map[string]any)["cursor"]; has {
				t.Errorf("page %d: an event of a page has a cursor", i)
			}
		}
		if got := strings.Join(ids, " "); got != want.ids || page["caught_up"] != want.caughtUp {
			t.Errorf("page %d: got %q, caught up %v; want %q, %v", i, got, page["caught_up"], want.ids, want.caughtUp)
		}
		cursor = page["cursor"].(string)
	}
}

func TestReadFormsAndShapes(t *testing.T) {
	sh := newShelf()
	_, h := sh.reader(t, Options{})
	sh.put("s", `a={"n":1}`, `b={"n":2}`, `a={"n":3}`)
	for _, c := range []struct{ query, want string }{
		{"?envelope=data", `{"events":[{"n":1},{"n":2},{"n":3}],`},
		{"?envelope=data&key=a", `{"events":[{"n":1},{"n":3}],`},
		{"?envelope=data&key=b&key=zz", `{"events":[{"n":2}],`},
		{"?envelope=data&from=latest", `{"events":[],`},
	} {
		w := ask(h, "GET", "/v1/streams/s/events"+c.query, "")
		if !strings.HasPrefix(w.Body.String(), c.want) {
			t.Errorf("%s: got %s", c.query, w.Body)
		}
		object(t, w.Body.Bytes())
	}
	w := ask(h, "GET", "/v1/streams/s/events?limit=2", "", "Accept", "application/msgpack")
	var page struct {
		Events   []map[string]any `msgpack:"events"`
		Cursor   string           `msgpack:"cursor"`
		CaughtUp bool             `msgpack:"caught_up"`
	}
	if err := msgpack.Unmarshal(w.Body.Bytes(), &page); err != nil || w.Header().Get("Content-Type") != "application/msgpack" {
		t.Fatalf("%v, %v", err, w.Header())
	}
	if len(page.Events) != 2 || fmt.Sprint(page.Events[1]["data"]) != "map[n:2]" || page.CaughtUp || page.Cursor == "" {
		t.Errorf("got %v", page)
	}
}

func TestReadTellsGaps(t *testing.T) {
	sh := newShelf()
	_, h := sh.reader(t, Options{})
	sh.put("s", "1")
	sh.notify("s", edged.Notice{Op: "gap", Log: nameOfShelved("s"), From: 3, To: 9, Reason: "corrupt"})
	for _, accept := range []string{"application/json", "application/msgpack"} {
		w := ask(h, "GET", "/v1/streams/s/events", "", "Accept", accept)
		var page map[string]any
		if accept == "application/json" {
			page = object(t, w.Body.Bytes())
		} else if err := msgpack.Unmarshal(w.Body.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(page["gaps"]); got != "[map[from:3 origin:n~01000000000000000000 partition:0 reason:corrupt to:9]]" {
			t.Errorf("%s: got %s", accept, got)
		}
	}
}

func TestReadRefusals(t *testing.T) {
	sh := newShelf()
	_, h := sh.reader(t, Options{AutoCreate: true})
	sh.put("s", "1")
	foreign := edged.Cursor{Stream: "other", Generation: 1, Vector: edged.Vector{}}.String()
	damaged := foreign[:len(foreign)-2]
	for _, c := range []struct {
		path, accept, code, location string
		status                       int
	}{
		{"/v1/streams/absent/events", "", "stream_not_found", "", 404},
		{"/v1/streams/Bad/events", "", "invalid", "path.stream", 422},
		{"/v1/streams/s/events?limit=0", "", "invalid", "query.limit", 422},
		{"/v1/streams/s/events?limit=", "", "invalid", "query.limit", 422},
		{"/v1/streams/s/events?wait=", "", "invalid", "query.wait", 422},
		{"/v1/streams/s/events?on_lag=", "", "invalid", "query.on_lag", 422},
		{"/v1/streams/s/events?limit=10001", "", "invalid", "query.limit", 422},
		{"/v1/streams/s/events?limit=1&limit=2", "", "invalid", "query.limit", 422},
		{"/v1/streams/s/events?wait=61s", "", "invalid", "query.wait", 422},
		{"/v1/streams/s/events?wait=1", "", "invalid", "query.wait", 422},
		{"/v1/streams/s/events?from=yesterday", "", "invalid", "query.from", 422},
		{"/v1/streams/s/events?order=random", "", "invalid", "query.order", 422},
		{"/v1/streams/s/events?envelope=half", "", "invalid", "query.envelope", 422},
		{"/v1/streams/s/events?origin=eu", "", "invalid", "query.origin", 422},
		{"/v1/streams/s/events?on_lag=drop", "", "invalid", "query.on_lag", 422},
		{"/v1/streams/s/events?cursors=none", "", "invalid", "query.cursors", 422},
		{"/v1/streams/s/events?key=", "", "invalid", "query.key", 422},
		{"/v1/streams/s/events?key=%ff", "", "invalid", "query.key", 422},
		{"/v1/streams/s/events?type=", "", "invalid", "query.type", 422},
		{"/v1/streams/s/events?limt=5", "", "invalid", "query.limt", 422},
		{"/v1/streams/s/events?filter=a>?", "", "filter_invalid", "query.filter", 422},
		{"/v1/streams/s/events?cursor=xyz", "", "bad_cursor", "query.cursor", 400},
		{"/v1/streams/s/events?cursor=" + damaged, "", "bad_cursor", "query.cursor", 400},
		{"/v1/streams/s/events?cursor=" + foreign, "", "bad_cursor", "query.cursor", 400},
		{"/v1/streams/s/events?a=%zz", "", "bad_request", "", 400},
		{"/v1/streams/s/events", "image/png", "not_acceptable", "header.Accept", 406},
		{"/v1/streams/s/events?limit=x", "text/event-stream", "invalid", "query.limit", 422},
		{"/v1/live", "", "bad_request", "header.Upgrade", 400},
	} {
		w := ask(h, "GET", c.path, "", "Accept", c.accept)
		p := object(t, w.Body.Bytes())
		location := ""
		if errs, ok := p["errors"].([]any); ok {
			location = errs[0].(map[string]any)["location"].(string)
		}
		if w.Code != c.status || p["code"] != c.code || location != c.location {
			t.Errorf("%s %s: got %d %s", c.path, c.accept, w.Code, w.Body)
		}
	}
	w := ask(h, "GET", "/v1/streams/s/events?limt=5", "")
	if !strings.Contains(w.Body.String(), `did you mean \"limit\"?`) {
		t.Errorf("got %s", w.Body)
	}
}

func TestReadParameters(t *testing.T) {
	s, _ := newShelf().reader(t, Options{AutoCreate: true})
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	at := cursorAt("s", 7)
	for _, c := range []struct {
		query string
		live  bool
		want  edged.Query
	}{
		{"", false, edged.Query{}},
		{"", true, edged.Query{Start: edged.Start{Kind: edged.Latest}, Await: true}},
		{"from=earliest", true, edged.Query{Await: true}},
		{"from=-10m", false, edged.Query{Start: edged.Start{Kind: edged.AtTime, Time: now.Add(-10 * time.Minute).UnixNano()}}},
		{"from=2026-11-22T11:00:00%2B01:00", false, edged.Query{Start: edged.Start{Kind: edged.AtTime, Time: now.UnixNano()}}},
		{"cursor=" + at.String(), false, edged.Query{Start: edged.Start{Kind: edged.AtCursor, Cursor: at}}},
		{"from=latest&cursor=" + at.String(), true, edged.Query{Start: edged.Start{Kind: edged.AtCursorOrGap, Cursor: at}, Await: true}},
		{"order=stable&origin=local&on_lag=skip", false, edged.Query{Stable: true, Local: true, SkipLag: true}},
		{"key=a&key=b&key_prefix=c&type=t&type=u", false,
			edged.Query{Match: edged.Match{Keys: []string{"a", "b"}, KeyPrefix: "c", Types: []string{"t", "u"}}}},
	} {
		values, err := url.ParseQuery(c.query)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.reading("s", params{values: values, where: "query", now: now}, c.live)
		c.want.Stream = "s"
		if err != nil || fmt.Sprintf("%+v", got.Query) != fmt.Sprintf("%+v", c.want) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", c.query, got.Query, err, c.want)
		}
	}
}

func TestLongPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sh := newShelf()
		s, h := sh.reader(t, Options{})
		sh.put("s", "1")
		begin := time.Now()
		time.AfterFunc(7*time.Second, func() { sh.put("s", "2") })
		page := object(t, ask(h, "GET", "/v1/streams/s/events?from=latest&wait=30s", "").Body.Bytes())
		if took := time.Since(begin); len(page["events"].([]any)) != 1 || took != 7*time.Second {
			t.Errorf("after %s: %v", took, page)
		}
		begin = time.Now()
		page = object(t, ask(h, "GET", "/v1/streams/s/events?wait=30s&cursor="+page["cursor"].(string), "").Body.Bytes())
		if took := time.Since(begin); len(page["events"].([]any)) != 0 || page["caught_up"] != true || took != 30*time.Second {
			t.Errorf("after %s: %v", took, page)
		}
		begin = time.Now()
		time.AfterFunc(3*time.Second, func() { s.Drain(t.Context()) })
		page = object(t, ask(h, "GET", "/v1/streams/s/events?wait=30s&cursor="+page["cursor"].(string), "").Body.Bytes())
		if took := time.Since(begin); took != 3*time.Second {
			t.Errorf("a draining node answered after %s: %v", took, page)
		}
	})
}
