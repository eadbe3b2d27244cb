package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// shelfOf is a server that knows its version and the answers of some requests: method, URI and body.
func shelfOf(t *testing.T, answers map[string]string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		request := strings.TrimSpace(r.Method + " " + strings.TrimPrefix(r.RequestURI, "/v1") + " " + string(body))
		answer, ok := answers[request]
		switch {
		case request == "GET /version":
			fmt.Fprint(w, `{"version":"test"}`)
		case !ok:
			t.Errorf("asked %s", request)
			w.WriteHeader(http.StatusTeapot)
		case strings.HasPrefix(answer, "id: "):
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(w, answer)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		case r.Method == http.MethodDelete:
			w.WriteHeader(http.StatusNoContent)
		default:
			if r.Method == http.MethodPut {
				w.WriteHeader(http.StatusCreated)
			}
			fmt.Fprint(w, answer)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestCollections(t *testing.T) {
	const visits = `{"name":"visits","type":"counter","ttl":"24h","created":"2026-11-25T00:00:00Z","keys":1200,"bytes":2048}`
	const seats = `{"name":"seats","type":"bounded_counter","regions":["eu"],"max":500,"created":"2026-11-25T00:00:00Z","keys":0,"bytes":0}`
	const home = `{"key":"home","type":"counter","value":42,"cursor":"c1"}`
	const title = `{"key":"title","type":"register","value":"b","conflicts":["a","b"],"cursor":"c1"}`
	url := shelfOf(t, map[string]string{
		"GET /collections?limit=100":                                                   `{"collections":[` + visits + `]}`,
		`PUT /collections/visits {"type":"counter","ttl":"24h"}`:                       visits,
		`PUT /collections/seats {"type":"bounded_counter","regions":["eu"],"max":500}`: seats,
		`PUT /collections/floor {"type":"bounded_counter","min":0}`:                    seats,
		"GET /collections/seats":                                                       seats,
		"GET /collections/visits/digest":                                               `{"vector":{"eu-1~01/3":7},"digest":"d7"}`,
		"GET /collections/visits/keys/home":                                            home,
		"GET /collections/names/keys/title":                                            title,
		"GET /collections/visits/keys/a%2Fb?after=c9":                                  home,
		"GET /collections/visits/keys?limit=1000&prefix=h":                             `{"keys":[{"key":"hall","value":1}],"next":"n","cursor":"c1"}`,
		"GET /collections/visits/keys?limit=1000&page=n&prefix=h":                      `{"keys":[{"key":"home","value":42}],"cursor":"c1"}`,
		"GET /collections/visits/changes?from=earliest&key=home": "id: c1\ndata: {\"key\":\"home\",\"value\":41,\"cursor\":\"c1\"}\n\n" +
			"id: c2\ndata: {\"key\":\"home\",\"value\":null,\"deleted\":true,\"cursor\":\"c2\"}\n\n",
		"DELETE /collections/visits":           "",
		"DELETE /collections/visits/keys/home": "",
		"DELETE /collections/visits/keys/hall": "",
	})
	for name, c := range map[string]struct {
		args      []string
		out, errs string // what they hold
	}{
		"list":             {[]string{"ls"}, "visits  counter  1,200  2.0 KiB  24h", ""},
		"list in json":     {[]string{"ls", "-o", "json"}, `[{"name":"visits","type":"counter"`, ""},
		"create":           {[]string{"create", "visits", "--type", "counter", "--ttl", "24h"}, "", "created visits"},
		"create with max":  {[]string{"create", "seats", "--type", "bounded_counter", "--max", "500", "--region", "eu"}, "", "created seats"},
		"create with zero": {[]string{"create", "floor", "--type", "bounded_counter", "--min", "0", "-o", "json"}, `"type":"bounded_counter"`, ""},
		"info":             {[]string{"info", "seats"}, "max      500", ""},
		"digest":           {[]string{"digest", "visits"}, "eu-1~01/3  7", ""},
		"get":              {[]string{"get", "visits", "home"}, "42\n", ""},
		"get in json":      {[]string{"get", "visits", "home", "-o", "json"}, `"cursor":"c1"`, ""},
		"get after":        {[]string{"get", "visits", "a/b", "--after", "c9"}, "42\n", ""},
		"get of conflicts": {[]string{"get", "names", "title"}, "\"b\"\n", "concurrent: \"a\"\nconcurrent: \"b\"\n"},
		"keys":             {[]string{"keys", "visits", "--prefix", "h"}, "KEY   VALUE\nhall  1\nhome  42\n", ""},
		"keys in json":     {[]string{"keys", "visits", "--prefix", "h", "-o", "json"}, "{\"key\":\"hall\",\"value\":1}\n{\"key\":\"home\",\"value\":42}\n", ""},
		"some keys":        {[]string{"keys", "visits", "--prefix", "h", "--limit", "1"}, "hall  1\n", ""},
		"watch":            {[]string{"watch", "visits", "--from", "earliest", "--key", "home", "--limit", "2"}, "{\"key\":\"home\",\"value\":41,\"cursor\":\"c1\"}\n", ""},
		"watch as a table": {[]string{"watch", "visits", "--from", "earliest", "--key", "home", "--limit", "2", "-o", "table"}, "home  deleted\n", ""},
		"rm":               {[]string{"rm", "visits"}, "", "deleted visits"},
		"rm of keys":       {[]string{"rm", "visits", "--key", "home", "--key", "hall"}, "", "deleted home of visits\ndeleted hall of visits\n"},
	} {
		got := edgedRun(t, "", nil, append([]string{"collections", "-s", url}, c.args...)...)
		if got.code != exitDone || !strings.Contains(got.out, c.out) || !strings.Contains(got.errs, c.errs) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestCollectionsUpdate(t *testing.T) {
	const answer = `{"key":"k","type":"t","value":{"a":[1]},"cursor":"c1"}`
	for _, c := range []struct {
		in    string
		args  []string
		query string
		body  string
	}{
		{"", []string{"--increment", "5"}, "", `{"increment":5}`},
		{"", []string{"--decrement", "-2"}, "", `{"decrement":-2}`},
		{"", []string{"--increment", "apples=3"}, "", `{"increment":{"apples":3}}`},
		{"", []string{"--assign", "plain text"}, "", `{"assign":"plain text"}`},
		{"", []string{"--assign", `{"x":[1, 2]}`}, "", `{"assign":{"x":[1,2]}}`},
		{"", []string{"--assign", "null"}, "", `{"assign":null}`},
		{"", []string{"--add", "x", "--remove", "y", "--add", "7"}, "", `[{"add":["x"]},{"remove":["y"]},{"add":[7]}]`},
		{"", []string{"--put", "city=Oslo", "--put", "n=1=2"}, "", `[{"put":{"city":"Oslo"}},{"put":{"n":"1=2"}}]`},
		{"", []string{"--enable"}, "", `{"enable":true}`},
		{"", []string{"--disable"}, "", `{"disable":true}`},
		{"", []string{"--observe", "12.5", "--ack", "regions:2", "--wait", "2s"}, "?ack=regions%3A2&timeout=2s", `{"observe":[12.5]}`},
		{"", []string{`{"increment": 1}`}, "", `{"increment": 1}`},
		{"[{\"increment\":1}]\n", []string{"-"}, "", `[{"increment":1}]`},
	} {
		url := shelfOf(t, map[string]string{"POST /collections/c/keys/k" + c.query + " " + c.body: answer})
		got := edgedRun(t, c.in, nil, append([]string{"collections", "update", "c", "k", "-s", url}, c.args...)...)
		if got.code != exitDone || got.out != "{\"a\":[1]}\n" {
			t.Errorf("%q: %+v", c.args, got)
		}
	}
}

func TestCollectionsRefuse(t *testing.T) {
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"create", "visits"}, "want one of counter, register"},
		{[]string{"create", "visits", "--type", "conter"}, "did you mean counter?"},
		{[]string{"create", "Visits", "--type", "counter"}, `"Visits" is no name of a collection`},
		{[]string{"get", "visits"}, "want a collection and a key, got 1 argument"},
		{[]string{"get", "visits", ""}, "is no key"},
		{[]string{"keys", "visits", "--limit", "-1"}, "--limit -1"},
		{[]string{"watch", "visits", "--limit", "-1"}, "--limit -1"},
		{[]string{"watch", "visits", "--transport", "pigeon"}, "want sse, ndjson or websocket"},
		{[]string{"rm"}, "want one collection or more"},
		{[]string{"rm", "a", "b", "--key", "k"}, "one collection with --key"},
		{[]string{"update", "visits"}, "want a collection, a key, and operations"},
		{[]string{"update", "visits", "home"}, "want operations, such as --increment 1"},
		{[]string{"update", "visits", "home", "{}", "--enable"}, "not both"},
		{[]string{"update", "visits", "home", "increment"}, "OPERATIONS: want JSON"},
		{[]string{"update", "visits", "home", "-"}, "standard input: want JSON"},
		{[]string{"update", "visits", "home", "--increment", "1.5"}, "want a whole number"},
		{[]string{"update", "visits", "home", "--put", "city"}, "want FIELD=VALUE"},
		{[]string{"update", "visits", "home", "--enable=no"}, "it takes no value"},
		{[]string{"update", "visits", "home", "--enable", "--ack", "all"}, `--ack "all"`},
		{[]string{"updte"}, "did you mean update?"},
		{[]string{"creat", "x", "--type", "set"}, "did you mean create?"},
	} {
		got := edgedRun(t, "", nil, append([]string{"collections"}, c.args...)...)
		if got.code != exitUsage || !strings.Contains(got.errs, c.says) {
			t.Errorf("%q: %+v, want %s", c.args, got, c.says)
		}
	}
	for code, c := range map[string]struct {
		status, exit int
		next         string
	}{
		"collection_not_found": {404, exitNotFound, "edged collections create"},
		"key_not_found":        {404, exitNotFound, "edged collections keys"},
		"limit_reached":        {409, exitConflict, "may hold more rights"},
	} {
		got := edgedRun(t, "", nil, "collections", "get", "visits", "home", "-s", answering(t, c.status, code))
		if got.code != c.exit || !strings.Contains(got.errs, c.next) {
			t.Errorf("%s: %+v", code, got)
		}
	}
}

func TestTypesAreCompleted(t *testing.T) {
	got := edgedRun(t, "", nil, "__complete", "collections", "create", "visits", "--type", "")
	if !strings.HasPrefix(got.out, strings.Join(collectionTypes, "\n")+"\n:4") {
		t.Errorf("%+v", got)
	}
}
