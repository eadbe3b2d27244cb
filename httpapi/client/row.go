package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// Row is a row of a query: its columns in the order of the answer, and their values as JSON.
type Row struct {
	Names  []string
	Values map[string]json.RawMessage
	Data   json.RawMessage // the row as it came
}

// UnmarshalJSON keeps the order of the members.
func (r *Row) UnmarshalJSON(b []byte) error {
	r.Data = slices.Clone(b)
	if err := json.Unmarshal(b, &r.Values); err != nil {
		return err
	}
	r.Names = r.Names[:0]
	d := json.NewDecoder(bytes.NewReader(b))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		text, _ := name.(string)
		r.Names = append(r.Names, text)
		var skipped json.RawMessage
		if err := d.Decode(&skipped); err != nil {
			return err
		}
	}
	return nil
}

// MarshalJSON gives the row as it came.
func (r Row) MarshalJSON() ([]byte, error) { return r.Data, nil }

// RowsQuery says which rows of a function are wanted. The zero RowsQuery is all.
type RowsQuery struct {
	Where   string // an SQL expression over the columns
	Window  string // latest, open, all, or a time that is in it
	OrderBy string // a column, or -column
	Limit   int    // of a page; 0 is the node's default
	Page    string // Next of the page before
	After   string // a cursor that the rows have to include first
}

func (q *RowsQuery) values() url.Values {
	v := url.Values{}
	set := setter(v)
	set("where", q.Where)
	set("window", q.Window)
	set("order_by", q.OrderBy)
	set("page", q.Page)
	set("after", q.After)
	if q.Limit > 0 {
		set("limit", strconv.Itoa(q.Limit))
	}
	return v
}

// RowsPage is one answer: rows that are all at one cut.
type RowsPage struct {
	Rows      []Row      `json:"rows"`
	Cut       string     `json:"cut"`
	Digest    string     `json:"digest"` // equal cuts show equal ones
	Watermark *time.Time `json:"watermark,omitempty"`
	Next      string     `json:"next,omitempty"` // empty at the end
}

// Rows gives a page of a function's rows.
func (c *Client) Rows(ctx context.Context, name string, q RowsQuery) (RowsPage, error) {
	var page RowsPage
	_, err := c.ask(ctx, call{
		method: http.MethodGet, path: append(functionPath(name), "rows"), query: q.values(), header: http.Header{"Accept": {"application/json"}},
	}, &page)
	return page, err
}

// RowsFeed says what of a function's rows is watched, and from where.
type RowsFeed struct {
	From   string   // earliest: first the present rows; or latest; empty is earliest
	Cursor string   // goes on after it; wins over From
	Where  string   // an SQL expression over the columns
	Keys   []string // only the groups with these keys
	Prefix string   // only groups whose key begins so
	After  string   // a cursor that the rows have to include first
}

func (q *RowsFeed) values() url.Values {
	watch := WatchQuery{From: q.From, Cursor: q.Cursor, Keys: q.Keys, Prefix: q.Prefix, After: q.After}
	v := watch.values()
	setter(v)("where", q.Where)
	return v
}

// RowChange is a row of a feed.
type RowChange struct {
	Key    string `json:"key"`
	Row    Row    `json:"row"`
	Cursor string `json:"cursor"`
}

// Row decodes a row of a feed. Do not call it on a notice.
func (d *Delivery) Row() (RowChange, error) {
	var change RowChange
	if err := json.Unmarshal(d.Data, &change); err != nil {
		return change, fmt.Errorf("client: row: %w", err)
	}
	return change, nil
}

// WatchRows gives a function's rows as they change, as Follow gives the events of a stream: until ctx
// ends, on by the cursor over every loss of connection. After the notice reset, rows that were given
// before count no more.
func (c *Client) WatchRows(ctx context.Context, name string, q RowsFeed, opts FollowOptions) iter.Seq2[Delivery, error] {
	return c.follow(ctx, place{append(functionPath(name), "rows"), q.Cursor, q.values()}, opts)
}

// OnceQuery is a query over what is retained.
type OnceQuery struct {
	SQL     string        `json:"sql"`
	Limit   int           `json:"limit,omitempty"` // rows; 0 is the node's default
	Timeout time.Duration `json:"-"`               // how long it may take; 0 is the node's default
	Cut     string        `json:"cut,omitempty"`   // of another answer: what the query runs over
}

// OnceAnswer is its result.
type OnceAnswer struct {
	Columns   []Column `json:"columns"`
	Rows      []Row    `json:"rows"`
	Cut       string   `json:"cut"`
	Truncated bool     `json:"truncated"` // there are more rows than Limit
}

// Query asks once. It waits for the node longer than other calls where q.Timeout does.
func (c *Client) Query(ctx context.Context, q OnceQuery) (OnceAnswer, error) {
	var answer OnceAnswer
	timed := struct {
		OnceQuery
		Timeout string `json:"timeout,omitempty"`
	}{OnceQuery: q}
	if q.Timeout > 0 {
		timed.Timeout = q.Timeout.String()
	}
	body, err := json.Marshal(timed)
	if err != nil {
		return answer, fmt.Errorf("client: query: %w", err)
	}
	const onTheWay = 5 * time.Second
	patient := *c
	patient.opts.Timeout = max(c.opts.Timeout, q.Timeout+onTheWay)
	_, err = patient.ask(ctx, call{method: http.MethodPost, path: []string{"v1", "query"}, body: body, header: jsonBody()}, &answer)
	return answer, err
}
