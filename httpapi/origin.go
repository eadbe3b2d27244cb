package httpapi

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/edgedhq/edged"
)

// origins decides who may call: by the name that the node is asked for, against DNS rebinding,
// and by the page that asks.
type origins struct {
	hosts []string // names beside localhost and loopback addresses
	pages []string // origins of foreign pages
	all   bool     // any page
}

func newOrigins(opts Options) origins {
	o := origins{all: slices.Contains(opts.CORS, "*")}
	for _, h := range opts.Hosts {
		o.hosts = append(o.hosts, strings.ToLower(h))
	}
	for _, p := range opts.CORS {
		o.pages = append(o.pages, strings.ToLower(p))
	}
	return o
}

// allowedOrigin refuses a request that a foreign page makes. A request without an Origin header
// comes from no page, or is one that a page cannot read the answer of.
func (s *Server) allowedOrigin(r *http.Request) error {
	origin := r.Header.Get("Origin")
	if origin == "" || sameOrigin(origin, r.Host) || s.origins.lists(origin) {
		return nil
	}
	return edged.RefuseField(edged.Forbidden, "header.Origin", cut(origin, 200),
		"pages of another origin may call this node only if its configuration lists them (http.cors)")
}

// sameOrigin compares the host and port of an origin with the Host header. The scheme may
// differ: whoever ends TLS before this node changes it.
func sameOrigin(origin, host string) bool {
	scheme, rest, ok := strings.Cut(origin, "://")
	if !ok || rest == "" {
		return false
	}
	if strings.EqualFold(rest, host) {
		return true
	}
	port := map[string]string{"http": ":80", "https": ":443"}[scheme]
	return port != "" && strings.EqualFold(strings.TrimSuffix(rest, port), strings.TrimSuffix(host, port))
}

func (o *origins) lists(origin string) bool {
	return o.all || slices.ContainsFunc(o.pages, func(p string) bool { return strings.EqualFold(p, origin) })
}

// allowedHost refuses a request for a name that is not this node's: a page whose owner points
// its name at this machine has that name as its origin, and would pass for our own.
func (s *Server) allowedHost(r *http.Request, loopback bool) error {
	if !loopback && len(s.origins.hosts) == 0 || r.Host == "" {
		return nil
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(host, "]"), "["), ".")
	if strings.EqualFold(host, "localhost") ||
		slices.ContainsFunc(s.origins.hosts, func(h string) bool { return strings.EqualFold(h, host) }) {
		return nil
	}
	if addr, err := netip.ParseAddr(host); err == nil && addr.IsLoopback() {
		return nil
	}
	return edged.RefuseField(edged.Forbidden, "header.Host", cut(r.Host, 200),
		"this node answers to localhost, loopback addresses and the names that its configuration lists (http.hosts)")
}

// corsHeaders are sent with every answer to a foreign page that is allowed.
const (
	corsMethods = "GET, HEAD, POST, PUT, DELETE, OPTIONS"
	corsHeaders = "Content-Type, Content-Encoding, Accept, Authorization, Idempotency-Key, Last-Event-ID, " +
		"Edged-Key, Edged-Time, Edged-Type"
	corsExposed = "Retry-After, Allow, Location, Edged-Cursor"
)

// answerOrigin lets a page that is allowed read the answer. Credentials are never allowed along
// with any page at all.
func (s *Server) answerOrigin(h http.Header, r *http.Request) {
	if len(s.origins.pages) == 0 {
		return
	}
	h.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" || !s.origins.lists(origin) {
		return
	}
	h.Set("Access-Control-Expose-Headers", corsExposed)
	if s.origins.all {
		h.Set("Access-Control-Allow-Origin", "*")
		return
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Credentials", "true")
}

// preflight says whether r asks for leave to make another request.
func preflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Origin") != "" &&
		r.Header.Get("Access-Control-Request-Method") != ""
}

func answerPreflight(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", corsMethods)
	h.Set("Access-Control-Allow-Headers", corsHeaders)
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}
