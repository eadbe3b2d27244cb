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

// FunctionSpec is what a function's definition says.
type FunctionSpec struct {
	SQL     string
	Options map[string]string // beside those in the text's WITH
	Restart bool              // begin anew from what is retained
	Now     bool              // show the new query at once, not when it has reached the old one
}

// body is the definition as the contract has it.
func (s *FunctionSpec) body() ([]byte, error) {
	members := map[string]any{"sql": s.SQL}
	for name, value := range s.Options {
		members[name] = value
	}
	if s.Restart {
		members["restart"] = true
	}
	if s.Now {
		members["replace"] = "now"
	}
	return json.Marshal(members)
}

// Column is a column of a query's rows. The type is lower case; json is any value.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// FunctionInfo is a definition with what was understood of it, and how it fares at the node.
type FunctionInfo struct {
	Name      string            `json:"name"`
	SQL       string            `json:"sql"`
	Options   map[string]string `json:"options,omitempty"`
	Created   time.Time         `json:"created"`
	QueryID   string            `json:"query_id"`
	Inputs    []string          `json:"inputs"`
	Columns   []Column          `json:"columns"`
	Window    string            `json:"window,omitempty"`
	Runs      string            `json:"runs"` // mergeable or by key
	Into      string            `json:"into,omitempty"`
	State     string            `json:"state"`               // running, backfilling, degraded, paused or failed
	Restarted bool              `json:"restarted,omitempty"` // of a PUT
	Replaces  bool              `json:"replaces,omitempty"`  // of a PUT
	EventsIn  int64             `json:"events_in"`
	EventsOut int64             `json:"events_out"`
	Late      int64             `json:"late"`
	TooLate   int64             `json:"too_late"`
	Failed    int64             `json:"failed"`
	Mistyped  int64             `json:"mistyped"`
	LastError string            `json:"last_error,omitempty"`
	Explain   string            `json:"explain,omitempty"` // not in lists, as Origins
	Origins   []Reach           `json:"origins,omitempty"`
}

// Reach is how far one origin's input is included in a function's rows at the node.
type Reach struct {
	Origin    string            `json:"origin"`
	Region    string            `json:"region"`
	Watermark *time.Time        `json:"watermark,omitempty"` // nil while there is none
	Position  map[string]uint64 `json:"position"`            // STREAM/PARTITION to a sequence
	State     string            `json:"state"`               // live, idle, unreachable or sealed
}

// Completeness tells how far each origin's input is included.
type Completeness struct {
	Origins   []Reach    `json:"origins"`
	Watermark *time.Time `json:"watermark,omitempty"` // the least of those that count; nil while there is none
}

// PutFunction creates or replaces a definition and says whether it made one. A text that is refused
// is a *Problem whose Errors have lines and columns.
func (c *Client) PutFunction(ctx context.Context, name string, spec FunctionSpec) (info FunctionInfo, created bool, err error) {
	body, err := spec.body()
	if err != nil {
		return info, false, fmt.Errorf("client: function: %w", err)
	}
	status, err := c.ask(ctx, call{method: http.MethodPut, path: functionPath(name), body: body, header: jsonBody()}, &info)
	return info, status == http.StatusCreated, err
}

// Function gives a definition, what was understood of it, and how it fares.
func (c *Client) Function(ctx context.Context, name string) (FunctionInfo, error) {
	var info FunctionInfo
	_, err := c.ask(ctx, call{method: http.MethodGet, path: functionPath(name)}, &info)
	return info, err
}

// Functions gives every function, page by page. An error is the last thing given.
func (c *Client) Functions(ctx context.Context) iter.Seq2[FunctionInfo, error] {
	return pages(url.Values{"limit": {strconv.Itoa(100)}}, func(q url.Values) ([]FunctionInfo, string, error) {
		var page struct {
			Functions []FunctionInfo `json:"functions"`
			Next      string         `json:"next"`
		}
		_, err := c.ask(ctx, call{method: http.MethodGet, path: []string{"v1", "functions"}, query: q}, &page)
		return page.Functions, page.Next, err
	})
}

// DeleteFunction stops a function everywhere and drops its rows.
func (c *Client) DeleteFunction(ctx context.Context, name string) error {
	_, err := c.ask(ctx, call{method: http.MethodDelete, path: functionPath(name)}, nil)
	return err
}

// Completeness tells how complete a function's rows are. After, a cursor or empty, is what they have
// to include first.
func (c *Client) Completeness(ctx context.Context, name, after string) (Completeness, error) {
	var v Completeness
	_, err := c.ask(ctx, call{method: http.MethodGet, path: append(functionPath(name), "completeness"), query: afterQuery(after)}, &v)
	return v, err
}

func functionPath(name string) []string { return []string{"v1", "functions", name} }
