package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/edgedhq/edged"
)

// exchange is a request of the client and what the node answers.
type exchange struct {
	request string // method, URI, body
	status  int
	answer  string
}

// serveExchanges answers the requests that it knows, and refuses all others.
func serveExchanges(t *testing.T, all ...exchange) *Client {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got := strings.TrimSpace(r.Method + " " + r.RequestURI + " " + string(body))
		for _, e := range all {
			if e.request == got {
				w.Header().Set("Edged-Cursor", "c9")
				w.WriteHeader(e.status)
				fmt.Fprint(w, e.answer)
				return
			}
		}
		t.Errorf("asked %s", got)
		refuse(w, 404, "not_found", "false")
	})
}

func TestCollections(t *testing.T) {
	const visits = `{"name":"visits","type":"counter","ttl":"24h","created":"2026-11-25T00:00:00Z","keys":3,"bytes":90}`
	c := serveExchanges(t,
		exchange{`PUT /v1/collections/visits {"type":"counter","ttl":"24h"}`, 201, visits},
		exchange{`PUT /v1/collections/seats {"type":"bounded_counter","max":9}`, 200, `{"name":"seats","type":"bounded_counter","max":9}`},
		exchange{"GET /v1/collections/visits", 200, visits},
		exchange{"GET /v1/collections/visits/digest", 200, `{"vector":{"a~1/0":2},"digest":"d2"}`},
		exchange{"GET /v1/collections?limit=100", 200, `{"collections":[` + visits + `],"next":"x"}`},
		exchange{"GET /v1/collections?limit=100&page=x", 200, `{"collections":[{"name":"z","type":"set"}]}`},
		exchange{"DELETE /v1/collections/visits", 204, ""},
	)
	info, made, err := c.PutCollection(t.Context(), "visits", CollectionSpec{Type: "counter", TTL: "24h"})
	if err != nil || !made || info.Type != "counter" || info.Keys != 3 {
		t.Errorf("%+v %v %v", info, made, err)
	}
	most := int64(9)
	if info, made, err := c.PutCollection(t.Context(), "seats", CollectionSpec{Type: "bounded_counter", Max: &most}); err != nil || made || *info.Max != 9 {
		t.Errorf("%+v %v %v", info, made, err)
	}
	if info, err := c.Collection(t.Context(), "visits"); err != nil || info.TTL != "24h" {
		t.Errorf("%+v %v", info, err)
	}
	if d, err := c.CollectionDigest(t.Context(), "visits"); err != nil || d.Digest != "d2" {
		t.Errorf("%+v %v", d, err)
	}
	all := c.Collections(t.Context())
	for range 2 { // a sequence begins anew each time
		var names []string
		for info, err := range all {
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, info.Name)
		}
		if !slices.Equal(names, []string{"visits", "z"}) {
			t.Errorf("listed %v", names)
		}
	}
	if err := c.DeleteCollection(t.Context(), "visits"); err != nil {
		t.Error(err)
	}
}

func TestEntries(t *testing.T) {
	const home = `{"key":"a/b","type":"register","value":{"x":1},"conflicts":[2,{"x":1}],"cursor":"c1"}`
	c := serveExchanges(t,
		exchange{"GET /v1/collections/r/keys/a%2Fb", 200, home},
		exchange{"GET /v1/collections/r/keys/a%2Fb?after=c1", 200, home},
		exchange{`POST /v1/collections/r/keys/a%2Fb?ack=regions%3A2&timeout=2s {"assign":{"x":1}}`, 200, home},
		exchange{`POST /v1/collections/r/keys [{"key":"a","ops":{"assign":1}},{"key":"b","ops":[{"assign":2}]}]`, 200, `{"count":2,"cursor":"c2"}`},
		exchange{"DELETE /v1/collections/r/keys/..?ack=region", 204, ""},
		exchange{"GET /v1/collections/r/keys?after=c1&limit=1000&prefix=a", 200, `{"keys":[{"key":"a","value":1}],"next":"n","cursor":"c1"}`},
		exchange{"GET /v1/collections/r/keys?after=c1&limit=1000&page=n&prefix=a", 200, `{"keys":[{"key":"ab","value":null}],"cursor":"c1"}`},
	)
	for _, after := range []string{"", "c1"} {
		e, err := c.Entry(t.Context(), "r", "a/b", after)
		if err != nil || e.Key != "a/b" || string(e.Value) != `{"x":1}` || len(e.Conflicts) != 2 || e.Cursor != "c1" {
			t.Errorf("%+v %v", e, err)
		}
	}
	e, err := c.Update(t.Context(), "r", "a/b", []byte(`{"assign":{"x":1}}`), UpdateOptions{Ack: "regions:2", Timeout: 2 * time.Second})
	if err != nil || e.Cursor != "c1" {
		t.Errorf("%+v %v", e, err)
	}
	updates := []KeyUpdate{{"a", json.RawMessage(`{"assign":1}`)}, {"b", json.RawMessage(`[{"assign":2}]`)}}
	if cursor, err := c.UpdateAll(t.Context(), "r", updates, UpdateOptions{}); err != nil || cursor != "c2" {
		t.Errorf("%s %v", cursor, err)
	}
	if cursor, err := c.DeleteKey(t.Context(), "r", "..", UpdateOptions{Ack: "region"}); err != nil || cursor != "c9" {
		t.Errorf("%s %v", cursor, err)
	}
	var keys []string
	for e, err := range c.Entries(t.Context(), "r", "a", "c1") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, e.Key+string(e.Value))
	}
	if !slices.Equal(keys, []string{"a1", "abnull"}) {
		t.Errorf("listed %v", keys)
	}
}

