package client

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Entry is a key of a collection and its value, as the node has it.
type Entry struct {
	Key       string            `json:"key"`
	Type      string            `json:"type,omitempty"`
	Value     json.RawMessage   `json:"value"`
	Conflicts []json.RawMessage `json:"conflicts,omitempty"` // all concurrent values, where there are several
	Cursor    string            `json:"cursor,omitempty"`    // what it covers is in the value
}

// Entry gives the value of a key. After, a cursor or empty, is what the node has to have caught up
// to first.
func (c *Client) Entry(ctx context.Context, collection, key, after string) (Entry, error) {
	var e Entry
	_, err := c.ask(ctx, call{method: http.MethodGet, path: keyPath(collection, key), query: afterQuery(after)}, &e)
	return e, err
}

// Entries gives every key that has a value and begins with the prefix, in the order of their bytes,
// page by page; after as for Entry. An error is the last thing given.
func (c *Client) Entries(ctx context.Context, collection, prefix, after string) iter.Seq2[Entry, error] {
	query := afterQuery(after)
	query.Set("limit", strconv.Itoa(1000))
	if prefix != "" {
		query.Set("prefix", prefix)
	}
	return pages(query, func(q url.Values) ([]Entry, string, error) {
		var page struct {
			Keys []Entry `json:"keys"`
			Next string  `json:"next"`
		}
		_, err := c.ask(ctx, call{method: http.MethodGet, path: keysPath(collection), query: q}, &page)
		return page.Keys, page.Next, err
	})
}

func afterQuery(after string) url.Values {
	if after == "" {
		return url.Values{}
	}
	return url.Values{"after": {after}}
}

// UpdateOptions say when an update is answered. An update is sent once: an increment that is sent
// again counts twice.
type UpdateOptions struct {
	Ack     string        // disk, region or regions:N; empty is disk
	Timeout time.Duration // how long the node may wait for Ack; 0 is the node's default
}

func (o *UpdateOptions) query() url.Values {
	q := url.Values{}
	if o.Ack != "" {
		q.Set("ack", o.Ack)
	}
	if o.Timeout > 0 {
		q.Set("timeout", o.Timeout.String())
	}
	return q
}

// Update carries out operations on a key, whole or not at all, and gives the value after them. Ops
// is the JSON of one operation, such as {"increment":1}, or of an array of them.
func (c *Client) Update(ctx context.Context, collection, key string, ops []byte, opts UpdateOptions) (Entry, error) {
	var e Entry
	_, err := c.ask(ctx, call{
		method: http.MethodPost, path: keyPath(collection, key), query: opts.query(), body: ops, header: jsonBody(),
	}, &e)
	return e, err
}

// KeyUpdate is what UpdateAll does to one key: the JSON of one operation or of an array of them.
type KeyUpdate struct {
	Key string          `json:"key"`
	Ops json.RawMessage `json:"ops"`
}

// UpdateAll carries out operations on many keys in one request. When one is refused none is carried
// out. Whoever asks with the cursor as after sees them, at any node.
func (c *Client) UpdateAll(ctx context.Context, collection string, updates []KeyUpdate, opts UpdateOptions) (cursor string, err error) {
	body, err := json.Marshal(updates)
	if err != nil {
		return "", fmt.Errorf("client: updates: %w", err)
	}
	var v struct {
		Cursor string `json:"cursor"`
	}
	_, err = c.ask(ctx, call{
		method: http.MethodPost, path: keysPath(collection), query: opts.query(), body: body, header: jsonBody(),
	}, &v)
	return v.Cursor, err
}

// DeleteKey deletes a key. Whoever asks with the cursor as after sees it gone, at any node.
func (c *Client) DeleteKey(ctx context.Context, collection, key string, opts UpdateOptions) (cursor string, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	resp, err := c.send(ctx, call{method: http.MethodDelete, path: keyPath(collection, key), query: opts.query()})
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	return resp.Header.Get("Edged-Cursor"), nil
}

func keysPath(collection string) []string { return append(collectionPath(collection), "keys") }

func keyPath(collection, key string) []string { return append(keysPath(collection), key) }
