package httpapi

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/edgedhq/edged"
)

// route is one method of one path: how it is served and how it is described.
type route struct {
	method, path string
	id           string // operationId
	tag          string // the heading it stands under in the documents
	summary      string
	about        string
	params       any            // a struct whose fields have path, query or header tags
	takes        map[string]any // content type of a request to a value of the type of its schema; nil: any bytes
	needsBody    bool
	gives        []reply
	kinds        []edged.Kind // refusals beside those that any route may give
	appends      bool         // refused while draining
	feeds        bool         // may answer for as long as the client stays
	untimed      bool         // after= is not waited for
	try          string       // an example for a shell
	handler      http.HandlerFunc

	answered [6]atomic.Int64 // by hundreds of the status
}

// reply is one way to succeed.
type reply struct {
	status  int
	what    string
	content map[string]any // as route.takes; nil: no body
	headers map[string]string
}

// both is a schema that is spoken in JSON and in msgpack.
func both(v any) map[string]any { return map[string]any{typeJSON: v, typeMsgpack: v} }

func (s *Server) allRoutes() []*route {
	return slices.Concat(
		s.streamRoutes(), s.eventRoutes(), s.collectionRoutes(), s.keyRoutes(), s.functionRoutes(), s.rowRoutes(),
		s.clusterRoutes(), s.linkRoutes(), s.nodeRoutes())
}

// router fills chi from the table. Every GET also answers HEAD, every path OPTIONS.
func (s *Server) router(table []*route) *router {
	r := &router{mux: chi.NewRouter(), handlers: map[string]map[string]http.Handler{}}
	for _, rt := range table {
		h := s.serve(rt)
		r.add(rt.method, rt.path, h)
		if rt.method == http.MethodGet {
			r.add(http.MethodHead, rt.path, headOf(h))
		}
	}
	for path, methods := range r.handlers {
		text := allowText(slices.Collect(maps.Keys(methods)))
		r.add(http.MethodOptions, path, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Allow", text)
			w.WriteHeader(http.StatusNoContent)
		}))
	}
	return r
}

// router finds the handler of a request. The tree is chi's; serving through chi.Mux as well would
// copy the request and its context for each publish.
type router struct {
	mux      *chi.Mux
	handlers map[string]map[string]http.Handler // by path, then method: what mux has
	places   sync.Pool                          // of *chi.Context
}

func (rr *router) add(method, path string, h http.Handler) {
	rr.mux.Method(method, path, h)
	if rr.handlers[path] == nil {
		rr.handlers[path] = map[string]http.Handler{}
	}
	rr.handlers[path][method] = h
}

// find gives the handler and leaves the values of the path in the request; nil when there is none.
func (rr *router) find(r *http.Request) http.Handler {
	at, ok := rr.places.Get().(*chi.Context)
	if !ok {
		at = chi.NewRouteContext()
	}
	defer rr.places.Put(at)
	at.Reset()
	path := rr.mux.Find(at, r.Method, pathOf(r))
	if path == "" {
		return nil
	}
	for i, key := range at.URLParams.Keys {
		r.SetPathValue(key, at.URLParams.Values[i])
	}
	r.Pattern = path
	return rr.handlers[path][r.Method]
}

// methods are those that a path has.
func (rr *router) methods(path string) []string {
	var out []string
	for _, m := range []string{"DELETE", "GET", "HEAD", "POST", "PUT"} {
		if rr.mux.Match(chi.NewRouteContext(), m, path) {
			out = append(out, m)
		}
	}
	return out
}

// pathOf is the path as the client encoded it: a slash within a name is no separator.
func pathOf(r *http.Request) string {
	if r.URL.RawPath != "" {
		return r.URL.RawPath
	}
	return r.URL.Path
}

// serve puts around a handler what its route asks for.
func (s *Server) serve(rt *route) http.Handler {
	waits := rt.method == http.MethodGet && !rt.untimed
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer rt.count(w)
		if rt.appends {
			if x, ok := w.(*exchange); ok {
				x.appends = true
			}
			if s.draining.Load() {
				s.fail(w, r, edged.Refuse(edged.Draining, "this node is going away; write to another, or here after its restart"))
				return
			}
		}
		if waits && (strings.Contains(r.URL.RawQuery, "after=") || strings.Contains(r.URL.RawQuery, "wait=")) {
			if err := s.catchUp(r); err != nil {
				s.fail(w, r, err)
				return
			}
		}
		if rt.feeds {
			limitless(w)
		}
		rt.handler(w, r)
	})
}

// limitless lifts the server's limits of time from a request that may become a feed.
func limitless(w http.ResponseWriter) {
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Time{}) // unsupported only where there is no limit either
	_ = c.SetWriteDeadline(time.Time{})
}

func (rt *route) count(w http.ResponseWriter) {
	class := 0 // closed without a status
	switch x, ok := w.(*exchange); {
	case ok && x.hijacked:
		class = 1
	case ok:
		class = x.status / 100
	}
	rt.answered[class%len(rt.answered)].Add(1)
}

