package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/edgedhq/edged/httpapi/client"
	"github.com/edgedhq/edged/loadtest/nexmark/query"
)

// put defines a function. What it folds is its own only with options that nobody else has.
func (n *node) put(ctx context.Context, q query.Query, options map[string]string) error {
	if _, _, err := n.client.PutFunction(ctx, q.Name, client.FunctionSpec{SQL: q.SQL, Options: options}); err != nil {
		return fmt.Errorf("put %s at %s: %w", q.Name, n.name, err)
	}
	return nil
}

// drop deletes a function and, if it has one, the stream of its outputs.
func (n *node) drop(ctx context.Context, q query.Query) error {
	if err := n.client.DeleteFunction(ctx, q.Name); err != nil || !q.Into {
		return err
	}
	return n.client.DeleteStream(ctx, q.Name)
}

// state is what the node tells of the function, for people.
func (n *node) state(ctx context.Context, q query.Query) (string, error) {
	f, err := n.client.Function(ctx, q.Name)
	if err != nil {
		return "", err
	}
	origins, err := json.Marshal(f.Origins)
	return fmt.Sprintf("%s, %d in, %d out, %d late, %d too late, %d failed (%s), %d mistyped, origins %s",
		f.State, f.EventsIn, f.EventsOut, f.Late, f.TooLate, f.Failed, f.LastError, f.Mistyped, origins), err
}

// rows reads all rows, page by page.
func (n *node) rows(ctx context.Context, q query.Query) (rows [][]byte, err error) {
	ask := client.RowsQuery{Window: "all", Limit: 10_000}
	for {
		page, err := n.client.Rows(ctx, q.Name, ask)
		if err != nil {
			return nil, err
		}
		for _, row := range page.Rows {
			rows = append(rows, row.Data)
		}
		if page.Next == "" {
			return rows, nil
		}
		ask.Page = page.Next
	}
}

// outputs reads the data of all events of a stream.
func (n *node) outputs(ctx context.Context, stream string) (all [][]byte, err error) {
	err = n.each(ctx, stream, func(e *client.Event) error {
		all = append(all, e.Bytes())
		return nil
	})
	return all, err
}

// each reads a stream from its first event to what is its last now.
func (n *node) each(ctx context.Context, stream string, do func(*client.Event) error) error {
	q := client.Query{From: "earliest", Limit: 10_000}
	for {
		page, err := n.client.Read(ctx, stream, q)
		if err != nil {
			return fmt.Errorf("read %s at %s: %w", stream, n.name, err)
		}
		for i := range page.Events {
			if err := do(&page.Events[i]); err != nil {
				return err
			}
		}
		if page.CaughtUp {
			return nil
		}
		q.Cursor = page.Cursor
	}
}
