package httpapi

import (
	"errors"
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/go-chi/chi/v5"

	"github.com/edgedhq/edged"
)

// Parts are what a Server stands on. All but Metrics are needed.
type Parts struct {
	Streams Streams
	Catalog Catalog
	Cluster Cluster
	Health  Health
	Metrics Metrics // nil: only what the server itself measures
}

// Server answers requests. A part of the package that keeps state of its own between requests
// has one field here, whose zero value is ready.
type Server struct {
	parts    Parts
	opts     Options
	origins  origins
	routes   *chi.Mux
	draining atomic.Bool // set by Drain: no publish and no new feed is taken
	requests requestCounts
	logged   quiet
}

// New makes a Server; it starts nothing.
func New(parts Parts, opts Options) (*Server, error) {
	if parts.Streams == nil || parts.Catalog == nil || parts.Cluster == nil || parts.Health == nil {
		return nil, errors.New("httpapi: parts: want Streams, Catalog, Cluster and Health")
	}
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{parts: parts, opts: opts, origins: newOrigins(opts), routes: chi.NewRouter()}
	return s, nil
}

// Handler serves the whole contract.
func (s *Server) Handler() http.Handler { return s.routes }

// streamOf is the stream that the path names, decoded once and held to the grammar of names.
func streamOf(r *http.Request) (string, error) { return nameOf(r, "stream") }

func nameOf(r *http.Request, param string) (string, error) {
	raw := r.PathValue(param)
	name, err := url.PathUnescape(raw)
	if err != nil {
		name = raw
	}
	return name, edged.CheckName("path."+param, name)
}
