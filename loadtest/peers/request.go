package main

import (
	"context"
	"fmt"

	"github.com/edgedhq/edged/loadtest"
	"github.com/edgedhq/edged/loadtest/lean"
)

// requestBytes is one request as it goes over the wire.
func requestBytes(method, address, path, contentType string, body []byte) []byte {
	return fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
		method, path, address, contentType, len(body), body)
}

// requestExchange posts bodies that were made beforehand, in turn.
type requestExchange struct {
	*lean.Conn
	requests [][]byte
	next     int
}

// dialRequests opens a connection that posts bodies to one path.
func dialRequests(ctx context.Context, address, path, contentType string, bodies [][]byte) (loadtest.Exchange, error) {
	c, err := lean.Dial(ctx, address)
	if err != nil {
		return nil, err
	}
	x := &requestExchange{Conn: c}
	for _, body := range bodies {
		x.requests = append(x.requests, requestBytes("POST", address, path, contentType, body))
	}
	return x, nil
}

// Exchange implements loadtest.Exchange.
func (x *requestExchange) Exchange() (int, error) {
	request := x.requests[x.next%len(x.requests)]
	x.next++
	a, err := x.Do(request)
	if err == nil && a.Status != 200 && a.Status != 201 {
		err = fmt.Errorf("edged answered %d: %s", a.Status, a.Body)
	}
	return len(request), err
}