func TestUpdatesKeepTheirRefusals(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { refuse(w, 409, "limit_reached", "false") })
	_, one := c.Update(t.Context(), "seats", "hall", []byte(`{"increment":1}`), UpdateOptions{})
	_, all := c.UpdateAll(t.Context(), "seats", nil, UpdateOptions{})
	_, gone := c.DeleteKey(t.Context(), "seats", "hall", UpdateOptions{})
	for _, err := range []error{one, all, gone} {
		p, ok := errors.AsType[*Problem](err)
		if !ok || !errors.Is(err, edged.LimitReached) || !p.NotStored() {
			t.Errorf("got %v", err)
		}
	}
}

// TestWatchGoesOnByCursor loses the connection after each change, over each transport.
func TestWatchGoesOnByCursor(t *testing.T) {
	for _, transport := range []Transport{SSE, NDJSON, WebSocket} {
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			q := r.URL.Query()
			if r.URL.Path != "/v1/collections/visits/changes" || q.Get("prefix") != "h" || !slices.Equal(q["key"], []string{"home", "hall"}) ||
				(q.Get("cursor") == "") != (q.Get("from") == "earliest") {
				t.Errorf("asked %s", r.RequestURI)
			}
			n := after(q.Get("cursor"))
			change := fmt.Sprintf(`{"key":"home","value":%d,"cursor":"c%d"}`, n, n)
			if n == 3 {
				change = `{"key":"home","value":null,"deleted":true,"cursor":"c3"}`
			}
			switch transport {
			case SSE:
				fmt.Fprintf(w, "id: c%d\ndata: %s\n\n", n, change)
			case NDJSON:
				fmt.Fprintln(w, change)
			case WebSocket:
				conn, _, _, err := ws.UpgradeHTTP(r, w)
				if err != nil {
					t.Error(err)
					return
				}
				_ = ws.WriteFrame(conn, ws.NewTextFrame([]byte(change)))
				conn.Close()
			}
		})
		var got []string
		q := WatchQuery{From: "earliest", Keys: []string{"home", "hall"}, Prefix: "h"}
		for d, err := range c.Watch(t.Context(), "visits", q, FollowOptions{Transport: transport, RetryMin: time.Millisecond}) {
			if err != nil {
				t.Fatal(transport, err)
			}
			change, err := d.Change()
			if err != nil || change.Cursor != d.Cursor {
				t.Fatal(transport, change, err)
			}
			got = append(got, fmt.Sprint(change.Key, " ", string(change.Value), " ", change.Deleted))
			if change.Deleted {
				break
			}
		}
		if want := []string{"home 1 false", "home 2 false", "home null true"}; !slices.Equal(got, want) {
			t.Errorf("%s: got %q", transport, got)
		}
	}
}

func TestWatchEndsWithTheCollection(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { refuse(w, 404, "collection_not_found", "false") })
	for _, err := range c.Watch(t.Context(), "none", WatchQuery{}, FollowOptions{}) {
		if !errors.Is(err, edged.CollectionNotFound) {
			t.Errorf("got %v", err)
		}
	}
}

func TestLiveWatch(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		conn, _, _, err := ws.UpgradeHTTP(r, w)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		frame, err := wsutil.ReadClientText(conn)
		if want := `{"collection":"visits","credit":9,"cursor":"c0","id":1,"key":["a","b"],"op":"watch"}`; err != nil || string(frame) != want {
			t.Errorf("got %s, %v, want %s", frame, err, want)
		}
		for _, answer := range []string{
			`{"op":"subscribed","id":1,"sub":1,"cursor":"c0"}`,
			`{"op":"change","sub":1,"cursor":"c1","key":"a","value":[1]}`,
			`{"op":"change","sub":1,"cursor":"c2","key":"a","value":null,"deleted":true}`,
		} {
			_ = wsutil.WriteServerText(conn, []byte(answer))
		}
	})
	l, err := c.Live(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.Watch("visits", WatchQuery{From: "earliest", Cursor: "c0", Keys: []string{"a", "b"}}, 9); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"subscribed  c0  false", "change a c1 [1] false", "change a c2 null true"} {
		m, err := l.Next()
		if got := fmt.Sprintf("%s %s %s %s %v", m.Op, m.Key, m.Cursor, m.Value, m.Deleted); err != nil || got != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
}
