package client

import (
	"context"
	"encoding/json"
	"net/http"
)

// Link is what an emulated link does to packets, both ways. The zero Link does nothing.
type Link struct {
	Delay  string  `json:"delay,omitempty"` // as Go writes durations
	Jitter string  `json:"jitter,omitempty"`
	Loss   float64 `json:"loss"`           // share of the packets, 0 to 1
	Rate   Size    `json:"rate,omitempty"` // a second
	Cut    bool    `json:"cut"`
}

// Links gives the policies in force, by the region or node that they stand for. NotFound: the
// node's links are real.
func (c *Client) Links(ctx context.Context) (map[string]Link, error) {
	var v struct {
		Links map[string]Link `json:"links"`
	}
	_, err := c.ask(ctx, call{method: http.MethodGet, path: []string{"v1", "links"}}, &v)
	return v.Links, err
}

// SetLink replaces the policy between the node and a region or another node.
func (c *Client) SetLink(ctx context.Context, target string, link Link) error {
	body, err := json.Marshal(link)
	if err != nil {
		return err
	}
	_, err = c.ask(ctx, call{
		method: http.MethodPut, path: []string{"v1", "links", target}, body: body, header: jsonBody(),
	}, nil)
	return err
}
