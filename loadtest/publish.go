package loadtest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/edgedhq/edged/loadtest/lean"
)

// Publish has Clients connections publish batches, each as soon as the one before is answered,
// and counts the events that were answered at the level asked for.
func Publish(ctx context.Context, opts Options) (Result, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return Result{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m := new(meter)
	run := o.publishHTTP
	if o.Transport == WebSocket {
		run = o.publishLive
	}
	var clients sync.WaitGroup
	m.unready.Add(o.Clients)
	for i := range o.Clients {
		clients.Go(func() {
			t := &tally{meter: m, ready: sync.OnceFunc(m.unready.Done)}
			defer t.close()
			defer t.ready()
			if err := run(ctx, i, t); err != nil {
				m.fail(err)
			}
		})
	}
	r, err := m.measure(ctx, &o)
	m.stopping.Store(true)
	cancel()
	clients.Wait()
	if err != nil {
		return r, err
	}
	return r, m.complete(&r)
}

func (o *Options) publishHTTP(ctx context.Context, client int, t *tally) error {
	address, err := o.address()
	if err != nil {
		return err
	}
	c, err := lean.Dial(ctx, address)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	requests := o.requests(address, client)
	t.ready()
	for i := 0; !t.meter.stopping.Load(); i++ {
		request := requests[i%len(requests)]
		began := time.Now()
		a, err := c.Do(request)
		if err != nil {
			return err
		}
		if a.Status != 201 {
			t.meter.fail(fmt.Errorf("loadtest: publish answered %d: %s", a.Status, a.Body))
			if err := pause(ctx, 10*time.Millisecond); err != nil {
				return nil // the run is over
			}
			continue
		}
		t.done(o.Batch, len(request), time.Since(began))
	}
	return nil
}

// publishLive keeps InFlight publishes under way on one WebSocket: for as many answers as have
// come, as many new publishes go out, in one write.
func (o *Options) publishLive(ctx context.Context, client int, t *tally) error {
	s, err := o.dialLive(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	frames := o.liveFrames(client)
	t.ready()
	began := make([]time.Time, 0, o.InFlight)
	next, owed := 0, o.InFlight
	var out []byte
	for !t.meter.stopping.Load() {
		out = out[:0]
		now := time.Now()
		for ; owed > 0; owed-- {
			out = append(out, frames[next%len(frames)]...)
			began = append(began, now)
			next++
		}
		if err := s.Write(out); err != nil {
			return err
		}
		for owed == 0 || s.Waiting() {
			reply, err := s.Next()
			if err != nil {
				return err
			}
			if !isPublished(reply) {
				return fmt.Errorf("loadtest: publish answered %s", reply)
			}
			owed++
			t.done(o.Batch, len(frames[0]), time.Since(began[0]))
			began = slices.Delete(began, 0, 1)
		}
	}
	return nil
}

// isPublished looks for the operation's name where either encoding has it.
func isPublished(reply []byte) bool {
	return bytes.Contains(reply[:min(len(reply), 64)], []byte("published"))
}

func (o *Options) dialLive(ctx context.Context) (*lean.Socket, error) {
	address, err := o.address()
	if err != nil {
		return nil, err
	}
	return lean.DialSocket(ctx, lean.Upgrade{
		Address: address, Path: "/v1/live", Subprotocol: o.subprotocol(), Header: o.authorization(),
	})
}

func (o *Options) subprotocol() string {
	if o.Format == Msgpack {
		return "edged.v1.msgpack"
	}
	return "edged.v1.json"
}

// liveFrames makes the publish frames that one client sends in turn.
func (o *Options) liveFrames(client int) [][]byte {
	m := newMaker(o.EventBytes, client)
	all := make([][]byte, bodiesMade)
	for i := range all {
		if o.Format == Msgpack {
			all[i] = lean.AppendFrame(nil, lean.Binary, o.msgpackPublish(m))
			continue
		}
		payload := fmt.Appendf(nil, `{"op":"publish","id":1,"stream":"%s","ack":"%s","events":`, o.Stream, o.Ack)
		payload = append(m.appendArray(payload, o.Batch), '}')
		all[i] = lean.AppendFrame(nil, lean.Text, payload)
	}
	return all
}

// msgpackPublish is the map {op, id, stream, ack, events}.
func (o *Options) msgpackPublish(m *maker) []byte {
	word := func(b []byte, s string) []byte {
		return append(append(b, 0xd9, byte(len(s))), s...)
	}
	b := []byte{0x85}
	b = word(word(b, "op"), "publish")
	b = append(word(b, "id"), 1)
	b = word(word(b, "stream"), o.Stream)
	b = word(word(b, "ack"), o.Ack.String())
	return m.appendMsgpack(word(b, "events"), o.Batch)
}
