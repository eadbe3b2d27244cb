package loadtest

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrRefused says that a server would not take a batch; the client goes on with the next.
var ErrRefused = errors.New("loadtest: refused")

// refusedPause keeps clients from hammering a server that refuses.
const refusedPause = 10 * time.Millisecond

// Exchange is one client's connection to a server of any kind.
type Exchange interface {
	// Exchange sends one batch of Options.Batch events, waits until it is answered, and tells
	// how many bytes went out. An error that is not ErrRefused ends the client.
	Exchange() (bytes int, err error)
	// Close may be called while Exchange waits, and ends it.
	Close() error
}

// Driving is a publish load over any protocol.
type Driving struct {
	Options // Clients, Batch, Warmup, Duration and PID count
	// Dial connects client number client and makes all that it will send.
	Dial func(ctx context.Context, client int) (Exchange, error)
}

// Drive has each client send batch after batch and counts the events answered.
func Drive(ctx context.Context, d Driving) (Result, error) {
	o, err := d.withDefaults()
	if err != nil {
		return Result{}, err
	}
	return o.drive(ctx, func(ctx context.Context, client int, t *tally) error {
		x, err := d.Dial(ctx, client)
		if err != nil {
			return err
		}
		defer func() { _ = x.Close() }()
		defer context.AfterFunc(ctx, func() { _ = x.Close() })()
		t.ready()
		return t.loop(ctx, x, o.Batch)
	})
}

// loop sends batches until the run stops.
func (t *tally) loop(ctx context.Context, x Exchange, batch int) error {
	for !t.meter.stopping.Load() {
		began := time.Now()
		bytes, err := x.Exchange()
		switch {
		case err == nil:
			t.done(batch, bytes, time.Since(began))
		case errors.Is(err, ErrRefused):
			t.meter.fail(err)
			if pause(ctx, refusedPause) != nil {
				return nil // the run is over
			}
		default:
			return err
		}
	}
	return nil
}

// drive runs all clients at once and measures between two instants.
func (o *Options) drive(ctx context.Context, client func(ctx context.Context, client int, t *tally) error) (Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m := new(meter)
	var clients sync.WaitGroup
	m.unready.Add(o.Clients)
	for i := range o.Clients {
		clients.Go(func() {
			t := &tally{meter: m, ready: sync.OnceFunc(m.unready.Done)}
			defer t.close()
			defer t.ready()
			if err := client(ctx, i, t); err != nil {
				m.fail(err)
			}
		})
	}
	r, err := m.measure(ctx, o)
	m.stopping.Store(true)
	cancel()
	clients.Wait()
	if err != nil {
		return r, err
	}
	return r, m.complete(&r)
}
