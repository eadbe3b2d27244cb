package client

import (
	"context"
	"encoding/json"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// CollectionSpec is what a collection's definition says.
type CollectionSpec struct {
	Type    string   `json:"type"` // counter, register, set, map, flag, hyperloglog, quantiles, topk or bounded_counter
	Regions []string `json:"regions,omitempty"`
	TTL     string   `json:"ttl,omitempty"` // as Go writes durations
	Min     *int64   `json:"min,omitempty"` // of a bounded_counter: exactly one of them
	Max     *int64   `json:"max,omitempty"`
}

// CollectionInfo is a definition with what the node holds of it.
type CollectionInfo struct {
	Name string `json:"name"`
	CollectionSpec
	Created time.Time `json:"created"`
	Keys    int64     `json:"keys"`
	Bytes   int64     `json:"bytes"`
}

// PutCollection creates or changes a definition and says whether it made one.
func (c *Client) PutCollection(ctx context.Context, name string, spec CollectionSpec) (info CollectionInfo, created bool, err error) {
	body, err := json.Marshal(spec)
	if err != nil {
		return info, false, err
	}
	status, err := c.ask(ctx, call{method: http.MethodPut, path: collectionPath(name), body: body, header: jsonBody()}, &info)
	return info, status == http.StatusCreated, err
}

// Collection gives a definition with what is held of it.
func (c *Client) Collection(ctx context.Context, name string) (CollectionInfo, error) {
	var info CollectionInfo
	_, err := c.ask(ctx, call{method: http.MethodGet, path: collectionPath(name)}, &info)
	return info, err
}

// Collections gives every collection, page by page. An error is the last thing given.
func (c *Client) Collections(ctx context.Context) iter.Seq2[CollectionInfo, error] {
	return pages(url.Values{"limit": {strconv.Itoa(100)}}, func(q url.Values) ([]CollectionInfo, string, error) {
		var page struct {
			Collections []CollectionInfo `json:"collections"`
			Next        string           `json:"next"`
		}
		_, err := c.ask(ctx, call{method: http.MethodGet, path: []string{"v1", "collections"}, query: q}, &page)
		return page.Collections, page.Next, err
	})
}

// DeleteCollection deletes a collection everywhere.
func (c *Client) DeleteCollection(ctx context.Context, name string) error {
	_, err := c.ask(ctx, call{method: http.MethodDelete, path: collectionPath(name)}, nil)
	return err
}

// CollectionDigest gives the digest: nodes with equal vectors must show equal ones.
func (c *Client) CollectionDigest(ctx context.Context, name string) (Digest, error) {
	var d Digest
	_, err := c.ask(ctx, call{method: http.MethodGet, path: append(collectionPath(name), "digest")}, &d)
	return d, err
}

func collectionPath(name string) []string { return []string{"v1", "collections", name} }

func jsonBody() http.Header { return http.Header{"Content-Type": {"application/json"}} }

// pages gives what each page holds, until there is no next. An error is the last thing given.
func pages[T any](query url.Values, ask func(url.Values) (items []T, next string, err error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		query, none := maps.Clone(query), *new(T)
		for {
			items, next, err := ask(query)
			if err != nil {
				yield(none, err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if next == "" {
				return
			}
			query.Set("page", next)
		}
	}
}
