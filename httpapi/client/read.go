package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Event is an event as a reader gets it.
type Event struct {
	ID          string            `json:"id"`
	Stream      string            `json:"stream"`
	Partition   uint32            `json:"partition"`
	Origin      string            `json:"origin"`
	Seq         uint64            `json:"seq"`
	HLC         string            `json:"hlc"`
	Time        time.Time         `json:"time"`
	Key         string            `json:"key,omitempty"`
	Type        string            `json:"type,omitempty"`
	ContentType string            `json:"content_type,omitempty"`
	Headers     map[string]string `json:"headers,omitempty"`
	Data        json.RawMessage   `json:"data,omitempty"`
	DataBase64  []byte            `json:"data_base64,omitempty"`
	Cursor      string            `json:"cursor,omitempty"`
}

// Bytes is the event's data as it was published: JSON as JSON, text without its quotes.
func (e *Event) Bytes() []byte {
	if e.DataBase64 != nil {
		return e.DataBase64
	}
	if formOf(e.ContentType) == jsonForm {
		return e.Data
	}
	var text string
	if json.Unmarshal(e.Data, &text) != nil {
		return e.Data
	}
	return []byte(text)
}

// Query says what a reader wants. The zero Query reads as the contract's defaults do.
type Query struct {
	From      string // earliest, latest, an RFC 3339 time, or -10m
	Cursor    string // goes on after it; wins over From
	Limit     int    // reads: most events of a page
	Wait      time.Duration
	Keys      []string
	KeyPrefix string
	Types     []string
	Filter    string
	Order     string // arrival or stable
	Envelope  string // full or data
	Origin    string // local or any
	OnLag     string // skip
	After     string // wait until the node has caught up to this cursor
}

// setter sets a query's parameters; one without a value is left out.
func setter(v url.Values) func(name, value string) {
	return func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
}

func (q *Query) values() url.Values {
	v := url.Values{}
	set := setter(v)
	if q.Cursor != "" {
		set("cursor", q.Cursor)
	} else {
		set("from", q.From)
	}
	if q.Limit > 0 {
		set("limit", strconv.Itoa(q.Limit))
	}
	if q.Wait > 0 {
		set("wait", q.Wait.String())
	}
	for _, key := range q.Keys {
		v.Add("key", key)
	}
	for _, t := range q.Types {
		v.Add("type", t)
	}
	set("key_prefix", q.KeyPrefix)
	set("filter", q.Filter)
	set("order", q.Order)
	set("envelope", q.Envelope)
	set("origin", q.Origin)
	set("on_lag", q.OnLag)
	set("after", q.After)
	return v
}

// Page is one answer of a read.
type Page struct {
	Events   []Event `json:"events"`
	Cursor   string  `json:"cursor"`
	CaughtUp bool    `json:"caught_up"`
}

// Read gives one page. With q.Wait it waits that long for a first event.
func (c *Client) Read(ctx context.Context, stream string, q Query) (Page, error) {
	var page Page
	_, err := c.ask(ctx, call{
		method: http.MethodGet, path: eventsPath(stream), query: q.values(),
		header: http.Header{"Accept": {"application/json"}},
	}, &page)
	return page, err
}

func eventsPath(stream string) []string { return []string{"v1", "streams", stream, "events"} }
