package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/edgedhq/edged/loadtest"
)

// lagRate is how many events a second are sent while lag is measured.
const lagRate = 1000

// lag measures the time from sending an event at the first to receiving it at the second, at a
// steady rate. An event that is sent late counts from when it should have been sent.
func lag(ctx context.Context, b *bench, p pair) (figures, error) {
	l := &lags{events: loadtest.MakeEvents(b.eventBytes, 0, int((b.warmup+b.duration).Seconds()*lagRate))}
	l.skip = int(b.warmup.Seconds() * lagRate)
	l.due = make([]atomic.Int64, len(l.events)+1)
	l.took = make([]time.Duration, len(l.events)+1)
	l.done = make(chan struct{})
	following, stop := context.WithCancel(ctx)
	defer stop()
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- p.follow(following, func() { close(ready) }, l.take) }()
	select {
	case <-ready:
	case err := <-ended:
		return figures{}, errors.Join(errors.New("the follower ended"), err)
	case <-ctx.Done():
		return figures{}, context.Cause(ctx)
	}
	before, err := p.cpu()
	if err != nil {
		return figures{}, err
	}
	if err := l.sendAll(ctx, p); err != nil {
		return figures{}, err
	}
	after, err := p.cpu()
	stop()
	<-ended // what it took is ours from here on
	f := l.figures()
	f.cpu = (after - before).Seconds() / float64(len(l.events)) * 1e6
	return f, err
}

// lags are events on their way. Event i has the number i+1 in its data.
type lags struct {
	events [][]byte
	skip   int            // of the first ones, which warm up
	due    []atomic.Int64 // by number: when it was to be sent, Unix nanoseconds
	took   []time.Duration
	got    atomic.Int64
	done   chan struct{} // closed with the last
}

func (l *lags) sendAll(ctx context.Context, p pair) error {
	s, err := p.sender(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	start := time.Now()
	for i, event := range l.events {
		due := start.Add(time.Duration(i) * time.Second / lagRate)
		time.Sleep(time.Until(due))
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		l.due[i+1].Store(due.UnixNano())
		if err := s.send(event); err != nil {
			return err
		}
	}
	select { // answers are read as long as the sender is open
	case <-l.done:
	case <-ctx.Done():
		return fmt.Errorf("%d of %d events came: %w", l.got.Load(), len(l.events), context.Cause(ctx))
	}
	return nil
}

// take notes an event that has come; what is no event, or came before, counts for nothing.
func (l *lags) take(event []byte) {
	now := time.Now().UnixNano()
	rest, ok := bytes.CutPrefix(event, []byte(`{"n":`))
	end := bytes.IndexAny(rest, ",}")
	if !ok || end < 0 {
		return
	}
	n, err := strconv.Atoi(string(rest[:end]))
	if err != nil || n < 1 || n >= len(l.due) || l.took[n] != 0 {
		return
	}
	l.took[n] = max(1, time.Duration(now-l.due[n].Load()))
	if l.got.Add(1) == int64(len(l.events)) {
		close(l.done)
	}
}

func (l *lags) figures() figures {
	took := slices.Clone(l.took[1+l.skip:])
	slices.Sort(took)
	at := func(part float64) time.Duration { return took[min(int(part*float64(len(took))), len(took)-1)] }
	return figures{value: float64(at(0.99)), p50: at(0.5), p99: at(0.99)}
}
