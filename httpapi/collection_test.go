package httpapi

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/edgedhq/edged"
)

func TestCollectionDefinitions(t *testing.T) {
	c := newCupboard()
	h := c.server(t, Options{}).Handler()
	const seats = `{"name":"seats","type":"bounded_counter","regions":["eu","us"],"ttl":"24h","max":9223372036854775807,` +
		`"created":"2023-11-14T22:13:20Z","keys":0,"bytes":0}`
	const visits = `{"name":"visits","type":"counter","created":"2023-11-14T22:13:20Z","keys":0,"bytes":0}`
	for _, q := range []struct {
		method, target, body string
		status               int
		want                 string
	}{
		{http.MethodGet, "/v1/collections", "", 200, `{"collections":[]}`},
		{http.MethodPut, "/v1/collections/visits", `{"type":"counter"}`, 201, visits},
		{http.MethodPut, "/v1/collections/visits", `{"type":"counter"}`, 200, visits},
		{http.MethodPut, "/v1/collections/seats", `{"type":"bounded_counter","max":9223372036854775807,"regions":["eu","us"],"ttl":"24h"}`, 201, seats},
		{http.MethodGet, "/v1/collections/seats", "", 200, seats},
		{http.MethodGet, "/v1/collections?limit=1", "", 200, `{"collections":[` + seats + `],"next":"c2VhdHM"}`},
		{http.MethodGet, "/v1/collections?limit=1&page=c2VhdHM", "", 200, `{"collections":[` + visits + `]}`},
		{http.MethodGet, "/v1/collections/visits/digest", "", 200, `{"vector":{"n~01/3":7},"digest":"cd000000000000000000000000000000"}`},
		{http.MethodDelete, "/v1/collections/seats", "", 204, ""},
	} {
		w := ask(h, q.method, q.target, q.body)
		if got := strings.TrimSpace(w.Body.String()); w.Code != q.status || got != q.want {
			t.Errorf("%s %s: %d\ngot  %s\nwant %s", q.method, q.target, w.Code, got, q.want)
		}
		if w.Code == 201 && w.Header().Get("Location") != q.target {
			t.Errorf("%s is at %s", q.target, w.Header().Get("Location"))
		}
	}
}

func TestCollectionDefinitionInMsgpack(t *testing.T) {
	c := newCupboard()
	h := c.server(t, Options{}).Handler()
	body, _ := msgpack.Marshal(map[string]any{"type": "bounded_counter", "min": int64(-1 << 62), "ttl": "90m"})
	w := ask(h, http.MethodPut, "/v1/collections/stock", string(body), "Content-Type", typeMsgpack, "Accept", typeMsgpack)
	var got map[string]any
	if err := msgpack.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 201 || got["ttl"] != "1h30m" {
		t.Errorf("%d %v %v", w.Code, got, err)
	}
	if def := c.defs["stock"]; def.Min == nil || *def.Min != -1<<62 || def.TTL != 90*time.Minute {
		t.Errorf("%+v", def)
	}
}

