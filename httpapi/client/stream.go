package client

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// StreamSpec is what a stream's definition says. Fields left out keep their defaults.
type StreamSpec struct {
	Partitions  int        `json:"partitions,omitempty"`
	Retention   *Retention `json:"retention,omitempty"`
	Regions     []string   `json:"regions,omitempty"`
	Replication string     `json:"replication,omitempty"`
	Description string     `json:"description,omitempty"`
}

// Retention bounds what is kept: an age as Go writes durations, and a size as "64MiB" or bytes.
type Retention struct {
	Age   string `json:"age,omitempty"`
	Bytes Size   `json:"bytes,omitempty"`
}

// Size is a number of bytes as the contract writes it: "64MiB", or a plain number.
type Size string

// UnmarshalJSON takes a string or a number.
func (s *Size) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] != '"' {
		*s = Size(b)
		return nil
	}
	var text string
	err := json.Unmarshal(b, &text)
	*s = Size(text)
	return err
}

// StreamInfo is a definition with what the node holds of it.
type StreamInfo struct {
	Name string `json:"name"`
	StreamSpec
	Created time.Time  `json:"created"`
	Events  int64      `json:"events"`
	Bytes   int64      `json:"bytes"`
	Origins []LogRange `json:"origins,omitempty"`
}

// LogRange is what is held of one log.
type LogRange struct {
	Origin    string `json:"origin"`
	Partition uint32 `json:"partition"`
	First     uint64 `json:"first"`
	Last      uint64 `json:"last"`
	Bytes     int64  `json:"bytes,omitempty"`
}

// PutStream creates or replaces a definition and says whether it made one.
func (c *Client) PutStream(ctx context.Context, name string, spec StreamSpec) (info StreamInfo, created bool, err error) {
	body, err := json.Marshal(spec)
	if err != nil {
		return info, false, err
	}
	status, err := c.ask(ctx, call{
		method: http.MethodPut, path: streamPath(name), body: body, header: jsonBody(),
	}, &info)
	return info, status == http.StatusCreated, err
}

// Stream gives a definition with what is held of it.
func (c *Client) Stream(ctx context.Context, name string) (StreamInfo, error) {
	var info StreamInfo
	_, err := c.ask(ctx, call{method: http.MethodGet, path: streamPath(name)}, &info)
	return info, err
}

// Streams gives every stream, page by page. An error is the last thing given.
func (c *Client) Streams(ctx context.Context) iter.Seq2[StreamInfo, error] {
	return pages(url.Values{"limit": {strconv.Itoa(100)}}, func(q url.Values) ([]StreamInfo, string, error) {
		var page struct {
			Streams []StreamInfo `json:"streams"`
			Next    string       `json:"next"`
		}
		_, err := c.ask(ctx, call{method: http.MethodGet, path: []string{"v1", "streams"}, query: q}, &page)
		return page.Streams, page.Next, err
	})
}

// DeleteStream deletes a stream everywhere.
func (c *Client) DeleteStream(ctx context.Context, name string) error {
	_, err := c.ask(ctx, call{method: http.MethodDelete, path: streamPath(name)}, nil)
	return err
}

// Digest is a stream's vector and the digest of its content at a node.
type Digest struct {
	Vector map[string]uint64 `json:"vector"`
	Digest string            `json:"digest"`
}

// StreamDigest gives the digest: nodes with equal vectors must show equal ones.
func (c *Client) StreamDigest(ctx context.Context, name string) (Digest, error) {
	var d Digest
	_, err := c.ask(ctx, call{method: http.MethodGet, path: append(streamPath(name), "digest")}, &d)
	return d, err
}

func streamPath(name string) []string { return []string{"v1", "streams", name} }
