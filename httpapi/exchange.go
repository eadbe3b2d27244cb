package httpapi

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgedhq/edged"
)

// exchange is the ResponseWriter of one request. It remembers what a handler that fails must
// know: whether the answer has started, and whether a publication was handed over.
type exchange struct {
	http.ResponseWriter
	status   int
	appends  bool // the route writes events or values
	begun    bool
	hijacked bool
}

// WriteHeader remembers the status.
func (x *exchange) WriteHeader(status int) {
	if x.status == 0 && status >= 200 {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

// Write remembers that the answer has started.
func (x *exchange) Write(b []byte) (int, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	return x.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// Flush sends what is buffered.
func (x *exchange) Flush() {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	if f, ok := x.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// FlushError is Flush for http.ResponseController, which tells a feed that its reader is gone.
func (x *exchange) FlushError() error {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	return http.NewResponseController(x.ResponseWriter).Flush()
}

// Hijack gives the connection away, for WebSockets.
func (x *exchange) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	h, ok := x.ResponseWriter.(http.Hijacker)
	if !ok {
		return nil, nil, errors.ErrUnsupported
	}
	conn, rw, err := h.Hijack()
	x.hijacked = err == nil
	return conn, rw, err
}

var _ http.Hijacker = (*exchange)(nil)
var _ http.Flusher = (*exchange)(nil)

// begun marks that a publication of this request is about to be handed over: from now on a
// failure without a kind closes the connection and sends no status.
func begun(w http.ResponseWriter) {
	if x, ok := w.(*exchange); ok {
		x.begun = true
	}
}

// appends says whether the request's route writes events or values.
func appends(w http.ResponseWriter) bool {
	x, ok := w.(*exchange)
	return ok && x.appends
}

func hasBegun(w http.ResponseWriter) bool {
	x, ok := w.(*exchange)
	return ok && x.begun
}

// recovered ends a request whose handler panicked: with a 500 problem while that is still true
// and possible, else by closing the connection.
func (s *Server) recovered(x *exchange, r *http.Request, cause any) {
	if cause == http.ErrAbortHandler { //nolint:errorlint // the value itself is the signal
		panic(cause)
	}
	s.requests.panics.Add(1)
	err := fmt.Errorf("httpapi: %s %s: panic: %v: %w", r.Method, r.Pattern, cause, edged.Internal)
	if x.hijacked {
		s.faulted(r, err)
		return
	}
	if x.status != 0 || x.begun {
		s.faulted(r, err)
		panic(http.ErrAbortHandler)
	}
	s.fail(x, r, err)
}

// faulted logs an error that the client is not told, at most so many a second.
func (s *Server) faulted(r *http.Request, err error) {
	if skipped, ok := s.logged.allow(s.opts.Now()); ok {
		s.opts.Log.ErrorContext(r.Context(), "request failed",
			"method", r.Method, "route", r.Pattern, "err", err, "skipped", skipped)
	}
}

// quiet lets a few lines a second through and counts the rest.
type quiet struct {
	mu      sync.Mutex
	second  int64
	lines   int
	skipped int64
}

func (q *quiet) allow(now time.Time) (skipped int64, ok bool) {
	const linesMax = 5
	q.mu.Lock()
	defer q.mu.Unlock()
	if at := now.Unix(); at != q.second {
		q.second, q.lines = at, 0
	}
	if q.lines++; q.lines > linesMax {
		q.skipped++
		return 0, false
	}
	skipped, q.skipped = q.skipped, 0
	return skipped, true
}

// requestCounts is what the server measures of itself.
type requestCounts struct {
	panics  atomic.Int64
	refusal sync.Map // code to *atomic.Int64; the codes are ours, so they are few
}

func (c *requestCounts) refused(code string) {
	n, ok := c.refusal.Load(code)
	if !ok {
		n, _ = c.refusal.LoadOrStore(code, new(atomic.Int64))
	}
	n.(*atomic.Int64).Add(1)
}
