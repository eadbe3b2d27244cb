package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"time"
)

// Delivery is one thing that a follower is given: an event, the change of a key, a row, or a notice.
type Delivery struct {
	// Cursor is the place just after it. Empty for a notice that has no place of its own.
	Cursor string
	// Notice is empty for an event, a change or a row; else subscribed, up_to_date, gap, lagged, reset
	// or drain.
	Notice string
	// Data is the envelope (or the bare data, with Query.Envelope "data"), the change, the row, or what
	// the notice says, as JSON. It is valid until the next step.
	Data []byte
}

// Event decodes the envelope. Do not call it on a notice.
func (d *Delivery) Event() (Event, error) {
	var e Event
	if err := json.Unmarshal(d.Data, &e); err != nil {
		return e, fmt.Errorf("client: envelope: %w", err)
	}
	if e.Cursor == "" {
		e.Cursor = d.Cursor
	}
	return e, nil
}

// Transport is how a feed comes.
type Transport string

// The transports.
const (
	SSE       Transport = "sse"
	NDJSON    Transport = "ndjson"
	WebSocket Transport = "websocket"
)

// FollowOptions tune a follower. The zero value is ready for use.
type FollowOptions struct {
	Transport Transport     // default SSE; NDJSON cannot carry Envelope "data" across a reconnect
	RetryMin  time.Duration // first pause after a loss, default 100 ms
	RetryMax  time.Duration // longest pause, default 10 s
	Silence   time.Duration // a connection that is silent so long is lost, default 45 s
	// OnRetry is told before each pause; nil tells nobody.
	OnRetry func(err error, pause time.Duration)
}

func (o FollowOptions) withDefaults() (FollowOptions, error) {
	switch o.Transport {
	case "":
		o.Transport = SSE
	case SSE, NDJSON, WebSocket:
	default:
		return o, fmt.Errorf("client: transport %q: want sse, ndjson or websocket", o.Transport)
	}
	if o.Silence <= 0 {
		o.Silence = 45 * time.Second
	}
	return o, nil
}

// Follow gives what the stream has and will have, until ctx ends or the caller stops. A lost
// connection is made anew, after a jittered pause, and goes on by the cursor; only a refusal that
// no retry can mend is given as an error, and is the last thing given.
func (c *Client) Follow(ctx context.Context, stream string, q Query, opts FollowOptions) iter.Seq2[Delivery, error] {
	q.Limit, q.Wait = 0, 0
	return c.follow(ctx, place{eventsPath(stream), q.Cursor, q.values()}, opts)
}

// place is what a feed is of, and where it begins.
type place struct {
	path   []string
	cursor string // goes on after it; empty: as query says
	query  url.Values
}

// values is the query of a connection that begins at the place.
func (p *place) values() url.Values {
	if p.cursor != "" {
		p.query.Del("from")
		p.query.Set("cursor", p.cursor)
	}
	return p.query
}

func (c *Client) follow(ctx context.Context, at place, opts FollowOptions) iter.Seq2[Delivery, error] {
	return func(yield func(Delivery, error) bool) {
		opts, err := opts.withDefaults()
		if err != nil {
			yield(Delivery{}, err)
			return
		}
		at := at
		at.query = maps.Clone(at.query) // each run of the sequence begins anew
		f := follower{client: c, place: at, opts: opts, wait: newBackoff(opts.RetryMin, opts.RetryMax)}
		for ctx.Err() == nil {
			goOn, err := f.connection(ctx, yield)
			if !goOn || ctx.Err() != nil {
				return
			}
			again, asked := retryable(err)
			if !again {
				yield(Delivery{}, err)
				return
			}
			d := f.wait.next(max(asked, f.asked))
			if opts.OnRetry != nil {
				opts.OnRetry(err, d)
			}
			if !pause(ctx, d) {
				return
			}
		}
	}
}

