package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/loadtest"
)

// startEdged runs a node alone.
func startEdged(ctx context.Context, b *bench) (*server, error) {
	s, err := b.start(ctx, "edged", edgedArgs)
	if err != nil {
		return nil, err
	}
	return s, s.ready(ctx)
}

func edgedArgs(port int, dir string) ([]string, error) {
	return []string{"serve", "--name", "bench", "--data", filepath.Join(dir, "data"), "--http", "127.0.0.1:" + strconv.Itoa(port)}, nil
}

// ready waits until the node says that it serves.
func (s *server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	err := s.Await(ctx, "/readyz", func() bool { return getOK(ctx, "http://"+s.address+"/readyz") })
	if err != nil {
		s.end()
	}
	return err
}

// publishing is one way to publish to a node.
type publishing struct {
	batch     int
	ack       edged.Ack
	transport loadtest.Transport
	format    loadtest.Format
	inFlight  int
}

func edgedPublish(how publishing) func(context.Context, *bench) (figures, error) {
	return func(ctx context.Context, b *bench) (figures, error) {
		s, err := startEdged(ctx, b)
		if err != nil {
			return figures{}, err
		}
		defer s.end()
		o := b.options()
		o.Server, o.PID = "http://"+s.address, s.PID()
		o.Batch, o.Ack, o.Transport, o.Format, o.InFlight = how.batch, how.ack, how.transport, how.format, how.inFlight
		return loadFigures(loadtest.Publish(ctx, o))
	}
}

// edgedFanout spreads events that are on disk first; query chooses what subscribers are given.
func edgedFanout(subscribers int, format loadtest.Format, query string) func(context.Context, *bench) (figures, error) {
	return func(ctx context.Context, b *bench) (figures, error) {
		s, err := startEdged(ctx, b)
		if err != nil {
			return figures{}, err
		}
		defer s.end()
		return b.fanout(ctx, s, loadtest.Options{Clients: subscribers, Format: format, Query: query})
	}
}

// fanout drives edged, or the bare server, which takes the same requests.
func (b *bench) fanout(ctx context.Context, s *server, o loadtest.Options) (figures, error) {
	preset := b.options()
	preset.Clients, preset.Format, preset.Query = o.Clients, o.Format, o.Query
	preset.EventBytes = max(preset.EventBytes, o.EventBytes)
	preset.Server, preset.PID, preset.Batch = "http://"+s.address, s.PID(), b.batch
	return loadFigures(loadtest.Fanout(ctx, preset))
}

// readBack measures one reader of a stream that the node has just been started on, so that no
// event is in memory.
func readBack(transport loadtest.Transport, format loadtest.Format, query string) func(context.Context, *bench) (figures, error) {
	return func(ctx context.Context, b *bench) (figures, error) {
		s, err := startEdged(ctx, b)
		if err != nil {
			return figures{}, err
		}
		defer func() { s.end() }()
		o := b.options()
		o.Server, o.PID = "http://"+s.address, s.PID()
		if _, err := loadtest.Publish(ctx, o); err != nil {
			return figures{}, err
		}
		again, err := b.restart(ctx, s)
		if err != nil {
			return figures{}, err
		}
		s = again
		o.Server, o.PID = "http://"+s.address, s.PID()
		o.Clients, o.Transport, o.Format, o.Query = 1, transport, format, query
		o.Duration = time.Minute
		r, err := loadtest.Subscribe(ctx, o)
		f, err := loadFigures(r, err)
		f.note = fmt.Sprintf("%s events, %d B each on the wire", grouped(float64(r.Events), 0), r.Bytes/max(r.Events, 1))
		return f, err
	}
}

// restart stops a node and starts one on the same directory.
func (b *bench) restart(ctx context.Context, s *server) (*server, error) {
	s.halt()
	again, err := b.startIn(ctx, "edged", s.dir, edgedArgs)
	if err != nil {
		return s, err
	}
	return again, again.ready(ctx)
}
