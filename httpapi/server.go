package httpapi

import (
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgedhq/edged"
)

// Parts are what a Server stands on. All but Collections with Entries, Functions, Links and Metrics
// are needed.
type Parts struct {
	Streams     Streams
	Catalog     Catalog
	Collections Collections // nil, and so Entries: their paths are not there
	Entries     Entries
	Functions   Functions // nil: their paths are not there, nor /v1/query
	Cluster     Cluster
	Health      Health
	Links       Links   // nil: links are real
	Metrics     Metrics // nil: only what the server itself measures
}

// Server answers requests. A part of the package that keeps state of its own between requests
// has one field here, whose zero value is ready.
type Server struct {
	parts     Parts
	opts      Options
	origins   origins
	table     []*route
	routes    *router
	document  func() []byte // the OpenAPI document, made when it is first asked for
	streamDef body
	collDef   body
	linkDef   body
	sealDef   body
	draining  atomic.Bool // set by Drain: no publish, no update and no new feed is taken
	requests  requestCounts
	publishes publishCounts
	updates   updateCounts
	feeds     feeds // live readers
	inbox     inbox
	logged    quiet
	exchanges sync.Pool
}

// New makes a Server; it starts nothing.
func New(parts Parts, opts Options) (*Server, error) {
	if parts.Streams == nil || parts.Catalog == nil || parts.Cluster == nil || parts.Health == nil {
		return nil, errors.New("httpapi: parts: want Streams, Catalog, Cluster and Health")
	}
	if (parts.Collections == nil) != (parts.Entries == nil) {
		return nil, errors.New("httpapi: parts: want Collections and Entries, or neither")
	}
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{
		parts: parts, opts: opts, origins: newOrigins(opts),
		streamDef: bodyOf[streamDefinition](), collDef: bodyOf[collectionDefinition](), linkDef: bodyOf[linkView](), sealDef: bodyOf[sealRequest](),
		exchanges: sync.Pool{New: func() any { return new(exchange) }},
	}
	s.table = s.allRoutes()
	s.routes = s.router(s.table)
	s.document = sync.OnceValue(func() []byte { return document(s.table, opts.Version) })
	return s, nil
}

// Handler serves the whole contract. Host is checked only if Options.Hosts says so, because a
// handler does not know its listener.
func (s *Server) Handler() http.Handler { return door{s, false} }

// HTTPServer is a server for one listener: HTTP/1.1, and HTTP/2 without TLS where only this
// machine can connect. Its limits of time hold for all but feeds, which have their own.
func (s *Server) HTTPServer(listen net.Addr) *http.Server {
	const headerTimeout, idleTimeout = 5 * time.Second, 2 * time.Minute
	const bodyTimeout = 2 * time.Minute
	const answerTimeout = bodyTimeout + 2*time.Minute // from the headers on
	loopback := isLoopback(listen)
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(loopback)
	return &http.Server{
		Handler:           door{s, loopback},
		Protocols:         protocols,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       bodyTimeout,
		WriteTimeout:      answerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    s.opts.Limits.HeaderBytesMax,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: 1000, SendPingTimeout: 30 * time.Second},
		// What net/http has to say is about single connections of strangers.
		ErrorLog: log.New(io.Discard, "", 0),
	}
}

func isLoopback(a net.Addr) bool {
	if a, ok := a.(*net.TCPAddr); ok {
		return a.IP.IsLoopback()
	}
	return a != nil && a.Network() == "unix"
}

// door is what every request comes in by.
type door struct {
	server   *Server
	loopback bool
}

// ServeHTTP checks where the request comes from, then routes it. It is on the way of every
// publish, so it allocates nothing.
func (d door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := d.server
	x := s.exchanges.Get().(*exchange)
	*x = exchange{ResponseWriter: w}
	defer s.leave(x, r)
	h := w.Header()
	h["X-Content-Type-Options"] = nosniff
	h["Referrer-Policy"] = noReferrer
	s.answerOrigin(h, r)
	err := s.allowedHost(r, d.loopback)
	if err == nil {
		err = s.allowedOrigin(r)
	}
	switch {
	case err != nil:
		s.fail(x, r, err)
	case preflight(r):
		answerPreflight(x)
	default:
		if h := s.routes.find(r); h != nil {
			h.ServeHTTP(x, r)
			return
		}
		s.unrouted(x, r)
	}
}

// leave ends a request, whether its handler returned or panicked.
func (s *Server) leave(x *exchange, r *http.Request) {
	if cause := recover(); cause != nil {
		s.recovered(x, r, cause) // x is not used again: who knows who still holds it
		return
	}
	x.ResponseWriter = nil
	s.exchanges.Put(x)
}

// Header values that every answer carries, made once.
var (
	nosniff    = []string{"nosniff"}     // read-only
	noReferrer = []string{"no-referrer"} // read-only
)

// streamOf is the stream that the path names.
func streamOf(r *http.Request) (string, error) { return nameIn(r, "stream") }

// nameIn is a name in the path, held to the grammar of names.
func nameIn(r *http.Request, part string) (string, error) {
	name := pathValue(r, part)
	return name, edged.CheckName("path."+part, name)
}

// pathValue is a part of the path, decoded once.
func pathValue(r *http.Request, part string) string {
	value := r.PathValue(part)
	if r.URL.RawPath != "" { // the router has matched the encoded path
		if plain, err := url.PathUnescape(value); err == nil {
			return plain
		}
	}
	return value
}
