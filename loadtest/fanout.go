package loadtest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/edgedhq/edged/loadtest/lean"
)

// settleWait is how long subscribers may take to get what was published last.
const settleWait = 10 * time.Second

// Fanout has Clients subscribers take what one publisher sends. Events are deliveries: an
// event that reached 1,000 subscribers counts 1,000 times.
func Fanout(ctx context.Context, opts Options) (Result, error) {
	preset(&opts.Clients, 1000)
	preset(&opts.Transport, WebSocket)
	o, err := opts.withDefaults()
	if err != nil {
		return Result{}, err
	}
	address, err := o.address()
	if err != nil {
		return Result{}, err
	}
	publisher, err := lean.Dial(ctx, address)
	if err != nil {
		return Result{}, err
	}
	defer func() { _ = publisher.Close() }()
	publishing := o
	publishing.Format = NDJSON
	requests := publishing.requests(address, 0)
	next := 0
	return Spread(ctx, Spreading{
		Options: o,
		Join: func(ctx context.Context, crowd *lean.Crowd) error {
			return o.join(ctx, crowd, "latest")
		},
		Publish: func() error {
			next++
			a, err := publisher.Do(requests[next%len(requests)])
			if err == nil && a.Status != 201 {
				err = fmt.Errorf("loadtest: publish answered %d: %s", a.Status, a.Body)
			}
			return err
		},
	})
}

// Spreading is a fan-out over any protocol.
type Spreading struct {
	Options                                                    // Clients, Batch, Window, Rate, Warmup, Duration and PID count
	Join    func(ctx context.Context, crowd *lean.Crowd) error // adds one subscriber
	Publish func() error                                       // publishes one batch
}

// Spread runs a fan-out: all subscribers join, one batch reaches each of them, and then batches
// go out for the time asked for, never more than Window events ahead of what arrived.
func Spread(ctx context.Context, s Spreading) (Result, error) {
	var err error
	if s.Options, err = s.withDefaults(); err != nil {
		return Result{}, err
	}
	crowd := new(lean.Crowd)
	defer crowd.Close()
	for range s.Clients {
		if err := s.Join(ctx, crowd); err != nil {
			return Result{}, fmt.Errorf("loadtest: subscriber %d: %w", crowd.Len()+1, err)
		}
	}
	if err := s.first(ctx, crowd); err != nil {
		return Result{}, err
	}
	f := &flow{Spreading: s, crowd: crowd}
	f.base, _ = crowd.Total()
	ended := make(chan error, 1)
	go func() { ended <- f.publish(ctx) }()
	r, err := f.measure(ctx)
	f.stopping.Store(true)
	err = errors.Join(err, <-ended)
	if err == nil {
		r.Missing = f.missing(ctx)
		err = crowd.Err()
	}
	return r, err
}

// first publishes until each subscriber has got something: a subscriber that a server has
// accepted is not always in place yet.
func (s *Spreading) first(ctx context.Context, crowd *lean.Crowd) error {
	ctx, cancel := context.WithTimeout(ctx, settleWait)
	defer cancel()
	for crowd.Least() == 0 {
		if err := s.Publish(); err != nil {
			return err
		}
		short, cancel := context.WithTimeout(ctx, time.Second)
		err := crowd.AwaitLeast(short, 1)
		cancel()
		if ctx.Err() != nil {
			return err
		}
	}
	return settled(ctx, crowd)
}

// settled waits until nothing has come for 50 ms.
func settled(ctx context.Context, crowd *lean.Crowd) error {
	for before := int64(-1); ; {
		now, _ := crowd.Total()
		if now == before {
			return nil
		}
		before = now
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

// flow is a fan-out under way.
type flow struct {
	Spreading
	crowd     *lean.Crowd
	base      int64 // deliveries before it began
	published atomic.Int64
	stopping  atomic.Bool
}

// publish sends batches until the run stops.
func (f *flow) publish(ctx context.Context) error {
	began := time.Now()
	subscribers, ahead := int64(f.Clients), int64(f.Window)*int64(f.Clients)
	for !f.stopping.Load() && ctx.Err() == nil {
		got, _ := f.crowd.Total()
		sent := f.published.Load()
		early := f.Rate > 0 && float64(sent) > time.Since(began).Seconds()*float64(f.Rate)
		if early || sent*subscribers-(got-f.base) > ahead {
			time.Sleep(100 * time.Microsecond)
			continue
		}
		if err := f.Publish(); err != nil {
			return err
		}
		f.published.Add(int64(f.Batch))
	}
	return nil
}

func (f *flow) measure(ctx context.Context) (Result, error) {
	if err := pause(ctx, f.Warmup); err != nil {
		return Result{}, err
	}
	cpuBefore, cpuErr := f.cpu(ctx)
	began := time.Now()
	events, bytes := f.crowd.Total()
	batches := f.published.Load()
	if err := pause(ctx, f.Duration); err != nil {
		return Result{}, err
	}
	eventsNow, bytesNow := f.crowd.Total()
	r := Result{
		Events: eventsNow - events, Bytes: bytesNow - bytes, Elapsed: time.Since(began),
		Requests: (f.published.Load() - batches) / int64(f.Batch),
	}
	cpuAfter, err := f.cpu(ctx)
	r.finish(cpuAfter-cpuBefore, errors.Join(cpuErr, err) == nil)
	return r, f.crowd.Err()
}

// missing waits for what is under way and returns how many deliveries never came.
func (f *flow) missing(ctx context.Context) int64 {
	want := f.published.Load() * int64(f.Clients)
	for deadline := time.Now().Add(f.Options.settle); ; {
		got, _ := f.crowd.Total()
		missing := want - (got - f.base)
		if missing == 0 || time.Now().After(deadline) || pause(ctx, time.Millisecond) != nil {
			return missing
		}
	}
}
