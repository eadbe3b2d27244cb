package client

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Cluster is the mesh as the node sees it.
type Cluster struct {
	Node    Node     `json:"node"`
	Members []Member `json:"members"`
	Stable  Stable   `json:"stable"`
}

// Stable tells how far reads with order=stable come. Frontier is zero in a mesh of one.
type Stable struct {
	Frontier   time.Time  `json:"frontier,omitzero"`
	HeldBackBy []HeldBack `json:"held_back_by"`
}

// HeldBack is an origin that stable reads wait for, and the time since when.
type HeldBack struct {
	Origin string    `json:"origin"`
	Since  time.Time `json:"since"`
}

// Node is the node that answers.
type Node struct {
	Name          string `json:"name"`
	Region        string `json:"region"`
	Origin        string `json:"origin"`
	Version       string `json:"version"`
	Mesh          string `json:"mesh,omitempty"`
	LinksEmulated bool   `json:"links_emulated"`
}

// Member is a node of the mesh.
type Member struct {
	Name    string  `json:"name"`
	Region  string  `json:"region"`
	Address string  `json:"address"`
	State   string  `json:"state"`
	Self    bool    `json:"self"`
	Origin  string  `json:"origin"`
	RTT     float64 `json:"rtt_ms"`
	Version string  `json:"version"`
}

// Peer is the state of replication with another node.
type Peer struct {
	Name         string    `json:"name"`
	Region       string    `json:"region"`
	Connected    bool      `json:"connected"`
	LagEvents    int64     `json:"lag_events"`
	Lag          float64   `json:"lag_ms"`
	NeedEvents   int64     `json:"need_events"`
	LastProgress time.Time `json:"last_progress,omitzero"`
	BytesIn      int64     `json:"bytes_in"`
	BytesOut     int64     `json:"bytes_out"`
	RTT          float64   `json:"rtt_ms"`
	Skew         float64   `json:"skew_ms"`
	LastEqual    time.Time `json:"last_equal,omitzero"`
	Rows         int       `json:"rows"`
	Lagging      bool      `json:"lagging"`
}

// Version is the build of a node.
type Version struct {
	Version string `json:"version"`
	Go      string `json:"go,omitempty"`
	Commit  string `json:"commit,omitempty"`
}

// Cluster gives this node and the members that it knows.
func (c *Client) Cluster(ctx context.Context) (Cluster, error) {
	var v Cluster
	_, err := c.ask(ctx, call{method: http.MethodGet, path: []string{"v1", "cluster"}}, &v)
	return v, err
}

// Peers gives the state of replication with every other node.
func (c *Client) Peers(ctx context.Context) ([]Peer, error) {
	var v struct {
		Peers []Peer `json:"peers"`
	}
	_, err := c.ask(ctx, call{method: http.MethodGet, path: []string{"v1", "cluster", "replication"}}, &v)
	return v.Peers, err
}

// Version gives the node's build.
func (c *Client) Version(ctx context.Context) (Version, error) {
	var v Version
	_, err := c.ask(ctx, call{method: http.MethodGet, path: []string{"v1", "version"}}, &v)
	return v, err
}

// Ready is nil when the node serves; else a *Problem or the loss of connection. Values are those
// of /readyz, such as min_peers; nil asks for no more than the node itself does.
func (c *Client) Ready(ctx context.Context, values url.Values) error {
	_, err := c.ask(ctx, call{method: http.MethodGet, path: []string{"readyz"}, query: values}, nil)
	return err
}

// Metrics gives the node's figures in Prometheus's text form.
func (c *Client) Metrics(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	resp, err := c.send(ctx, call{method: http.MethodGet, path: []string{"metrics"}})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

// Seal is what came of the sealing of an origin.
type Seal struct {
	Origin string       `json:"origin"`
	State  string       `json:"state"`
	Roll   []SealMember `json:"roll"` // the nodes that agreed
	Away   []string     `json:"away"` // nodes that were not asked
}

// SealMember is a node that agreed.
type SealMember struct {
	Name   string `json:"name"`
	Origin string `json:"origin"`
}

// SealOrigin ends an origin whose node will not return; anew asks the nodes that are connected now,
// whoever was asked before. A *Problem of code seal_pending says who is missing.
func (c *Client) SealOrigin(ctx context.Context, origin string, anew bool) (Seal, error) {
	var v Seal
	body, err := json.Marshal(struct {
		Origin string `json:"origin"`
		Anew   bool   `json:"anew,omitempty"`
	}{origin, anew})
	if err != nil {
		return v, err
	}
	_, err = c.ask(ctx, call{
		method: http.MethodPost, path: []string{"v1", "cluster", "seal"}, body: body, header: jsonBody(),
	}, &v)
	return v, err
}
