package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgedhq/edged/httpapi/client"
)

func (a *app) subCommand() *cobra.Command {
	var s subscriber
	cmd := &cobra.Command{
		Use: "sub STREAM", Short: "Follow a stream",
		Long: "Follows a stream and goes on by its cursor after a loss of connection. On a terminal each\n" +
			"event is one short line, also with -o table; piped, or with -o json, it is the whole envelope\n" +
			"as NDJSON.",
		Example: "  edged sub orders\n" +
			"  edged sub orders --from earliest --limit 10 -o json\n" +
			"  edged sub log --from -10m --data-only | grep failed",
		Args: func(cmd *cobra.Command, args []string) error {
			if err := exactly(1, "a stream")(cmd, args); err != nil {
				return err
			}
			return streamName(args[0])
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			s.app, s.stream = a, args[0]
			return s.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.query.From, "from", "latest", "`place` to begin: earliest, latest, an RFC 3339 time, or -10m")
	f.StringVar(&s.query.Cursor, "cursor", "", "go on after this `cursor`, from any node")
	f.StringArrayVar(&s.query.Keys, "key", nil, "only events with this `key`; repeatable")
	f.StringVar(&s.query.KeyPrefix, "key-prefix", "", "only events whose key has this `prefix`")
	f.StringArrayVar(&s.query.Types, "type", nil, "only events of this `type`; repeatable")
	f.StringVar(&s.query.Filter, "filter", "", "only events for which this SQL `expression` over their data is true")
	f.BoolVar(&s.dataOnly, "data-only", false, "print the data of events and nothing else")
	f.Int64Var(&s.limit, "limit", 0, "end after so many `events`; 0: go on")
	f.StringVar((*string)(&s.transport), "transport", "sse", "`way` that events come: sse, ndjson or websocket")
	return cmd
}

// subscriber prints a stream.
type subscriber struct {
	app       *app
	stream    string
	query     client.Query
	transport client.Transport
	dataOnly  bool
	limit     int64

	out    *lazyWriter
	count  int64
	cursor string
}

func (s *subscriber) run(ctx context.Context) error {
	if s.limit < 0 {
		return usage("--limit %d: want a number of events, or 0", s.limit)
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
		s.app.note("\nto go on from here: edged sub %s --cursor %s", s.stream, s.cursor)
	}
	return err
}

func (s *subscriber) follow(ctx context.Context, c *client.Client) error {
	opts := client.FollowOptions{Transport: s.transport, OnRetry: func(err error, pause time.Duration) {
		if !errors.Is(err, io.EOF) || pause > time.Second {
			s.app.note("connection lost: %s; again in %s", plain(err), pause.Round(time.Millisecond))
		}
	}}
	for d, err := range c.Follow(ctx, s.stream, s.query, opts) {
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
		if err := s.print(&d); err != nil {
			return err
		}
		if s.count++; s.count == s.limit {
			return nil
		}
	}
	return nil
}

// print writes one event.
func (s *subscriber) print(d *client.Delivery) error {
	screen := terminal(s.app.out)
	people := !s.app.json() && (screen || s.app.globals.output == "table")
	if !people && !s.dataOnly {
		s.out.line(withCursor(d))
		return nil
	}
	e, err := d.Event()
	if err != nil {
		return err
	}
	switch {
	case s.dataOnly && people && screen:
		s.out.line([]byte(harmless(string(e.Bytes()))))
	case s.dataOnly:
		s.out.line(e.Bytes())
	default:
		at := s.app.paint(s.app.out, dim, e.Time.Local().Format("15:04:05.000"))
		line := at + "  "
		for _, word := range []string{e.Key, e.Type} {
			if word != "" {
				line += s.app.paint(s.app.out, green, harmless(word)) + "  "
			}
		}
		s.out.line([]byte(line + harmless(string(e.Bytes()))))
	}
	return nil
}

// withCursor gives the envelope with its cursor as the last member, also where the transport
// carried that beside it.
func withCursor(d *client.Delivery) []byte {
	body, ok := strings.CutSuffix(string(d.Data), "}")
	if !ok || d.Cursor == "" || strings.HasSuffix(body, `"cursor":"`+d.Cursor+`"`) {
		return d.Data
	}
	return []byte(body + `,"cursor":"` + d.Cursor + `"}`)
}

// notice tells of what is not an event.
func (s *subscriber) notice(d *client.Delivery) {
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
