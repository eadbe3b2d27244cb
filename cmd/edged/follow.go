package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"github.com/edgedhq/edged/httpapi/client"
)

// follower prints a feed as it comes.
type follower struct {
	app       *app
	transport client.Transport
	limit     int64
	again     string // the command that goes on from a cursor
	// open is the feed; show is one of its deliveries as a line, for people or for programs.
	open func(ctx context.Context, c *client.Client, opts client.FollowOptions) iter.Seq2[client.Delivery, error]
	show func(d *client.Delivery, people bool) ([]byte, error)

	out    *lazyWriter
	count  int64
	cursor string
}

// flags are those of every feed; what names the things that come.
func (s *follower) flags(f *pflag.FlagSet, what string) {
	f.Int64Var(&s.limit, "limit", 0, "end after so many `"+what+"`; 0: go on")
	f.StringVar((*string)(&s.transport), "transport", "sse", "`way` that "+what+" come: sse, ndjson or websocket")
}

func (s *follower) run(ctx context.Context) error {
	if s.limit < 0 {
		return usage("--limit %d: want a number above zero, or 0", s.limit)
	}
	switch s.transport {
	case client.SSE, client.NDJSON, client.WebSocket:
	default:
		return usage("--transport %q: want sse, ndjson or websocket", s.transport)
	}
	c, err := s.app.client()
	if err != nil {
		return err
	}
	if _, err := c.Version(ctx); err != nil { // a node that was never there is told at once
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.out = newLazyWriter(s.app.out, func(error) { cancel() })
	err = s.follow(ctx, c)
	if e := s.out.flush(); err == nil && e != nil && !errors.Is(e, syscall.EPIPE) {
		err = fmt.Errorf("standard output: %w", e)
	}
	if s.cursor != "" && terminal(s.app.errs) && s.limit == 0 {
		s.app.note("\nto go on from here: %s --cursor %s", s.again, s.cursor)
	}
	return err
}

func (s *follower) follow(ctx context.Context, c *client.Client) error {
	opts := client.FollowOptions{Transport: s.transport, OnRetry: func(err error, pause time.Duration) {
		if !errors.Is(err, io.EOF) || pause > time.Second {
			s.app.note("connection lost: %s; again in %s", plain(err), pause.Round(time.Millisecond))
		}
	}}
	people := s.app.people()
	for d, err := range s.open(ctx, c, opts) {
		if err != nil {
			return err
		}
		if d.Cursor != "" {
			s.cursor = d.Cursor
		}
		if d.Notice != "" {
			s.notice(&d)
			continue
		}
		line, err := s.show(&d, people)
		if err != nil {
			return err
		}
		s.out.line(line)
		if s.count++; s.count == s.limit {
			return nil
		}
	}
	return nil
}

// notice tells of what is not an event.
func (s *follower) notice(d *client.Delivery) {
	switch d.Notice {
	case "gap":
		var g struct {
			From, To int64
			Reason   string
		}
		_ = json.Unmarshal(d.Data, &g) // a form that is not known still is a gap
		s.app.note("%s events %d to %d are gone: %s", s.app.paint(s.app.errs, yellow, "gap:"), g.From, g.To, harmless(g.Reason))
	case "lagged":
		var l struct{ Skipped int64 }
		_ = json.Unmarshal(d.Data, &l)
		s.app.note("%s %d events were skipped", s.app.paint(s.app.errs, yellow, "lagged:"), l.Skipped)
	case "reset":
		s.app.note("%s another query has taken over; its rows follow", s.app.paint(s.app.errs, yellow, "reset:"))
	case "drain":
		s.app.note("the node goes away; coming back")
	}
}

// lazyWriter writes out what was printed once nothing more came for a moment: many events are one
// system call, and one event is not held back.
type lazyWriter struct {
	mu     sync.Mutex
	w      *bufio.Writer
	timer  *time.Timer
	failed func(error)
	err    error
}

const writeDelay = 5 * time.Millisecond

func newLazyWriter(w io.Writer, failed func(error)) *lazyWriter {
	return &lazyWriter{w: bufio.NewWriterSize(w, 64<<10), failed: failed}
}

func (l *lazyWriter) line(b []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.w.Buffered() == 0 && l.timer == nil {
		l.timer = time.AfterFunc(writeDelay, func() { _ = l.flush() })
	}
	_, _ = l.w.Write(b)
	if err := l.w.WriteByte('\n'); err != nil {
		l.fail(err)
	}
}

// flush writes out what is held, and gives the first error that writing met.
func (l *lazyWriter) flush() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
	if err := l.w.Flush(); err != nil {
		l.fail(err)
	}
	return l.err
}

func (l *lazyWriter) fail(err error) {
	if l.err == nil {
		l.err = err
		l.failed(err)
	}
}
