package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/edgedhq/edged/httpapi/client"
)

// put defines a function.
func (n *node) put(ctx context.Context, name, sql string) error {
	return n.call(ctx, http.MethodPut, "/v1/functions/"+name, map[string]string{"sql": sql}, nil)
}

// drop deletes a function and, if it has one, the stream of its outputs.
func (n *node) drop(ctx context.Context, name string, into bool) error {
	if err := n.call(ctx, http.MethodDelete, "/v1/functions/"+name, nil, nil); err != nil || !into {
		return err
	}
	return n.client.DeleteStream(ctx, name)
}

// has says whether the function is known at the node.
func (n *node) has(ctx context.Context, name string) (bool, error) {
	err := n.call(ctx, http.MethodGet, "/v1/functions/"+name, nil, nil)
	return err == nil, err
}

// state is what the node tells of the function, as JSON without the query.
func (n *node) state(ctx context.Context, name string) (string, error) {
	var members map[string]any
	if err := n.call(ctx, http.MethodGet, "/v1/functions/"+name, nil, &members); err != nil {
		return "", err
	}
	for _, long := range []string{"sql", "explain", "columns"} {
		delete(members, long)
	}
	text, err := json.Marshal(members)
	return string(text), err
}

// positions are how far the function has read, by origin and then STREAM/PARTITION.
func (n *node) positions(ctx context.Context, name string) (map[string]map[string]uint64, error) {
	var answer struct {
		Origins []struct {
			Origin   string            `json:"origin"`
			Position map[string]uint64 `json:"position"`
		} `json:"origins"`
	}
	if err := n.call(ctx, http.MethodGet, "/v1/functions/"+name+"/completeness", nil, &answer); err != nil {
		return nil, err
	}
	all := map[string]map[string]uint64{}
	for _, o := range answer.Origins {
		all[o.Origin] = o.Position
	}
	return all, nil
}

// rows reads all rows, page by page.
func (n *node) rows(ctx context.Context, name string) (rows [][]byte, err error) {
	values := url.Values{"window": {"all"}, "limit": {"10000"}}
	for {
		var page struct {
			Rows []json.RawMessage `json:"rows"`
			Next *string           `json:"next"`
		}
		if err := n.call(ctx, http.MethodGet, "/v1/functions/"+name+"/rows?"+values.Encode(), nil, &page); err != nil {
			return nil, err
		}
		for _, row := range page.Rows {
			rows = append(rows, row)
		}
		if page.Next == nil || *page.Next == "" {
			return rows, nil
		}
		values.Set("page", *page.Next)
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

// call asks the node, with a body of JSON unless it is nil, and reads the answer into a pointer
// unless it is nil.
func (n *node) call(ctx context.Context, method, path string, body, answer any) error {
	var send io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		send = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, n.client.URL()+path, send)
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= 300 {
		problem, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
		if err != nil {
			return err
		}
		return fmt.Errorf("%s %s at %s: %s: %s", method, path, n.name, resp.Status, problem)
	}
	if answer == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	}
	return json.NewDecoder(resp.Body).Decode(answer)
}
