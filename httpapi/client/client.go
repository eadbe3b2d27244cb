// Package client is the HTTP door from outside: it publishes, reads, follows and manages streams,
// collections and functions of a node, for the command line, load tests, examples and tests. It knows the
// contract and nothing of the server's code.
//
//	c, err := client.New(client.Options{URL: "http://127.0.0.1:8080"})
//	receipt, err := c.Publish(ctx, "orders", []client.Draft{{Data: []byte(`{"total":42}`)}}, client.PublishOptions{})
//	for d, err := range c.Follow(ctx, "orders", client.Query{From: "earliest"}, client.FollowOptions{}) {
//		...
//	}
//	visits, err := c.Update(ctx, "visits", "home", []byte(`{"increment":1}`), client.UpdateOptions{})
//	answer, err := c.Query(ctx, client.OnceQuery{SQL: "SELECT SUM(total) AS total FROM orders"})
//
// A refusal comes back as a *[Problem], whose Code is one of the kinds of package edged, so that
// errors.Is(err, edged.StreamNotFound) works on both sides of the wire.
//
// # Invariants
//
// A publish is sent again only where that cannot store it twice: with an IdempotencyKey, or after
// an answer that says nothing was stored; an update never. A follower or a watcher goes on by its
// cursor after every loss of connection: no gap and no repeat, or a notice.
//
// # Not here
//
// The server: httpapi. Load and its figures: loadtest.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Options tune a Client. The zero value is ready for use.
type Options struct {
	URL     string        // the node, default http://127.0.0.1:8080
	Token   string        // sent as a bearer token; empty sends none
	Timeout time.Duration // bounds a call that is not a feed; default 30 s
	Agent   string        // User-Agent, default edged-client
	HTTP    *http.Client  // nil makes one; it must not have a timeout, which would end feeds
}

func (o Options) withDefaults() (Options, *url.URL, error) {
	if o.URL == "" {
		o.URL = "http://127.0.0.1:8080"
	}
	if !strings.Contains(o.URL, "://") {
		o.URL = "http://" + o.URL
	}
	base, err := url.Parse(strings.TrimRight(o.URL, "/"))
	if err != nil {
		return o, nil, fmt.Errorf("client: server address %q: %w", o.URL, err)
	}
	if base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return o, nil, fmt.Errorf("client: server address %q: want http://HOST:PORT or https://HOST:PORT", o.URL)
	}
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Agent == "" {
		o.Agent = "edged-client"
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			ForceAttemptHTTP2:   true,
			MaxIdleConnsPerHost: 256,
			IdleConnTimeout:     90 * time.Second,
			TLSHandshakeTimeout: 5 * time.Second,
		}}
	}
	return o, base, nil
}

// Client speaks with one node. It is safe for use by many goroutines.
type Client struct {
	opts Options
	base *url.URL
}

// New checks the options; it does not touch the network.
func New(opts Options) (*Client, error) {
	opts, base, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Client{opts: opts, base: base}, nil
}

// URL is the node's address, without a slash at its end.
func (c *Client) URL() string { return c.base.String() }

// call is one request as the methods of this package put it.
type call struct {
	method string
	path   []string // segments, escaped by send
	query  url.Values
	header http.Header
	body   []byte
}

// send performs the request. Any status of 400 and above is a *Problem and leaves no body open.
func (c *Client) send(ctx context.Context, q call) (*http.Response, error) {
	u := c.address(q.path, q.query)
	var body io.Reader
	if q.body != nil {
		body = bytes.NewReader(q.body)
	}
	req, err := http.NewRequestWithContext(ctx, q.method, u.String(), body)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	for name, values := range q.header {
		req.Header[name] = values
	}
	c.sign(req.Header)
	resp, err := c.opts.HTTP.Do(req)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	if resp.StatusCode >= 400 {
		defer resp.Body.Close()
		return nil, problemFrom(resp)
	}
	return resp, nil
}

// sign adds what every request carries.
func (c *Client) sign(h http.Header) {
	h.Set("User-Agent", c.opts.Agent)
	if c.opts.Token != "" {
		h.Set("Authorization", "Bearer "+c.opts.Token)
	}
}

// ask performs a bounded call and decodes its JSON answer into out, unless that is nil.
func (c *Client) ask(ctx context.Context, q call, out any) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	resp, err := c.send(ctx, q)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if out == nil {
		_, err = io.Copy(io.Discard, resp.Body)
	} else {
		err = json.NewDecoder(resp.Body).Decode(out)
	}
	if err != nil {
		return resp.StatusCode, fmt.Errorf("client: answer of %s %s: %w", q.method, resp.Request.URL.Path, err)
	}
	return resp.StatusCode, nil
}

// address puts segments below the base, each escaped whole: nothing in a name becomes a path.
func (c *Client) address(path []string, query url.Values) *url.URL {
	u := *c.base
	u.RawPath = c.base.EscapedPath()
	for _, segment := range path {
		u.Path += "/" + segment
		u.RawPath += "/" + url.PathEscape(segment)
	}
	u.RawQuery = query.Encode()
	return &u
}
