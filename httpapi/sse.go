package httpapi

import (
	"context"
	"errors"
	"net/http"
	"os"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/codec"
)

// Limits of feeds over HTTP.
const (
	heartbeatEvery = 15 * time.Second
	slowAfter      = 10 * time.Second // a reader that takes nothing for so long is closed
	writeMax       = 64 << 10         // what must be taken within slowAfter
)

// bodyFeed is a feed whose events come as one endless answer: server-sent events or NDJSON.
type bodyFeed struct {
	server *Server
	kind   readerKind
	tail   *tail
	wake   chan struct{}
	w      http.ResponseWriter
	rc     *http.ResponseController
}

// follow answers with an endless stream of events, until the reader goes or the node does.
func (s *Server) follow(w http.ResponseWriter, r *http.Request, q *reading, form codec.Form) {
	kind, contentType := readerSSE, typeSSE
	if form == codec.Lines {
		kind, contentType = readerNDJSON, typeNDJSON
	}
	closing, err := s.feeds.join(kind)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	defer s.feeds.leave(kind)
	b := bodyFeed{
		server: s, kind: kind, tail: newTail(q, form), wake: make(chan struct{}, 1),
		w: w, rc: http.NewResponseController(w),
	}
	b.tail.feed, err = s.open(q, func() {
		select {
		case b.wake <- struct{}{}:
		default:
		}
	})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	defer b.tail.feed.Close()
	s.feeds.counts.resumed(b.tail.feed)
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	_ = b.rc.SetReadDeadline(time.Time{}) // where there is none to lift, all the better
	b.run(r.Context(), closing)
}

// run writes what comes until it must end.
func (b *bodyFeed) run(ctx context.Context, closing <-chan struct{}) {
	heartbeat := time.NewTimer(heartbeatEvery)
	defer heartbeat.Stop()
	if !b.begin() || !b.pump(ctx) {
		return
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-closing:
			b.goodbye()
			return
		case <-heartbeat.C:
			beat := []byte("\n") // a reader of lines passes over empty ones
			if b.tail.form == codec.SSE {
				beat = []byte(":\n\n")
			}
			if b.write(beat) != nil || b.flush() != nil {
				return
			}
		case <-b.wake:
			if !b.pump(ctx) {
				return
			}
		}
		heartbeat.Reset(heartbeatEvery)
	}
}

// begin sends what a reader of server-sent events needs to come back, and the headers.
func (b *bodyFeed) begin() bool {
	if b.tail.form == codec.SSE {
		o := codec.Open(nil, false)
		o.Text("resume", b.tail.feed.Resume())
		o.Text("node", b.server.opts.Node)
		head := appendRetry(nil, b.server.feeds.retryMS())
		head = appendServerEvent(head, "subscribed", b.tail.feed.Cursor().String(), o.Close())
		if b.write(head) != nil {
			return false
		}
	}
	return b.flush() == nil
}

// pump writes all that waits, a turn at a time, and says whether the feed goes on.
func (b *bodyFeed) pump(ctx context.Context) bool {
	f := &b.server.feeds
	u := f.turn()
	defer f.release(u)
	for {
		more, failed := f.take(u, b.tail)
		if failed != nil {
			b.tail.trouble(u, failed)
			b.server.unexpected(failed)
		}
		if err := b.writeTurn(u); err != nil {
			b.server.lost(err)
			return false
		}
		if failed != nil || b.tail.finished || ctx.Err() != nil {
			return false
		}
		if !more {
			return true
		}
		u.clear()
	}
}

// goodbye tells a reader that must go when to come back.
func (b *bodyFeed) goodbye() {
	f := &b.server.feeds
	u := f.turn()
	defer f.release(u)
	retryMS := f.retryMS()
	if b.tail.form == codec.SSE {
		u.add(appendRetry(nil, retryMS))
	}
	b.tail.goodbye(u, retryMS)
	_ = b.writeTurn(u) // it goes either way
}

func (b *bodyFeed) writeTurn(u *turn) error {
	if len(u.pieces) == 0 {
		return nil
	}
	for _, p := range u.pieces {
		for len(p) > 0 {
			n := min(len(p), writeMax)
			if err := b.write(p[:n]); err != nil {
				return err
			}
			p = p[n:]
		}
	}
	b.server.feeds.counts.wrote(b.kind, u)
	return b.flush()
}

func (b *bodyFeed) write(p []byte) error {
	_ = b.rc.SetWriteDeadline(time.Now().Add(slowAfter))
	_, err := b.w.Write(p)
	return err
}

// flush sends what is buffered. It lifts the deadline: over HTTP/2 one that passes ends the
// stream even when nothing is being written.
func (b *bodyFeed) flush() error {
	_ = b.rc.SetWriteDeadline(time.Now().Add(slowAfter))
	err := b.rc.Flush()
	_ = b.rc.SetWriteDeadline(time.Time{})
	return err
}

// appendRetry tells an EventSource how long to wait before it comes back.
func appendRetry(b []byte, retryMS int) []byte {
	b = append(b, "retry: "...)
	b = appendJSONValue(b, retryMS)
	return append(b, '\n')
}

// lost counts a reader whose connection failed, if it was closed as slow.
func (s *Server) lost(err error) {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		s.feeds.counts.slow.Add(1)
	}
}

// unexpected logs the end of a feed that nobody else explains.
func (s *Server) unexpected(err error) {
	if problemOf(err).Code != string(edged.Internal) {
		return
	}
	if skipped, ok := s.logged.allow(s.opts.Now()); ok {
		s.opts.Log.Error("feed failed", "err", err, "skipped", skipped)
	}
}
