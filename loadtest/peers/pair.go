package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgedhq/edged/loadtest"
)

// pairTime bounds one run of a pair, with starting and stopping.
const pairTime = 60 * time.Second

// floodClients and floodBatch are how a pair is published to.
const (
	floodClients = 16
	floodBatch   = 100
)

// shape is what a pair is to be like.
type shape struct {
	durable     bool          // each event is synced before it counts, where that can be chosen
	delay       time.Duration // of the emulated link between the two, one way
	loss        float64       // of its packets
	metered     bool          // bytes between the two are counted
	compression string        // of NATS's leaf node; "" is its default
}

// pair is two servers; the second comes to hold what is published at the first.
type pair interface {
	// publisher opens a connection to the first that publishes these batches in turn.
	publisher(ctx context.Context, client int, batches [][][]byte) (loadtest.Exchange, error)
	// sender opens a connection to the first that publishes single events without waiting.
	sender(ctx context.Context) (sender, error)
	// follow gives each event's data as it comes out of the second, until ctx ends.
	follow(ctx context.Context, ready func(), take func(event []byte)) error
	// held is how many events the second holds.
	held(ctx context.Context) (int64, error)
	// crossed is how many bytes have crossed between the two, both ways.
	crossed(ctx context.Context) (int64, error)
	// cpu is what the servers that run now have spent.
	cpu() (time.Duration, error)
	// away stops the second, back starts it on what it held.
	away()
	back(ctx context.Context) error
	end()
}

// sender publishes without waiting for answers.
type sender interface {
	send(event []byte) error
	Close() error
}

// opener starts a pair that is joined and empty.
type opener func(ctx context.Context, b *bench, s shape) (pair, error)

// work is what is measured of a pair.
type work func(ctx context.Context, b *bench, p pair) (figures, error)

// paired makes a contestant's run of a pair and its work.
func paired(open opener, s shape, do work) func(context.Context, *bench) (figures, error) {
	return func(ctx context.Context, b *bench) (figures, error) {
		ctx, cancel := context.WithTimeoutCause(ctx, pairTime, fmt.Errorf("not done within %v", pairTime))
		defer cancel()
		p, err := open(ctx, b, s)
		if err != nil {
			return figures{}, err
		}
		defer p.end()
		return do(ctx, b, p)
	}
}

// floodEvents makes the batches that one client sends in turn.
func floodEvents(events [][]byte) (batches [][][]byte) {
	for ; len(events) >= floodBatch; events = events[floodBatch:] {
		batches = append(batches, events[:floodBatch])
	}
	return batches
}

// flood publishes n events as fast as the first answers them; each client stays with its own.
func flood(ctx context.Context, p pair, n int64, events func(client, n int) [][]byte) error {
	var left atomic.Int64
	left.Store(n)
	failed := make([]error, floodClients)
	var clients sync.WaitGroup
	for i := range floodClients {
		clients.Go(func() {
			x, err := p.publisher(ctx, i, floodEvents(events(i, floodBatch*variants)))
			if err != nil {
				failed[i] = err
				return
			}
			defer func() { _ = x.Close() }()
			defer context.AfterFunc(ctx, func() { _ = x.Close() })()
			for failed[i] == nil && left.Add(-floodBatch) >= 0 {
				_, failed[i] = x.Exchange()
			}
		})
	}
	clients.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return errors.Join(failed...)
}

// awaitHeld waits until the second holds n events.
func awaitHeld(ctx context.Context, p pair, n int64) error {
	for {
		got, err := p.held(ctx)
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("the second holds %d of %d events: %w", got, n, context.Cause(ctx))
		case err != nil:
			return err
		case got > n:
			return fmt.Errorf("the second holds %d of %d events", got, n)
		case got == n:
			return nil
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// joined waits until an event that is published at the first is held by the second.
func joined(ctx context.Context, p pair) error {
	x, err := p.publisher(ctx, 0, [][][]byte{{[]byte(`{"n":0}`)}})
	if err != nil {
		return err
	}
	defer func() { _ = x.Close() }()
	if _, err := x.Exchange(); err != nil {
		return err
	}
	return awaitHeld(ctx, p, 1)
}

// moved measures how n events get from the first to the second.
func moved(ctx context.Context, p pair, n int64, do func() error) (figures, error) {
	before, err := p.cpu()
	if err != nil {
		return figures{}, err
	}
	began := time.Now()
	if err := do(); err != nil {
		return figures{}, err
	}
	if err := awaitHeld(ctx, p, 1+n); err != nil {
		return figures{}, err
	}
	took := time.Since(began)
	after, err := p.cpu()
	return figures{value: float64(n) / took.Seconds(), cpu: (after - before).Seconds() / float64(n) * 1e6}, err
}

// live publishes events and waits until the second holds them all.
func live(n int64) work {
	return func(ctx context.Context, b *bench, p pair) (figures, error) {
		return moved(ctx, p, n, func() error { return flood(ctx, p, n, b.noise) })
	}
}

// catchUp publishes while the second is away, and measures from its start on.
func catchUp(n int64) work {
	return func(ctx context.Context, b *bench, p pair) (figures, error) {
		p.away()
		if err := flood(ctx, p, n, b.noise); err != nil {
			return figures{}, err
		}
		return moved(ctx, p, n, func() error { return p.back(ctx) })
	}
}

// made makes events of the size that the bench says.
type made func(b *bench, client, n int) [][]byte

// crossing measures the bytes that cross for an event.
func crossing(n int64, events made) work {
	return func(ctx context.Context, b *bench, p pair) (figures, error) {
		before, err := p.crossed(ctx)
		if err != nil {
			return figures{}, err
		}
		mine := func(client, n int) [][]byte { return events(b, client, n) }
		f, err := moved(ctx, p, n, func() error { return flood(ctx, p, n, mine) })
		if err != nil {
			return figures{}, err
		}
		after, err := p.crossed(ctx)
		f.note = grouped(f.value, 0) + " events/s"
		f.value = float64(after-before) / float64(n)
		return f, err
	}
}

// noise makes events of which two thirds do not compress.
func (b *bench) noise(client, n int) [][]byte { return loadtest.MakeEvents(b.eventBytes, client, n) }
