package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/edgedhq/edged/loadtest"
	"github.com/edgedhq/edged/loadtest/lean"
)

// idleSettle is how long a server is left alone before its memory is read.
const idleSettle = 2 * time.Second

// idleSubscribers is how many connections the memory of one is measured with.
const idleSubscribers = 5000

// idle measures the memory of one subscriber that nothing is sent to.
func idle(start func(ctx context.Context, b *bench) (*server, error), join joiner) func(context.Context, *bench) (figures, error) {
	return func(ctx context.Context, b *bench) (figures, error) {
		s, err := start(ctx, b)
		if err != nil {
			return figures{}, err
		}
		defer s.end()
		crowd := new(lean.Crowd)
		defer crowd.Close()
		for range 10 { // what the first ones load counts for none
			if err := join(ctx, crowd, s.address); err != nil {
				return figures{}, err
			}
		}
		before, err := s.settledRSS(ctx)
		if err != nil {
			return figures{}, err
		}
		for range idleSubscribers {
			if err := join(ctx, crowd, s.address); err != nil {
				return figures{}, err
			}
		}
		after, err := s.settledRSS(ctx)
		if err != nil {
			return figures{}, err
		}
		return figures{value: float64(after-before) / idleSubscribers, note: fmt.Sprintf("%d connections", crowd.Len())}, crowd.Err()
	}
}

type joiner func(ctx context.Context, crowd *lean.Crowd, address string) error

func (s *server) settledRSS(ctx context.Context) (int64, error) {
	select {
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	case <-time.After(idleSettle):
		return s.RSS()
	}
}

// joinSocket opens one WebSocket feed, at edged or at the bare server.
func joinSocket(ctx context.Context, crowd *lean.Crowd, address string) error {
	conn, early, err := lean.Upgrade{Address: address, Path: "/v1/streams/bench/events?from=latest", Subprotocol: "edged.v1.json"}.Join(ctx)
	if err != nil {
		return err
	}
	return crowd.Join(conn, new(lean.Frames), early)
}

// startWithStream runs a node that holds the stream, so that subscribers have one.
func startWithStream(ctx context.Context, b *bench) (*server, error) {
	s, err := startEdged(ctx, b)
	if err != nil {
		return nil, err
	}
	if _, err := firstPublish(ctx, s.address); err != nil {
		s.end()
		return nil, err
	}
	return s, nil
}

// firstPublish publishes one event as soon as the server takes it.
func firstPublish(ctx context.Context, address string) (time.Duration, error) {
	began := time.Now()
	event := loadtest.MakeEvents(128, 0, 1)[0]
	request := fmt.Appendf(nil, "POST /v1/streams/bench/events HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		address, len(event), event)
	for {
		status := 0
		c, err := lean.Dial(ctx, address)
		if err == nil {
			var a lean.Answer
			a, err = c.Do(request)
			status = a.Status
			_ = c.Close() // the next try opens its own
		}
		switch {
		case err == nil && status == 201:
			return time.Since(began), nil
		case ctx.Err() != nil:
			return 0, fmt.Errorf("no publish went through, last status %d: %w", status, context.Cause(ctx))
		}
		time.Sleep(200 * time.Microsecond)
	}
}

// binarySize is the size of the program on disk.
func binarySize(program string) func(context.Context, *bench) (figures, error) {
	return func(ctx context.Context, b *bench) (figures, error) {
		path, err := b.binary(ctx, program)
		if err != nil {
			return figures{}, err
		}
		info, err := os.Stat(path)
		if err != nil {
			return figures{}, err
		}
		return figures{value: float64(info.Size())}, nil
	}
}

// idleMemory is what a server holds when nothing has come yet.
func idleMemory(start func(ctx context.Context, b *bench) (*server, error)) func(context.Context, *bench) (figures, error) {
	return func(ctx context.Context, b *bench) (figures, error) {
		s, err := start(ctx, b)
		if err != nil {
			return figures{}, err
		}
		defer s.end()
		rss, err := s.settledRSS(ctx)
		return figures{value: float64(rss)}, err
	}
}

// coldStart is the time from starting the process until its first publish is answered.
func coldStart(program string, args argsMaker, first func(ctx context.Context, address string) (time.Duration, error)) func(context.Context, *bench) (figures, error) {
	return func(ctx context.Context, b *bench) (figures, error) {
		if _, err := b.binary(ctx, program); err != nil {
			return figures{}, err
		}
		began := time.Now()
		s, err := b.launch(ctx, program, "", args)
		if err != nil {
			return figures{}, err
		}
		defer s.end()
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		if _, err := first(ctx, s.address); err != nil {
			return figures{}, fmt.Errorf("%w\n%s", err, s.Tail())
		}
		return figures{value: float64(time.Since(began))}, nil
	}
}

// firstNATS publishes once and waits for the PONG behind it.
func firstNATS(ctx context.Context, address string) (time.Duration, error) {
	for began := time.Now(); ; time.Sleep(200 * time.Microsecond) {
		conn, _, err := natsHello(ctx, address, "PUB bench 1\r\nx\r\n")
		if err == nil {
			return time.Since(began), conn.Close()
		}
		if ctx.Err() != nil {
			return 0, err
		}
	}
}
