package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/client"
	"github.com/edgedhq/edged/loadtest/history"
)

// reader follows one stream from its first event through all lives of the node.
type reader struct {
	suite     *suite
	name      string
	stream    string
	transport client.Transport
	events    atomic.Int64

	mu    sync.Mutex
	place edged.Vector // guarded by mu: of the last cursor
}

func newReader(u *suite, stream string, transport client.Transport, name string) *reader {
	return &reader{suite: u, name: stream + "-" + name, stream: stream, transport: transport}
}

// follow reads until ctx ends; the client connects again and goes on by cursor.
func (r *reader) follow(ctx context.Context) {
	feed := r.suite.client.Follow(ctx, r.stream, client.Query{From: "earliest"}, client.FollowOptions{
		Transport: r.transport, RetryMin: 5 * time.Millisecond, RetryMax: 20 * time.Millisecond,
	})
	for d, err := range feed {
		if err == nil {
			err = r.take(&d)
		}
		if err != nil {
			r.suite.complain("reader %s: %v", r.name, err)
			return
		}
	}
}

// take records what the reader was given.
func (r *reader) take(d *client.Delivery) error {
	switch d.Notice {
	case "":
		if err := r.event(d); err != nil {
			return err
		}
	case "gap":
		if err := r.gap(d); err != nil {
			return err
		}
	case "lagged":
		return fmt.Errorf("lagged, without having asked for it: %s", d.Data)
	}
	if d.Cursor == "" {
		return nil
	}
	c, err := edged.ParseCursor(d.Cursor)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.place = c.Vector
	return nil
}

func (r *reader) event(d *client.Delivery) error {
	e, err := d.Event()
	if err != nil {
		return err
	}
	o, err := r.suite.opOf(&e)
	if err != nil {
		return err
	}
	o.Process, o.Kind = r.name, history.Deliver
	r.suite.record(o)
	r.events.Add(1)
	return nil
}

func (r *reader) gap(d *client.Delivery) error {
	var gap struct {
		From, To  uint64
		Reason    string
		Origin    string
		Partition uint32
	}
	if err := json.Unmarshal(d.Data, &gap); err != nil {
		return err
	}
	now := r.suite.now()
	r.suite.record(history.Op{
		Process: r.name, Kind: history.Gap, ID: gap.Reason, Node: node, Start: now, End: now, Outcome: history.OK,
		Dot: history.Dot{Log: logName(r.stream, gap.Partition, gap.Origin), Seq: gap.From, To: gap.To},
	})
	return nil
}

// arrive waits until the reader has come as far as a cursor.
func (r *reader) arrive(ctx context.Context, cursor string) error {
	want, err := edged.ParseCursor(cursor)
	if err != nil {
		return err
	}
	for {
		r.mu.Lock()
		there := r.place.Covers(want.Vector)
		at := fmt.Sprint(r.place)
		r.mu.Unlock()
		if there {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("reader %s (%s) stands at %s, not at %v: %w", r.name, r.transport, at, want.Vector, context.Cause(ctx))
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// opOf checks an event's data and makes it an operation.
func (u *suite) opOf(e *client.Event) (history.Op, error) {
	if want := dataOf(e.ID, e.Key); !bytes.Equal(e.Bytes(), want) {
		return history.Op{}, fmt.Errorf("event %s has data %s, want %s", e.ID, e.Bytes(), want)
	}
	now := u.now()
	return history.Op{
		ID: e.ID, Node: node, Start: now, End: now, Outcome: history.OK,
		Dot: history.Dot{Log: logName(e.Stream, e.Partition, e.Origin), Seq: e.Seq},
	}, nil
}

// scan reads all streams on from the cursors to their ends, and moves the cursors.
func (u *suite) scan(ctx context.Context, process string, cursors map[string]string) error {
	for _, spec := range specs() {
		for caughtUp := false; !caughtUp; {
			q := client.Query{From: "earliest", Cursor: cursors[spec.name], Limit: 5000}
			page, err := u.client.Read(ctx, spec.name, q)
			if err != nil {
				return fmt.Errorf("%s reads %s: %w", process, spec.name, err)
			}
			ops := make([]history.Op, len(page.Events))
			for i := range page.Events {
				if ops[i], err = u.opOf(&page.Events[i]); err != nil {
					return err
				}
				ops[i].Process, ops[i].Kind = process, history.Hold
			}
			u.record(ops...)
			cursors[spec.name], caughtUp = page.Cursor, page.CaughtUp
		}
	}
	now := u.now()
	u.record(history.Op{Process: process, Kind: history.End, Node: node, Start: now, End: now, Outcome: history.OK})
	return nil
}
