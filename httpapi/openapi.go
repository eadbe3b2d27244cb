package httpapi

import (
	"cmp"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/edgedhq/edged"
)

// newRegistry makes schemas of Go types: streamView is Stream, streamDefinition StreamDefinition.
func newRegistry() huma.Registry {
	return huma.NewMapRegistry("#/components/schemas/", func(t reflect.Type, hint string) string {
		return strings.TrimSuffix(huma.DefaultSchemaNamer(t, hint), "View")
	})
}

// document is the OpenAPI document as it is served.
func document(table []*route, version string) []byte {
	b, err := json.Marshal(describe(table, version))
	if err != nil {
		panic("httpapi: the OpenAPI document does not encode: " + err.Error())
	}
	return b
}

// describe makes the OpenAPI document of a table of routes.
func describe(table []*route, version string) *huma.OpenAPI {
	registry := newRegistry()
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "edged", Version: version,
			Description: "Durable streams and replicated values at the edge: publish events, read them back, follow them live; update values in every region at once, and watch them; ask both in SQL, once or for ever. " +
				"Wherever JSON is spoken, msgpack is too, by Content-Type and Accept. Every error is a problem " +
				"(RFC 9457) whose code says what is wrong.",
			License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
		},
		Servers:    []*huma.Server{{URL: "/", Description: "The node that serves this document"}},
		Paths:      map[string]*huma.PathItem{},
		Components: &huma.Components{Schemas: registry},
		Tags: []*huma.Tag{
			{Name: tagStreams, Description: "Named durable collections of events."},
			{Name: tagEvents, Description: "Publish and read."},
			{Name: tagCollections, Description: "Keys and their values, which every region may update at once and which end up equal."},
			{Name: tagFunctions, Description: "Continuous queries in SQL: each node folds what it took in, every node answers with the rows of all, and says how complete they are."},
			{Name: tagCluster, Description: "The nodes and how far they are."},
			{Name: tagNode, Description: "Health, metrics and this contract."},
		},
	}
	problem := registry.Schema(reflect.TypeFor[problemView](), true, "")
	for _, rt := range table {
		item := doc.Paths[rt.path]
		if item == nil {
			item = &huma.PathItem{}
			doc.Paths[rt.path] = item
		}
		op := rt.operation(registry)
		rt.describeProblems(op, problem)
		switch rt.method {
		case http.MethodGet:
			item.Get = op
		case http.MethodPut:
			item.Put = op
		case http.MethodPost:
			item.Post = op
		case http.MethodDelete:
			item.Delete = op
		default:
			panic("httpapi: no place in the OpenAPI document for " + rt.method)
		}
	}
	return doc
}

func (rt *route) operation(registry huma.Registry) *huma.Operation {
	op := &huma.Operation{
		Tags: []string{rt.tag}, Summary: rt.summary, Description: rt.about, OperationID: rt.id,
		Responses: map[string]*huma.Response{},
	}
	if rt.try != "" {
		op.Extensions = map[string]any{"x-codeSamples": []map[string]string{{"lang": "Shell", "source": rt.try}}}
	}
	if rt.params != nil {
		op.Parameters = paramsOf(registry, reflect.TypeOf(rt.params))
	}
	if rt.method == http.MethodGet && !rt.untimed {
		for _, p := range paramsOf(registry, reflect.TypeFor[afterParams]()) {
			if !slices.ContainsFunc(op.Parameters, func(q *huma.Param) bool { return q.Name == p.Name && q.In == p.In }) {
				op.Parameters = append(op.Parameters, p)
			}
		}
	}
	if rt.takes != nil {
		op.RequestBody = &huma.RequestBody{Content: contentOf(registry, rt.takes), Required: rt.needsBody}
	}
	for _, g := range rt.gives {
		answer := &huma.Response{Description: g.what, Content: contentOf(registry, g.content)}
		for name, what := range g.headers {
			if answer.Headers == nil {
				answer.Headers = map[string]*huma.Param{}
			}
			answer.Headers[name] = &huma.Param{Description: what, Schema: &huma.Schema{Type: huma.TypeString}}
		}
		op.Responses[strconv.Itoa(g.status)] = answer
	}
	return op
}

// describeProblems adds the refusals, those of one status together.
func (rt *route) describeProblems(op *huma.Operation, schema *huma.Schema) {
	kinds := append([]edged.Kind{edged.Forbidden, edged.Internal}, rt.kinds...)
	if rt.method == http.MethodGet && !rt.untimed {
		kinds = append(kinds, edged.BadCursor, edged.Invalid, edged.Unavailable)
	}
	slices.SortFunc(kinds, func(a, b edged.Kind) int {
		return cmp.Or(outcomes[a].status-outcomes[b].status, strings.Compare(string(a), string(b)))
	})
	for _, k := range slices.Compact(kinds) {
		status := strconv.Itoa(outcomes[k].status)
		line := string(k) + ": " + outcomes[k].title
		if known := op.Responses[status]; known != nil {
			known.Description += "; " + line
			continue
		}
		op.Responses[status] = &huma.Response{Description: line, Content: map[string]*huma.MediaType{
			typeProblem:        {Schema: schema},
			typeProblemMsgpack: {Schema: schema},
		}}
	}
}

func contentOf(registry huma.Registry, types map[string]any) map[string]*huma.MediaType {
	if types == nil {
		return nil
	}
	out := map[string]*huma.MediaType{}
	for contentType, v := range types {
		schema := &huma.Schema{} // anything
		if v != nil {
			schema = registry.Schema(reflect.TypeOf(v), true, "")
		}
		out[contentType] = &huma.MediaType{Schema: schema}
	}
	return out
}

// paramsOf reads the fields of a struct that have a path, query or header tag.
func paramsOf(registry huma.Registry, t reflect.Type) []*huma.Param {
	var out []*huma.Param
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			out = append(out, paramsOf(registry, f.Type)...)
			continue
		}
		for _, in := range []string{"path", "query", "header"} {
			name := f.Tag.Get(in)
			if name == "" {
				continue
			}
			schema := huma.SchemaFromField(registry, f, "")
			p := &huma.Param{Name: name, In: in, Description: schema.Description, Schema: schema, Required: in == "path"}
			schema.Description = ""
			out = append(out, p)
		}
	}
	return out
}

func (s *Server) openAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "no-cache")
	writeBytes(w, typeJSON, http.StatusOK, s.document())
}
