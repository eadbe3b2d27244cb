package loadtest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
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
	if o.Transport == WebSocket {
		return o.drive(ctx, o.publishLive)
	}
	return Drive(ctx, Driving{Options: o, Dial: o.dialHTTP})
}

// dialHTTP opens one publisher with all requests that it will send.
func (o *Options) dialHTTP(ctx context.Context, client int) (Exchange, error) {
	address, err := o.address()
	if err != nil {
		return nil, err
	}
	c, err := lean.Dial(ctx, address)
	if err != nil {
		return nil, err
	}
	return &httpExchange{Conn: c, requests: o.requests(address, client)}, nil
}

type httpExchange struct {
	*lean.Conn
	requests [][]byte
	next     int
}

// Exchange publishes the next batch.
func (x *httpExchange) Exchange() (int, error) {
	request := x.requests[x.next%len(x.requests)]
	x.next++
	a, err := x.Do(request)
	if err == nil && a.Status != 201 {
		err = fmt.Errorf("%w: %d: %s", ErrRefused, a.Status, a.Body)
	}
	return len(request), err
}

// publishLive keeps InFlight publishes under way on one WebSocket: for as many answers as have
// come, as many new publishes go out, in one write.
func (o *Options) publishLive(ctx context.Context, client int, t *tally) error {
	s, err := o.dialLive(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	defer context.AfterFunc(ctx, func() { _ = s.Close() })()
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