// follower is a place in a feed that outlives its connections.
type follower struct {
	client *Client
	place  place
	opts   FollowOptions
	wait   backoff
	asked  time.Duration // the pause that the node named last
}

// source is one connection of a feed.
type source interface {
	// next gives what comes next; its Data is valid until the next call. asked is the pause
	// before a reconnect that the node has named so far.
	next() (d Delivery, asked time.Duration, err error)
	close()
}

// connection gives all that one connection brings, and says why it ended. goOn is false when the
// caller has had enough.
func (f *follower) connection(ctx context.Context, yield func(Delivery, error) bool) (goOn bool, err error) {
	s, err := f.open(ctx)
	if err != nil {
		return true, err
	}
	defer s.close()
	for {
		d, asked, err := s.next()
		if err != nil {
			return true, err
		}
		f.asked = asked
		if d.Cursor != "" {
			f.place.cursor = d.Cursor
			f.wait.reset()
		}
		if d.Notice == "problem" {
			return true, noticedProblem(d.Data)
		}
		if !yield(d, nil) {
			return false, nil
		}
	}
}

func (f *follower) open(ctx context.Context) (source, error) {
	switch f.opts.Transport {
	case NDJSON:
		return f.openBody(ctx, "application/x-ndjson", func(b *body) source { return &lineSource{body: b} })
	case WebSocket:
		return f.client.openSocketSource(ctx, &f.place, f.opts.Silence)
	}
	return f.openBody(ctx, "text/event-stream", func(b *body) source { return &eventSource{body: b} })
}

func (f *follower) openBody(ctx context.Context, accept string, build func(*body) source) (source, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	silent := time.AfterFunc(f.opts.Silence, func() { cancel(errSilent) })
	resp, err := f.client.send(ctx, call{
		method: http.MethodGet, path: f.place.path, query: f.place.values(),
		header: http.Header{"Accept": {accept}},
	})
	if err != nil {
		silent.Stop()
		cancel(nil)
		return nil, err
	}
	return build(newBody(resp.Body, func() { silent.Reset(f.opts.Silence) }, func() {
		silent.Stop()
		cancel(nil)
		resp.Body.Close()
	})), nil
}

var errSilent = errors.New("client: the node has been silent for too long")

// noticedProblem reads a problem that a feed carried before it ended.
func noticedProblem(data []byte) error {
	p := &Problem{}
	if err := json.Unmarshal(data, p); err != nil {
		return fmt.Errorf("client: problem notice: %w", err)
	}
	return p
}

// isNotice says whether a line or frame of a feed is a notice; envelopes start with their id, changes
// with their key, rows with key or row.
func isNotice(data []byte) bool { return bytes.HasPrefix(data, []byte(`{"op":`)) }

// notice reads the form that NDJSON and WebSocket feeds give to notices.
func notice(data []byte) (Delivery, time.Duration, error) {
	var n struct {
		Op      string          `json:"op"`
		Cursor  string          `json:"cursor"`
		RetryMS int64           `json:"retry_ms"`
		Problem json.RawMessage `json:"problem"`
	}
	if err := json.Unmarshal(data, &n); err != nil {
		return Delivery{}, 0, fmt.Errorf("client: notice: %w", err)
	}
	d := Delivery{Cursor: n.Cursor, Notice: n.Op, Data: data}
	if n.Problem != nil {
		d.Notice, d.Data = "problem", n.Problem
	}
	return d, time.Duration(n.RetryMS) * time.Millisecond, nil
}

// cursorOf finds the cursor that stands last in an envelope, without decoding the rest: cursors
// are base64url, so that no quote is hidden in one.
func cursorOf(envelope []byte) string {
	rest, ok := bytes.CutSuffix(envelope, []byte(`"}`))
	if !ok {
		return ""
	}
	at := bytes.LastIndexByte(rest, '"')
	if at < 0 || !bytes.HasSuffix(rest[:at], []byte(`"cursor":`)) {
		return ""
	}
	return string(rest[at+1:])
}