func TestCollectionDefinitionRefuses(t *testing.T) {
	c := newCupboard()
	h := c.server(t, Options{}).Handler()
	const types = "counter, register, set, map, flag, hyperloglog, quantiles, topk, bounded_counter"
	for _, q := range []struct {
		target, body   string
		status         int
		code, location string
		says           string
	}{
		{"/v1/collections/visits", "", 422, "invalid", "body.type", types},
		{"/v1/collections/visits", "{}", 422, "invalid", "body.type", types},
		{"/v1/collections/visits", `{"type":"gauge"}`, 422, "invalid", "body.type", types},
		{"/v1/collections/visits", `{"type":7}`, 422, "invalid", "body.type", ""},
		{"/v1/collections/visits", `{"type":null}`, 422, "invalid", "body.type", "not null"},
		{"/v1/collections/visits", `{"type":"counter","tll":"1h"}`, 422, "invalid", "body.tll", `did you mean \"ttl\"?`},
		{"/v1/collections/visits", `{"type":"counter","ttl":"0s"}`, 422, "invalid", "body.ttl", "above zero"},
		{"/v1/collections/visits", `{"type":"counter","ttl":"soon"}`, 422, "invalid", "body.ttl", ""},
		{"/v1/collections/visits", `{"type":"counter","regions":["EU"]}`, 422, "invalid", "body.regions[0]", ""},
		{"/v1/collections/visits", `{"type":"bounded_counter","min":0.5}`, 422, "invalid", "body.min", ""},
		{"/v1/collections/visits", `{"type":"bounded_counter","min":-9223372036854775809}`, 422, "invalid", "body.min", "-2^63"},
		{"/v1/collections/visits", `{"type":"counter","ttl":"9999999h"}`, 422, "invalid", "body.ttl", "292 years"},
		{"/v1/collections/visits", `{"type":`, 400, "bad_request", "", "JSON"},
		{"/v1/collections/visits", `{"type":"counter","x":"` + strings.Repeat("y", 16<<10) + `"}`, 413, "too_large", "", "16 KiB"},
		{"/v1/collections/Visits", `{"type":"counter"}`, 422, "invalid", "path.name", ""},
		{"/v1/collections/" + strings.Repeat("a", 129), `{"type":"counter"}`, 422, "invalid", "path.name", ""},
	} {
		w := ask(h, http.MethodPut, q.target, q.body)
		checkProblem(t, q.body, w.Header(), w.Body.Bytes(), q.status, q.code)
		if text := w.Body.String(); w.Code != q.status || !strings.Contains(text, q.says) ||
			q.location != "" && !strings.Contains(text, `"location":"`+q.location+`"`) || strings.Contains(text, `"stored"`) {
			t.Errorf("%s: %d %s", q.body, w.Code, text)
		}
	}
	if len(c.defs) > 0 {
		t.Errorf("made all the same: %v", c.defs)
	}
	ask(h, http.MethodPut, "/v1/collections/visits", `{"type":"counter"}`)
	w := ask(h, http.MethodPut, "/v1/collections/visits", `{"type":"set"}`)
	checkProblem(t, "another type", w.Header(), w.Body.Bytes(), 409, "conflict")
	for _, target := range []string{"/v1/collections/none", "/v1/collections/none/digest", "/v1/collections/none/keys", "/v1/collections/none/keys/a", "/v1/collections/none/changes"} {
		w := ask(h, http.MethodGet, target, "")
		checkProblem(t, target, w.Header(), w.Body.Bytes(), 404, "collection_not_found")
	}
	w = ask(h, http.MethodDelete, "/v1/collections/none", "")
	checkProblem(t, "delete", w.Header(), w.Body.Bytes(), 404, "collection_not_found")
}

func TestKeys(t *testing.T) {
	c, h := counters(t)
	odd := []string{"a/b", "%2F", "..", " ", "ø", "a+b", "a?b#c"}
	for i, key := range append(odd, "home") {
		w := ask(h, http.MethodPost, "/v1/collections/visits/keys/"+url.PathEscape(key), `{"increment":`+string('1'+rune(i))+`}`)
		if w.Code != 200 || object(t, w.Body.Bytes())["key"] != key {
			t.Errorf("%q: %d %s", key, w.Code, w.Body)
		}
		got := ask(h, http.MethodGet, "/v1/collections/visits/keys/"+url.PathEscape(key), "")
		if got.Code != 200 || got.Body.String() != w.Body.String() {
			t.Errorf("%q: %d %s, not %s", key, got.Code, got.Body, w.Body)
		}
	}
	cursor := c.cursorOf("visits")
	const keys = "/v1/collections/visits/keys"
	for target, want := range map[string]string{
		keys + "?prefix=a":                   `{"keys":[{"key":"a+b","value":6},{"key":"a/b","value":1},{"key":"a?b#c","value":7}],"cursor":"` + cursor + `"}`,
		keys + "?prefix=a&limit=2":           `{"keys":[{"key":"a+b","value":6},{"key":"a/b","value":1}],"next":"YS9i","cursor":"` + cursor + `"}`,
		keys + "?prefix=a&limit=2&page=YS9i": `{"keys":[{"key":"a?b#c","value":7}],"cursor":"` + cursor + `"}`,
		keys + "?prefix=zz":                  `{"keys":[],"cursor":"` + cursor + `"}`,
		keys + "/home":                       `{"key":"home","type":"counter","value":8,"cursor":"` + cursor + `"}`,
	} {
		if w := ask(h, http.MethodGet, target, ""); strings.TrimSpace(w.Body.String()) != want || w.Code != 200 {
			t.Errorf("%s: %d\ngot  %s\nwant %s", target, w.Code, w.Body, want)
		}
		w := ask(h, http.MethodGet, target, "", "Accept", typeMsgpack)
		var got, wanted any
		if err := msgpack.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Header().Get("Content-Type") != typeMsgpack {
			t.Errorf("%s: %v", target, err)
		}
		wanted = whole(object(t, []byte(want)))
		if g, x := appendJSONValue(nil, got), appendJSONValue(nil, wanted); string(g) != string(x) {
			t.Errorf("%s in msgpack: got %s, want %s", target, g, x)
		}
	}
	for target, status := range map[string]int{
		keys + "/none": 404, keys + "/": 404, keys + "/a/b": 404, keys + "/%ff": 422, keys + "/" + strings.Repeat("k", 1025): 422,
		keys + "?prefx=a": 422, keys + "?limit=0": 422, keys + "?limit=1001": 422, keys + "?page=!": 422, keys + "?prefix=%ff": 422,
	} {
		if w := ask(h, http.MethodGet, target, ""); w.Code != status {
			t.Errorf("%.60s: %d %s, want %d", target, w.Code, w.Body, status)
		}
	}
}

