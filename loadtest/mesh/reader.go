package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/client"
	"github.com/edgedhq/edged/loadtest/history"
	"github.com/edgedhq/edged/loadtest/witness"
)

// opOf checks an event's data and makes it an operation.
func (w *world) opOf(n *node, e *client.Event) (history.Op, error) {
	if want := witness.DataOf(e.ID); !bytes.Equal(e.Bytes(), want) {
		return history.Op{}, fmt.Errorf("event %s has data %s at %s, want %s", e.ID, e.Bytes(), n.name, want)
	}
	now := w.now()
	return history.Op{
		ID: e.ID, Node: n.name, Start: now, End: now, Outcome: history.OK,
		Dot: history.Dot{Log: witness.LogName(e.Stream, e.Partition, e.Origin), Seq: e.Seq},
	}, nil
}

// judge reads every node from the first event on and weighs the history. It is called when all
// are equal and nothing is published.
func (w *world) judge(ctx context.Context) error {
	w.scans++
	for _, n := range w.nodes() {
		process := fmt.Sprintf("scan%d-%s", w.scans, n.name)
		for _, stream := range w.streams {
			if _, err := w.scan(ctx, n, stream, process); err != nil {
				return err
			}
		}
		now := w.now()
		w.record(history.Op{Process: process, Kind: history.End, Node: n.name, Start: now, End: now, Outcome: history.OK})
	}
	return w.verdict()
}

// scan records all that a node holds of a stream, and returns the cursor after it.
func (w *world) scan(ctx context.Context, n *node, stream, process string) (string, error) {
	q := client.Query{From: "earliest", Limit: 5000}
	for {
		page, err := n.client.Read(ctx, stream, q)
		if err != nil {
			return "", fmt.Errorf("%s reads %s at %s: %w", process, stream, n.name, err)
		}
		for i := range page.Events {
			o, err := w.opOf(n, &page.Events[i])
			if err != nil {
				return "", err
			}
			o.Process, o.Kind = process, history.Hold
			w.record(o)
		}
		q.Cursor = page.Cursor
		if page.CaughtUp {
			return page.Cursor, nil
		}
	}
}

// stable is what a node gives of orders in the order that is the same everywhere, as far as it
// gives it now.
func (w *world) stable(ctx context.Context, n *node) ([]string, error) {
	var ids []string
	q := client.Query{From: "earliest", Order: "stable", Limit: 5000}
	for {
		page, err := n.client.Read(ctx, orders, q)
		if err != nil {
			return nil, fmt.Errorf("stable read at %s: %w", n.name, err)
		}
		for i := range page.Events {
			ids = append(ids, page.Events[i].ID)
		}
		q.Cursor = page.Cursor
		if page.CaughtUp || len(page.Events) == 0 {
			return ids, nil
		}
	}
}

// oneOrder wants the same list in stable order of all nodes, with every event of it, soon.
func (w *world) oneOrder(ctx context.Context) error {
	w.mu.Lock()
	want := w.checker.Summary().Held
	w.mu.Unlock()
	var first []string
	for _, n := range w.nodes() {
		var list []string
		var failed error
		err := within(ctx, 10*time.Second, fmt.Sprintf("%d events in stable order at %s", want, n.name), func() bool {
			list, failed = w.stable(ctx, n)
			return failed == nil && len(list) >= want
		})
		switch {
		case failed != nil:
			return failed
		case err != nil:
			return fmt.Errorf("%w; it gives %d", err, len(list))
		case first == nil:
			first = list
		case !slices.Equal(first, list):
			return fmt.Errorf("stable order at %s differs from that at a, first at %d of %d", n.name, firstDifference(first, list), len(list))
		}
	}
	return nil
}

func firstDifference(a, b []string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// roamer follows orders from its first event on, a few events at each node, by its cursor.
type roamer struct {
	world  *world
	name   string
	cursor string
	visits int
}

// step takes up to limit events at a node: by SSE, or as one page.
func (r *roamer) step(ctx context.Context, n *node, limit int, sse bool) error {
	r.visits++
	q := client.Query{From: "earliest", Cursor: r.cursor, Limit: limit, Wait: 2 * time.Second}
	if sse {
		return r.follow(ctx, n, q)
	}
	page, err := n.client.Read(ctx, orders, q)
	if err != nil {
		return fmt.Errorf("%s at %s: %w", r.name, n.name, err)
	}
	for i := range page.Events {
		if err := r.take(n, &page.Events[i]); err != nil {
			return err
		}
	}
	r.cursor = page.Cursor
	return nil
}

// follow takes q.Limit events by SSE, or what comes within q.Wait.
func (r *roamer) follow(ctx context.Context, n *node, q client.Query) error {
	feeding, cancel := context.WithTimeout(ctx, q.Wait)
	defer cancel()
	left := q.Limit
	q.Limit, q.Wait = 0, 0
	for d, err := range n.client.Follow(feeding, orders, q, client.FollowOptions{Transport: client.SSE}) {
		if err != nil {
			return fmt.Errorf("%s at %s: %w", r.name, n.name, err)
		}
		if d.Notice == "gap" || d.Notice == "lagged" {
			return fmt.Errorf("%s at %s: %s, where all is held: %s", r.name, n.name, d.Notice, d.Data)
		}
		if d.Notice != "" {
			continue
		}
		e, err := d.Event()
		if err != nil {
			return err
		}
		if err := r.take(n, &e); err != nil {
			return err
		}
		r.cursor = d.Cursor
		if left--; left == 0 {
			return nil
		}
	}
	return ctx.Err()
}

func (r *roamer) take(n *node, e *client.Event) error {
	o, err := r.world.opOf(n, e)
	if err != nil {
		return err
	}
	o.Process, o.Kind = r.name, history.Deliver
	r.world.record(o)
	return nil
}

// arrived says whether the roamer has come as far as a cursor; it never will when there is an error.
func (r *roamer) arrived(cursor string) (bool, error) {
	want, err := edged.ParseCursor(cursor)
	if err != nil {
		return true, err
	}
	at, err := edged.ParseCursor(r.cursor)
	return err != nil || at.Vector.Covers(want.Vector), err
}
