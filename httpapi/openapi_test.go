package httpapi

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/edgedhq/edged"
)

// TestDocumentIsWhatIsServed walks chi's tree and the document, and compares them both ways.
func TestDocumentIsWhatIsServed(t *testing.T) {
	s := newMill().server(t, Options{})
	served := map[string][]string{}
	err := chi.Walk(s.routes.mux, func(method, path string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		served[path] = append(served[path], method)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	doc := object(t, s.document())
	described := map[string][]string{}
	for path, item := range doc["paths"].(map[string]any) {
		for method := range item.(map[string]any) {
			described[path] = append(described[path], strings.ToUpper(method))
			if method == "get" {
				described[path] = append(described[path], http.MethodHead)
			}
		}
		described[path] = append(described[path], http.MethodOptions)
	}
	for path := range maps.Keys(described) {
		slices.Sort(described[path])
		slices.Sort(served[path])
		if !slices.Equal(described[path], served[path]) {
			t.Errorf("%s: served %v, described %v", path, served[path], described[path])
		}
		for _, m := range served[path] {
			if s.routes.handlers[path][m] == nil {
				t.Errorf("%s %s is in the tree and has no handler", m, path)
			}
		}
		delete(served, path)
	}
	if len(served) > 0 {
		t.Errorf("served and not described: %v", served)
	}
}

// TestDocumentIsValid holds the document to what OpenAPI 3.1 asks for and its own words can break.
func TestDocumentIsValid(t *testing.T) {
	doc := object(t, newMill().server(t, Options{Version: "1.2.3"}).document())
	if doc["openapi"] != "3.1.0" || doc["info"].(map[string]any)["version"] != "1.2.3" {
		t.Errorf("%v %v", doc["openapi"], doc["info"])
	}
	schemas := doc["components"].(map[string]any)["schemas"].(map[string]any)
	walk(doc, func(at string, v any) {
		m, ok := v.(map[string]any)
		if !ok {
			return
		}
		if ref, ok := m["$ref"].(string); ok && schemas[strings.TrimPrefix(ref, "#/components/schemas/")] == nil {
			t.Errorf("%s: %s leads nowhere", at, ref)
		}
		if pattern, ok := m["pattern"].(string); ok {
			if _, err := regexp.Compile(pattern); err != nil {
				t.Errorf("%s: %v", at, err)
			}
		}
		if names, ok := m["required"].([]any); ok {
			for _, name := range names {
				if m["properties"].(map[string]any)[name.(string)] == nil {
					t.Errorf("%s: %s is required and not there", at, name)
				}
			}
		}
	})
	ids := map[string]bool{}
	for path, item := range doc["paths"].(map[string]any) {
		for method, v := range item.(map[string]any) {
			op := v.(map[string]any)
			at := method + " " + path
			id, _ := op["operationId"].(string)
			if id == "" || ids[id] || op["summary"] == nil || len(op["tags"].([]any)) != 1 {
				t.Errorf("%s: operationId %q, summary %v, tags %v", at, id, op["summary"], op["tags"])
			}
			ids[id] = true
			checkParams(t, at, path, op)
			good := 0
			for status, answer := range op["responses"].(map[string]any) {
				n, err := strconv.Atoi(status)
				if err != nil || answer.(map[string]any)["description"] == "" {
					t.Errorf("%s: answer %s: %v", at, status, answer)
				}
				if n < 400 {
					good++
				}
			}
			if good == 0 {
				t.Errorf("%s never succeeds", at)
			}
		}
	}
}

func checkParams(t *testing.T, at, path string, op map[string]any) {
	inPath := map[string]bool{}
	for _, m := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(path, -1) {
		inPath[m[1]] = true
	}
	seen := map[string]bool{}
	params, _ := op["parameters"].([]any)
	for _, v := range params {
		p := v.(map[string]any)
		name, in := p["name"].(string), p["in"].(string)
		if seen[in+name] || p["schema"] == nil || p["description"] == nil {
			t.Errorf("%s: parameter %v", at, p)
		}
		seen[in+name] = true
		if in != "path" {
			continue
		}
		if !inPath[name] || p["required"] != true {
			t.Errorf("%s: %s is not in the path, or not required", at, name)
		}
		delete(inPath, name)
	}
	if len(inPath) > 0 {
		t.Errorf("%s: not described: %v", at, inPath)
	}
}

func walk(v any, visit func(at string, v any)) {
	var step func(at string, v any)
	step = func(at string, v any) {
		visit(at, v)
		switch v := v.(type) {
		case map[string]any:
			for k, w := range v {
				step(at+"/"+k, w)
			}
		case []any:
			for _, w := range v {
				step(at+"/-", w)
			}
		}
	}
	step("", v)
}

// TestAnswersFitTheirSchemas compares real answers with what the document says of them.
func TestAnswersFitTheirSchemas(t *testing.T) {
	f := newFake()
	f.links = map[string]edged.LinkPolicy{"us": {Delay: time.Second, Rate: 1}}
	f.held = []edged.HeldBack{{}}
	f.peers = []edged.Peer{{Name: "us-1"}}
	s := f.server(t, Options{})
	schemas := object(t, s.document())["components"].(map[string]any)["schemas"].(map[string]any)
	ask(s.Handler(), http.MethodPut, "/v1/streams/a", `{"retention":{"age":"1h"},"regions":["eu"]}`)
	for target, form := range map[string]string{
		"/v1/streams": "StreamList", "/v1/streams/a": "Stream", "/v1/streams/a/digest": "Digest", "/v1/streams/none": "Problem",
		"/v1/streams?limit=0": "Problem", "/v1/cluster": "Cluster", "/v1/cluster/replication": "Replication",
		"/v1/links": "LinkList", "/v1/links/us": "Link", "/v1/version": "Version", "/readyz?verbose": "Health",
	} {
		w := ask(s.Handler(), http.MethodGet, target, "")
		fit(t, target, schemas, schemas[form], object(t, w.Body.Bytes()))
	}
}

// TestCollectionsFitTheirSchemas does the same for collections.
func TestCollectionsFitTheirSchemas(t *testing.T) {
	c := newCupboard()
	s := c.server(t, Options{})
	schemas := object(t, s.document())["components"].(map[string]any)["schemas"].(map[string]any)
	h := s.Handler()
	ask(h, http.MethodPut, "/v1/collections/seats", `{"type":"bounded_counter","max":9,"ttl":"1h","regions":["eu"]}`)
	ask(h, http.MethodPut, "/v1/collections/names", `{"type":"register"}`)
	c.conflicts["a"] = `[1,2]`
	ask(h, http.MethodPost, "/v1/collections/names/keys/b", `{"assign":1}`)
	for _, q := range [][4]string{
		{http.MethodPost, "/v1/collections/names/keys/a", `{"assign":1}`, "Entry"},
		{http.MethodPost, "/v1/collections/names/keys", `[{"key":"b","assign":{}}]`, "Updates"},
		{http.MethodGet, "/v1/collections/names/keys/a", "", "Entry"}, {http.MethodGet, "/v1/collections/names/keys?limit=1", "", "KeyPage"},
		{http.MethodGet, "/v1/collections", "", "CollectionList"}, {http.MethodGet, "/v1/collections?limit=1", "", "CollectionList"},
		{http.MethodGet, "/v1/collections/seats", "", "Collection"}, {http.MethodGet, "/v1/collections/seats/digest", "", "Digest"},
		{http.MethodGet, "/v1/collections/names/changes?from=earliest", "", "ChangePage"}, {http.MethodGet, "/v1/collections/none", "", "Problem"},
	} {
		w := ask(h, q[0], q[1], q[2])
		fit(t, q[0]+" "+q[1], schemas, schemas[q[3]], object(t, w.Body.Bytes()))
	}
}

// TestFunctionsFitTheirSchemas does the same for functions.
func TestFunctionsFitTheirSchemas(t *testing.T) {
	m := newMill()
	s := m.server(t, Options{})
	schemas := object(t, s.document())["components"].(map[string]any)["schemas"].(map[string]any)
	h := s.Handler()
	ask(h, http.MethodPut, "/v1/functions/cities", `{"sql":"x","idle":"1s"}`)
	m.counted("Oslo=1")
	for _, q := range [][4]string{
		{http.MethodPut, "/v1/functions/cities", `{"sql":"x","restart":true}`, "Function"}, {http.MethodGet, "/v1/functions/cities", "", "Function"},
		{http.MethodGet, "/v1/functions?limit=1", "", "FunctionList"}, {http.MethodGet, "/v1/functions/cities/completeness", "", "Completeness"},
		{http.MethodGet, "/v1/functions/cities/rows?limit=1", "", "RowPage"}, {http.MethodPost, "/v1/query", `{"sql":"x"}`, "Once"},
		{http.MethodPost, "/v1/query", `{"sql":"?"}`, "Problem"}, {http.MethodGet, "/v1/functions/none", "", "Problem"},
	} {
		w := ask(h, q[0], q[1], q[2])
		fit(t, q[0]+" "+q[1], schemas, schemas[q[3]], object(t, w.Body.Bytes()))
	}
}

// TestDataAloneFitsTheSchema: with envelope=data an item of a page may be any JSON, null too.
func TestDataAloneFitsTheSchema(t *testing.T) {
	schemas := object(t, newFake().server(t, Options{}).document())["components"].(map[string]any)["schemas"].(map[string]any)
	events := schemas["EventPage"].(map[string]any)["properties"].(map[string]any)["events"].(map[string]any)
	either, _ := events["items"].(map[string]any)["anyOf"].([]any)
	if len(either) != 2 || either[0].(map[string]any)["$ref"] != "#/components/schemas/Event" || either[1].(map[string]any)["type"] != nil {
		t.Errorf("items are described as %v", events["items"])
	}
}

func fit(t *testing.T, at string, schemas map[string]any, schema, v any) {
	t.Helper()
	s := schema.(map[string]any)
	if ref, ok := s["$ref"].(string); ok {
		s = schemas[strings.TrimPrefix(ref, "#/components/schemas/")].(map[string]any)
	}
	switch v := v.(type) {
	case map[string]any:
		props, _ := s["properties"].(map[string]any)
		for name, w := range v {
			switch {
			case props[name] != nil:
				fit(t, at+"/"+name, schemas, props[name], w)
			case s["additionalProperties"] == false:
				t.Errorf("%s/%s is not described", at, name)
			}
		}
		required, _ := s["required"].([]any)
		for _, name := range required {
			if _, ok := v[name.(string)]; !ok {
				t.Errorf("%s: no %s", at, name)
			}
		}
	case []any:
		if s["type"] != "array" {
			t.Errorf("%s: an array for %v", at, s)
		}
		for _, w := range v {
			fit(t, at+"/-", schemas, s["items"], w)
		}
	case string:
		if s["type"] != nil && s["type"] != "string" {
			t.Errorf("%s: %q for %v", at, v, s)
		}
	}
}

func TestDocs(t *testing.T) {
	s := newMill().server(t, Options{Version: "<b>"})
	w := ask(s.Handler(), http.MethodGet, "/docs", "", "Accept", "text/html")
	page := w.Body.String()
	for _, rt := range s.table {
		if !strings.Contains(page, `id="`+rt.id+`"`) {
			t.Errorf("%s is not on the page", rt.id)
		}
	}
	for kind := range outcomes {
		if !strings.Contains(page, `id="`+string(kind)+`"`) {
			t.Errorf("%s is not on the page: problems lead there", kind)
		}
	}
	for _, m := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if !strings.Contains(page, `id="`+m[1]+`"`) {
			t.Errorf("#%s leads nowhere", m[1])
		}
	}
	if strings.Contains(page, "<b><b>") || strings.Contains(page, "http://") || strings.Contains(page, "https://") || strings.Contains(page, "<script") {
		t.Error("the page has markup from outside, or something to load")
	}
	if !strings.HasPrefix(w.Header().Get("Content-Security-Policy"), "default-src 'none'") || w.Header().Get("Content-Type") != typeHTML {
		t.Errorf("%v", w.Header())
	}
	if w := ask(s.Handler(), http.MethodGet, "/openapi.json", ""); w.Code != 200 || !json.Valid(w.Body.Bytes()) {
		t.Errorf("%d", w.Code)
	}
}