// TestPagesOfLargeValuesEndEarly: what is held for one answer is bounded, whatever the limit.
func TestPagesOfLargeValuesEndEarly(t *testing.T) {
	c := newCupboard()
	h := c.server(t, Options{}).Handler()
	ask(h, http.MethodPut, "/v1/collections/files", `{"type":"register"}`)
	large := `"` + strings.Repeat("x", 1<<20-10) + `"`
	const n = 40
	for i := range n {
		c.values["files"][string('a'+rune(i/26))+string('a'+rune(i%26))] = large
	}
	seen, page, pages := 0, "", 0
	for ; pages == 0 || page != ""; pages++ {
		v := object(t, ask(h, http.MethodGet, "/v1/collections/files/keys?limit=1000&page="+page, "").Body.Bytes())
		seen += len(v["keys"].([]any))
		page, _ = v["next"].(string)
	}
	if seen != n || pages < 3 {
		t.Errorf("%d keys in %d pages", seen, pages)
	}
	for _, limit := range c.asked {
		if limit > 17 {
			t.Errorf("asked for %d large values at once", limit)
		}
	}
	c.asked = nil
	for i := range n {
		c.values["files"][string('a'+rune(i/26))+string('a'+rune(i%26))] = "1"
	}
	ask(h, http.MethodGet, "/v1/collections/files/keys?limit=1000", "")
	if len(c.asked) != 2 {
		t.Errorf("small values took %d turns", len(c.asked))
	}
}

func TestConflictsAreShown(t *testing.T) {
	c := newCupboard()
	h := c.server(t, Options{}).Handler()
	ask(h, http.MethodPut, "/v1/collections/names", `{"type":"register"}`)
	c.conflicts["a"] = `["x",{"y":1}]`
	for _, w := range []string{
		ask(h, http.MethodPost, "/v1/collections/names/keys/a", `{"assign":{"y":1}}`).Body.String(),
		ask(h, http.MethodGet, "/v1/collections/names/keys/a", "").Body.String(),
		ask(h, http.MethodGet, "/v1/collections/names/keys", "").Body.String(),
	} {
		if !strings.Contains(w, `"value":{"y":1},"conflicts":["x",{"y":1}]`) {
			t.Errorf("got %s", w)
		}
	}
}

func TestWithoutCollectionsTheirPathsAreNotThere(t *testing.T) {
	s := newFake().server(t, Options{})
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodPost} {
		for _, target := range []string{"/v1/collections", "/v1/collections/a", "/v1/collections/a/keys/b"} {
			w := ask(s.Handler(), method, target, "")
			checkProblem(t, method+" "+target, w.Header(), w.Body.Bytes(), 404, "not_found")
			if !strings.Contains(w.Body.String(), noCollections) {
				t.Errorf("it does not say why: %s", w.Body)
			}
		}
	}
	c := newCupboard()
	if _, err := New(Parts{Streams: c, Catalog: c, Cluster: c, Health: c, Entries: c}, Options{}); err == nil {
		t.Error("one part without the other was taken")
	}
	w := ask(c.server(t, Options{}).Handler(), http.MethodGet, "/v1/collections/a/kyes/b", "")
	if checkProblem(t, "mistyped", w.Header(), w.Body.Bytes(), 404, "not_found"); !strings.Contains(w.Body.String(), "keys/KEY") {
		t.Errorf("it does not say where keys are: %s", w.Body)
	}
}

func TestAfterAwaitsCollections(t *testing.T) {
	c, h := counters(t)
	streams := 0
	c.await = nil
	w := ask(h, http.MethodPost, "/v1/collections/visits/keys/a", `{"increment":1}`)
	cursor := object(t, w.Body.Bytes())["cursor"].(string)
	c.shelf.put("orders", "1")
	for _, target := range []string{
		"/v1/collections", "/v1/collections/visits", "/v1/collections/visits/digest", "/v1/collections/visits/keys", "/v1/collections/visits/keys/a",
		"/v1/collections/visits/changes", "/v1/streams", "/v1/streams/orders/events",
	} {
		for _, after := range []string{cursor, cursorAt("orders", 1).String()} {
			if w := ask(h, http.MethodGet, target+"?wait=1s&after="+after, ""); w.Code != 200 {
				t.Errorf("%s: %d %s", target, w.Code, w.Body)
			}
			streams++
		}
	}
	if len(c.awaited) != streams/2 || c.awaited[0] != "$c.visits" {
		t.Errorf("awaited %q", c.awaited)
	}
	c.broken = edged.CollectionNotFound
	w = ask(h, http.MethodGet, "/v1/streams?after="+cursor, "")
	checkProblem(t, "deleted since", w.Header(), w.Body.Bytes(), 404, "collection_not_found")
}
