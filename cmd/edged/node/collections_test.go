package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/client"
)

// define makes a collection.
func (r *running) define(t *testing.T, name string, spec client.CollectionSpec) {
	t.Helper()
	if _, made, err := r.c.PutCollection(t.Context(), name, spec); err != nil || !made {
		t.Fatalf("%s: made %v, %v", name, made, err)
	}
}

// update carries out operations and gives the value after them.
func (r *running) update(t *testing.T, collection, key, ops string) client.Entry {
	t.Helper()
	e, err := r.c.Update(t.Context(), collection, key, []byte(ops), client.UpdateOptions{})
	if err != nil {
		t.Fatalf("%s of %s in %s: %v", ops, key, collection, err)
	}
	return e
}

// raw sends a request as it is, and gives status and body.
func (r *running) raw(t *testing.T, method, target, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.node.URL()+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// TestEveryTypeThroughTheDoor: operations and values as the contract writes them, and what is left of
// them after a restart.
func TestEveryTypeThroughTheDoor(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir, nil)
	most := int64(10)
	types := []struct {
		spec      client.CollectionSpec
		ops, want string
		foreign   string // an operation of another type
		location  string
	}{
		{client.CollectionSpec{Type: "counter"}, `[{"increment":5},{"decrement":2}]`, `3`, `{"add":["x"]}`, "body.add"},
		{client.CollectionSpec{Type: "register"}, `{"assign":{"b":1,"a":[true,null]}}`, `{"a":[true,null],"b":1}`, `[{"assign":1},{"increment":1}]`, "body[1].increment"},
		{client.CollectionSpec{Type: "set"}, `[{"add":["pear","apple",7]},{"remove":["pear"]}]`, `[7,"apple"]`, `{"put":{"a":1}}`, "body.put"},
		{client.CollectionSpec{Type: "map"}, `[{"put":{"city":"Oslo","x":1}},{"increment":{"n":4}},{"remove":["x"]}]`, `{"city":"Oslo","n":4}`, `{"enable":true}`, "body.enable"},
		{client.CollectionSpec{Type: "flag"}, `{"enable":true}`, `true`, `{"enable":1}`, "body.enable"},
		{client.CollectionSpec{Type: "hyperloglog"}, `{"observe":["a","b","a"]}`, `{"estimate":2,`, `{"observe":"a"}`, "body.observe"},
		{client.CollectionSpec{Type: "quantiles"}, `{"observe":[1,2,3]}`, `{"count":3,`, `{"observe":["a"]}`, "body.observe[0]"},
		{client.CollectionSpec{Type: "topk"}, `{"observe":["a","b","a"]}`, `[{"item":"a","count":2`, `{"assign":1}`, "body.assign"},
		{client.CollectionSpec{Type: "bounded_counter", Max: &most}, `{"increment":4}`, `4`, `{"increment":1.5}`, "body.increment"},
	}
	for _, c := range types {
		name := c.spec.Type
		r.define(t, name, c.spec)
		e := r.update(t, name, "k/1", c.ops)
		if !strings.HasPrefix(string(e.Value), c.want) || e.Type != name || e.Key != "k/1" || e.Cursor == "" {
			t.Errorf("%s: %+v with %s, want %s", name, e, e.Value, c.want)
		}
		status, text := r.raw(t, http.MethodPost, "/v1/collections/"+name+"/keys/k%2F1", c.foreign)
		if status != 422 || !strings.Contains(text, `"location":"`+c.location+`"`) || !strings.Contains(text, `"stored":false`) {
			t.Errorf("%s: %s: %d %s", name, c.foreign, status, text)
		}
		if again, err := r.c.Entry(t.Context(), name, "k/1", e.Cursor); err != nil || string(again.Value) != string(e.Value) {
			t.Errorf("%s: read %s, %v after %s", name, again.Value, err, e.Value)
		}
	}
	before := map[string]client.Digest{}
	for _, c := range types {
		d, err := r.c.CollectionDigest(t.Context(), c.spec.Type)
		if err != nil {
			t.Fatal(err)
		}
		before[c.spec.Type] = d
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	r = start(t, dir, nil)
	for _, c := range types {
		name := c.spec.Type
		e, err := r.c.Entry(t.Context(), name, "k/1", "")
		d, digestErr := r.c.CollectionDigest(t.Context(), name)
		if err != nil || digestErr != nil || !strings.HasPrefix(string(e.Value), c.want) || d.Digest != before[name].Digest {
			t.Errorf("%s after a restart: %s, %v, %v; digest %s, not %s", name, e.Value, err, digestErr, d.Digest, before[name].Digest)
		}
		if _, err := r.c.DeleteKey(t.Context(), name, "k/1", client.UpdateOptions{}); err != nil && name != "bounded_counter" {
			t.Errorf("%s: delete: %v", name, err)
		}
		if e, err := r.c.Entry(t.Context(), name, "k/1", ""); !errors.Is(err, edged.KeyNotFound) && name != "bounded_counter" {
			t.Errorf("%s: after its deletion: %s, %v", name, e.Value, err)
		}
	}
}

func TestCollectionsRefuseThroughTheDoor(t *testing.T) {
	r := start(t, t.TempDir(), nil)
	most := int64(3)
	r.define(t, "seats", client.CollectionSpec{Type: "bounded_counter", Max: &most})
	r.define(t, "visits", client.CollectionSpec{Type: "counter"})
	r.update(t, "seats", "hall", `{"increment":3}`)
	r.update(t, "visits", "full", `{"increment":9223372036854775807}`)
	for _, c := range []struct {
		method, target, body string
		status               int
		says                 []string
	}{
		{http.MethodPut, "/v1/collections/a", `{"type":"counter","max":3}`, 422, []string{`"location":"body.max"`}},
		{http.MethodPut, "/v1/collections/a", `{"type":"bounded_counter"}`, 422, []string{`"location":"body.min"`}},
		{http.MethodPut, "/v1/collections/a", `{"type":"bounded_counter","min":0,"max":3}`, 422, []string{"exactly one"}},
		{http.MethodPut, "/v1/collections/a", `{"type":"gauge"}`, 422, []string{`"location":"body.type"`, "bounded_counter"}},
		{http.MethodPut, "/v1/collections/visits", `{"type":"set"}`, 409, []string{`"code":"conflict"`}},
		{http.MethodPut, "/v1/collections/seats", `{"type":"bounded_counter","max":4}`, 409, []string{`"code":"conflict"`}},
		{http.MethodPost, "/v1/collections/none/keys/a", `{"increment":1}`, 404, []string{"collection_not_found", "PUT /v1/collections/none", `"stored":false`}},
		{http.MethodPost, "/v1/collections/none/keys", `[{"key":"a","increment":1}]`, 404, []string{"collection_not_found", "PUT /v1/collections/none"}},
		{http.MethodPost, "/v1/collections/seats/keys/hall", `{"increment":1}`, 409, []string{"limit_reached", `"stored":false`}},
		{http.MethodPost, "/v1/collections/visits/keys/full", `{"increment":1}`, 422, []string{`"location":"body.increment"`, `"stored":false`}},
		{http.MethodPost, "/v1/collections/visits/keys/a", `{"increment":1e400}`, 422, []string{`"stored":false`}},
		{http.MethodPost, "/v1/collections/visits/keys/a", `{"incremnt":1}`, 422, []string{`"location":"body.incremnt"`, "increment"}},
		{http.MethodPost, "/v1/collections/visits/keys/a", `[]`, 422, []string{`"location":"body"`}},
		{http.MethodPost, "/v1/collections/visits/keys/a", `{"increment":1}x`, 400, []string{"bad_request"}},
		{http.MethodPost, "/v1/collections/visits/keys/a?ack=region", `{"increment":1}`, 503, []string{"level_unreachable", `"stored":false`}},
		{http.MethodPost, "/v1/collections/visits/keys", `[{"key":"a","increment":1},{"key":"b","assign":1}]`, 422, []string{`"location":"body[1].assign"`}},
		{http.MethodPost, "/v1/collections/visits/keys", `[{"key":"a","increment":1},{"key":"full","ops":[{"increment":1},{"increment":2}]}]`, 422, []string{`"location":"body[1].ops[0].increment"`}},
		{http.MethodDelete, "/v1/collections/visits/keys/a", "", 404, []string{"key_not_found"}},
		{http.MethodGet, "/v1/collections/visits/keys/a", "", 404, []string{"key_not_found"}},
	} {
		status, text := r.raw(t, c.method, c.target, c.body)
		for _, says := range c.says {
			if status != c.status || !strings.Contains(text, says) {
				t.Errorf("%s %s %s: %d %s; want %d and %s", c.method, c.target, c.body, status, text, c.status, says)
			}
		}
	}
	for key, want := range map[string]string{"a": "", "b": "", "full": "9223372036854775807"} { // nothing was half done
		if e, err := r.c.Entry(t.Context(), "visits", key, ""); string(e.Value) != want || (want == "") != errors.Is(err, edged.KeyNotFound) {
			t.Errorf("%s is %s, %v", key, e.Value, err)
		}
	}
}

func TestKeysThroughTheDoor(t *testing.T) {
	r := start(t, t.TempDir(), nil)
	r.define(t, "visits", client.CollectionSpec{Type: "counter"})
	var updates []client.KeyUpdate
	var want []string
	for i := range 2500 {
		key := fmt.Sprintf("k%04d", i)
		updates = append(updates, client.KeyUpdate{Key: key, Ops: json.RawMessage(`[{"increment":2},{"decrement":1}]`)})
		want = append(want, key)
	}
	updates = append(updates, client.KeyUpdate{Key: "other", Ops: json.RawMessage(`{"increment":1}`)})
	cursor, err := r.c.UpdateAll(t.Context(), "visits", updates, client.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for e, err := range r.c.Entries(t.Context(), "visits", "k", cursor) {
		if err != nil || string(e.Value) != "1" {
			t.Fatal(e, err)
		}
		got = append(got, e.Key)
	}
	if !slices.Equal(got, want) {
		t.Errorf("listed %d keys", len(got))
	}
	info, err := r.c.Collection(t.Context(), "visits")
	for end := time.Now().Add(5 * time.Second); err == nil && info.Bytes == 0 && time.Now().Before(end); { // of what is flushed
		time.Sleep(10 * time.Millisecond)
		info, err = r.c.Collection(t.Context(), "visits")
	}
	if err != nil || info.Keys != 2501 || info.Bytes <= 0 {
		t.Errorf("%+v, %v", info, err)
	}
}

// TestAWatchThatBreaksOffWhileListing goes on by the cursor of the last key that it had, again and
// again, until it has caught up: no key may be missing, while some may come twice.
func TestAWatchThatBreaksOffWhileListing(t *testing.T) {
	r := start(t, t.TempDir(), nil)
	r.define(t, "visits", client.CollectionSpec{Type: "counter"})
	var updates []client.KeyUpdate
	const n = 1000
	for i := range n {
		updates = append(updates, client.KeyUpdate{Key: fmt.Sprint("k", i), Ops: json.RawMessage(`{"increment":1}`)})
	}
	if _, err := r.c.UpdateAll(t.Context(), "visits", updates, client.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	q := client.WatchQuery{From: "earliest"}
	for connections := 0; len(seen) < n; connections++ {
		if connections == 100 {
			t.Fatalf("after %d connections %d keys are missing", connections, n-len(seen))
		}
		got, cursor := r.watched(t, q, client.SSE, min(150, n-len(seen)))
		for _, key := range got {
			seen[key]++
		}
		q = client.WatchQuery{Cursor: cursor}
	}
	for key, times := range seen {
		if times > 3 {
			t.Errorf("%s came %d times", key, times)
		}
	}
}

// watched gathers changes until there are n, and gives them with the last cursor.
func (r *running) watched(t *testing.T, q client.WatchQuery, transport client.Transport, n int) (got []string, cursor string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for d, err := range r.c.Watch(ctx, "visits", q, client.FollowOptions{Transport: transport}) {
		if err != nil {
			t.Fatal(err)
		}
		if d.Notice != "" {
			continue
		}
		c, err := d.Change()
		if err != nil {
			t.Fatal(err)
		}
		cursor = d.Cursor
		if got = append(got, c.Key+" "+string(c.Value)); len(got) == n {
			return got, cursor
		}
	}
	t.Fatalf("%s gave only %q", transport, got)
	return nil, ""
}

func TestWatchThroughTheDoor(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir, nil)
	r.define(t, "visits", client.CollectionSpec{Type: "counter"})
	r.update(t, "visits", "home", `{"increment":1}`)
	first := r.update(t, "visits", "shop", `{"increment":2}`)
	cursors := map[client.Transport]string{}
	for _, transport := range []client.Transport{client.SSE, client.NDJSON, client.WebSocket} {
		got, cursor := r.watched(t, client.WatchQuery{From: "earliest"}, transport, 2)
		slices.Sort(got)
		if !slices.Equal(got, []string{"home 1", "shop 2"}) {
			t.Errorf("%s: first %q", transport, got)
		}
		cursors[transport] = cursor
	}
	r.update(t, "visits", "home", `{"increment":4}`)
	if err := r.stop(); err != nil { // a cursor outlives the process
		t.Fatal(err)
	}
	r = start(t, dir, nil)
	r.update(t, "visits", "shop", `{"increment":4}`)
	if _, err := r.c.DeleteKey(t.Context(), "visits", "home", client.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	for transport, cursor := range cursors {
		got, _ := r.watched(t, client.WatchQuery{Cursor: cursor, Keys: []string{"shop"}}, transport, 1)
		if got[0] != "shop 6" {
			t.Errorf("%s: shop came back as %q", transport, got)
		}
		// home was 5 and is gone: what it was in between may be passed over, not how it ended.
		got, _ = r.watched(t, client.WatchQuery{Cursor: cursor, Prefix: "h"}, transport, 1)
		if got[0] != "home null" && got[0] != "home 5" {
			t.Errorf("%s: home came back as %q", transport, got)
		}
	}
	status, text := r.raw(t, http.MethodGet, "/v1/collections/visits/changes?cursor="+first.Cursor, "")
	if status != 200 || !strings.Contains(text, `{"key":"shop","value":6}`) || !strings.Contains(text, `"key":"home","value":null,"deleted":true`) {
		t.Errorf("as a page: %d %s", status, text)
	}
	go func() {
		time.Sleep(50 * time.Millisecond)
		_ = r.c.DeleteCollection(context.Background(), "visits")
	}()
	for d, err := range r.c.Watch(t.Context(), "visits", client.WatchQuery{}, client.FollowOptions{}) {
		if err != nil && !errors.Is(err, edged.CollectionNotFound) || err == nil && d.Notice == "" {
			t.Errorf("a watch of a deleted collection: %+v, %v", d, err)
		}
	}
}