// headOf answers HEAD with what GET would send before its body, and never with a feed.
func headOf(get http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		r.Header.Del("Upgrade")
		if a := r.Header.Get("Accept"); strings.Contains(a, typeSSE) || strings.Contains(a, typeNDJSON) {
			r.Header.Set("Accept", typeJSON)
		}
		if strings.Contains(r.URL.RawQuery, "wait=") && !strings.Contains(r.URL.RawQuery, "after=") {
			q := r.URL.Query()
			q.Del("wait")
			r.URL.RawQuery = q.Encode()
		}
		get.ServeHTTP(w, r)
	})
}

// catchUp waits until this node holds all that the cursor in after= covers.
func (s *Server) catchUp(r *http.Request) error {
	const waitDefault = 5 * time.Second
	q := r.URL.Query()
	wait, err := durationParam(q, "wait", waitDefault, s.opts.Limits.WaitMax)
	if err != nil || !q.Has("after") {
		return err
	}
	at, err := edged.ParseCursor(q.Get("after"))
	if err != nil {
		return edged.RefuseField(edged.BadCursor, "query.after", nil, "pass on a cursor exactly as a node gave it")
	}
	ctx, cancel := context.WithTimeout(r.Context(), wait)
	defer cancel()
	err = s.await(ctx, r, at)
	if err != nil && ctx.Err() != nil && r.Context().Err() == nil {
		return edged.RefuseField(edged.Unavailable, "query.after", nil,
			"this node has not caught up to the cursor within %s; ask again, or with a longer wait (at most %s)",
			wait, durationText(s.opts.Limits.WaitMax))
	}
	return err
}

// await returns once what the request is about includes all that the cursor covers: the node, and
// where it is about a function, its rows.
func (s *Server) await(ctx context.Context, r *http.Request, at edged.Cursor) error {
	name := ""
	if strings.HasPrefix(r.Pattern, functionPath) {
		name = pathValue(r, "name")
	}
	switch {
	case s.parts.Entries != nil && strings.HasPrefix(at.Stream, edged.CollectionStream("")):
		return s.parts.Entries.AwaitCollection(ctx, at)
	case s.parts.Functions != nil && isCut(&at):
		return s.parts.Functions.AwaitRows(ctx, name, at)
	}
	if err := s.parts.Streams.Await(ctx, at); err != nil || name == "" {
		return err
	}
	return s.parts.Functions.AwaitRows(ctx, name, at)
}

// durationParam reads a Go duration from 0 to the maximum.
func durationParam(q url.Values, name string, def, most time.Duration) (time.Duration, error) {
	if !q.Has(name) {
		return def, nil
	}
	text := q.Get(name)
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > most {
		return 0, edged.RefuseField(edged.Invalid, "query."+name, text,
			"want a duration such as 250ms or 10s, at most %s", durationText(most))
	}
	return d, nil
}

// durationText is a duration as a person would write it: 24h, not 24h0m0s.
func durationText(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = text[:len(text)-2]
	}
	if strings.HasSuffix(text, "h0m") {
		text = text[:len(text)-2]
	}
	return text
}

func allowText(methods []string) string {
	methods = append(slices.Clone(methods), http.MethodOptions)
	slices.Sort(methods)
	return strings.Join(slices.Compact(methods), ", ")
}

// absent says why some paths that api.md or habit names are not here.
var absent = [][2]string{ // read-only
	{"/v1/streams", "streams are at /v1/streams and /v1/streams/NAME, their events at /v1/streams/NAME/events; a slash at the end names nothing"},
	{"/console", "this build has no console; /docs describes what it serves"},
	{"/v1/links", "emulated links are at /v1/links and /v1/links/NAME, NAME a region or a node"},
	{"/v1/query", "a query is posted to /v1/query, where nothing else is"},
	{"/v1/functions", "functions are at /v1/functions and /v1/functions/NAME, their rows at /v1/functions/NAME/rows, how complete those are at /v1/functions/NAME/completeness"},
	{"/v1/collections", "collections are at /v1/collections and /v1/collections/NAME, their keys at /v1/collections/NAME/keys/KEY, where a slash within a key is %2F"},
}

// What a server without a part says.
const (
	noCollections = "this node has no collections"
	noFunctions   = "this node has no functions"
)

// unrouted answers what no route takes: 405 when the path has other methods, else 404.
func (s *Server) unrouted(w http.ResponseWriter, r *http.Request) {
	if methods := s.routes.methods(pathOf(r)); methods != nil {
		allow := allowText(methods)
		w.Header().Set("Allow", allow)
		s.fail(w, r, edged.Refuse(edged.MethodNotAllowed, "want one of %s", allow))
		return
	}
	why := "no such path; /docs and /openapi.json describe what is served"
	for _, a := range absent {
		if strings.HasPrefix(r.URL.Path, a[0]) {
			why = a[1]
		}
	}
	if s.parts.Collections == nil && strings.HasPrefix(r.URL.Path, "/v1/collections") {
		why = noCollections
	}
	if s.parts.Functions == nil && (strings.HasPrefix(r.URL.Path, "/v1/functions") || strings.HasPrefix(r.URL.Path, "/v1/query")) {
		why = noFunctions
	}
	s.fail(w, r, edged.Refuse(edged.NotFound, "%s", why))
}
