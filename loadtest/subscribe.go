package loadtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/edgedhq/edged/loadtest/lean"
)

// quiet is how long nothing has to come before a reader counts as caught up.
const quiet = time.Second

// joinWait bounds how long subscribers may take to connect.
const joinWait = 60 * time.Second

// Subscribe has Clients readers take everything that the stream holds, from the earliest event,
// until nothing has come for a second or Duration is over. Rate is of all readers together, up
// to the last byte that came.
func Subscribe(ctx context.Context, opts Options) (Result, error) {
	preset(&opts.Clients, 1)
	o, err := opts.withDefaults()
	if err != nil {
		return Result{}, err
	}
	crowd := new(lean.Crowd)
	defer crowd.Close()
	cpuBefore, cpuErr := o.cpu(ctx)
	began := time.Now()
	for range o.Clients {
		if err := o.join(ctx, crowd, "earliest"); err != nil {
			return Result{}, err
		}
	}
	if err := o.awaitQuiet(ctx, crowd, began); err != nil {
		return Result{}, err
	}
	cpuAfter, err := o.cpu(ctx)
	events, bytes := crowd.Total()
	r := Result{Events: events, Bytes: bytes, Requests: int64(o.Clients), Elapsed: crowd.Last().Sub(began)}
	r.finish(cpuAfter-cpuBefore, errors.Join(cpuErr, err) == nil)
	if events == 0 {
		return r, fmt.Errorf("loadtest: stream %s gave nothing: %w", o.Stream, errors.Join(crowd.Err(), io.EOF))
	}
	return r, nil
}

func (o *Options) awaitQuiet(ctx context.Context, crowd *lean.Crowd, began time.Time) error {
	for time.Since(began) < o.Duration {
		if err := crowd.Err(); err != nil {
			return err
		}
		if last := crowd.Last(); time.Since(last) > quiet && time.Since(began) > quiet {
			return nil
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// join opens one reader's connection.
func (o *Options) join(ctx context.Context, crowd *lean.Crowd, from string) error {
	ctx, cancel := context.WithTimeout(ctx, joinWait)
	defer cancel()
	address, err := o.address()
	if err != nil {
		return err
	}
	path := "/v1/streams/" + o.Stream + "/events?from=" + from
	if o.Query != "" {
		path += "&" + o.Query
	}
	if o.Transport == WebSocket {
		conn, early, err := lean.Upgrade{
			Address: address, Path: path, Subprotocol: o.subprotocol(), Header: o.authorization(),
		}.Join(ctx)
		if err != nil {
			return err
		}
		return crowd.Join(conn, new(lean.Frames), early)
	}
	conn, early, err := o.openLines(ctx, address, path)
	if err != nil {
		return err
	}
	return crowd.Join(conn, new(lean.Lines), early)
}

// openLines asks for an NDJSON feed.
func (o *Options) openLines(ctx context.Context, address, path string) (*net.TCPConn, []byte, error) {
	if o.Format != NDJSON {
		return nil, nil, fmt.Errorf("loadtest: over HTTP only ndjson is read as a feed, not %s", o.Format)
	}
	c, err := lean.Dial(ctx, address)
	if err != nil {
		return nil, nil, err
	}
	a, err := c.Open(fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nAccept: application/x-ndjson\r\n%s\r\n",
		path, address, o.authorization()))
	if err == nil && (a.Status != 200 || !a.Chunked) {
		err = fmt.Errorf("loadtest: %s answered %d: %s", path, a.Status, a.Body)
	}
	if err != nil {
		_ = c.Close() // the first error says more
		return nil, nil, err
	}
	return c.TCP(), c.Rest(), nil
}
