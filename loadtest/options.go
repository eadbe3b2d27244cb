package loadtest

import (
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/edgedhq/edged"
)

// Transport is how a generator talks to a node.
type Transport string

// The transports. Publishing over WebSocket goes through /v1/live.
const (
	HTTP      Transport = "http"
	WebSocket Transport = "ws"
)

// Format is the form in which events travel.
type Format string

// The formats. Over WebSocket, JSON is a text frame an event and Msgpack a binary one.
const (
	NDJSON  Format = "ndjson"
	JSON    Format = "json"
	Msgpack Format = "msgpack"
)

// Options say what load to make. The zero value is ready for use against a node on this machine.
type Options struct {
	// Server is the node's URL. Default http://127.0.0.1:8080; only plain HTTP is spoken.
	Server string
	// Token, when set, is sent as a bearer token.
	Token string
	// Stream takes the events. Default "bench"; it is created when it does not exist.
	Stream string
	// Clients is the number of connections: publishers, readers or subscribers. Default 16, and
	// 1,000 for a fan-out.
	Clients int
	// Batch is the number of events in one publish. Default 100.
	Batch int
	// EventBytes is the size of one event's data. Default 128, at least 64.
	EventBytes int
	// Warmup comes before Duration and is not measured. Default 500 ms.
	Warmup time.Duration
	// Duration is how long to measure. Default 5 s.
	Duration time.Duration
	// Ack is the level to publish at. The zero Ack is disk.
	Ack edged.Ack
	// Transport and Format: default HTTP with NDJSON to publish and read back, WebSocket with
	// JSON for a fan-out, and JSON where WebSocket is asked for.
	Transport Transport
	Format    Format
	// InFlight is the number of publishes under way on one WebSocket. Default 1.
	InFlight int
	// Window is how many events a fan-out's publisher stays ahead of its subscribers. Default
	// 1,000. A small one measures latency, a large one throughput.
	Window int
	// Rate bounds a fan-out's publisher, in events a second. 0 is as fast as Window lets it.
	Rate int
	// Query is added to the URL of readers and subscribers, such as "envelope=data".
	Query string
	// PID is the node's process, when it runs on this machine: its CPU is read from /proc. With
	// 0 it is read from the node's /metrics.
	PID int

	settle time.Duration // how long a fan-out waits for its last deliveries
}

// eventBytesMin leaves room for the members that every made event has.
const eventBytesMin = 64

func (o Options) withDefaults() (Options, error) {
	preset(&o.Server, "http://127.0.0.1:8080")
	preset(&o.Stream, "bench")
	preset(&o.Clients, 16)
	preset(&o.Batch, 100)
	preset(&o.EventBytes, 128)
	preset(&o.Warmup, 500*time.Millisecond)
	preset(&o.Duration, 5*time.Second)
	preset(&o.Transport, HTTP)
	preset(&o.InFlight, 1)
	preset(&o.Window, 1000)
	preset(&o.settle, settleWait)
	if o.Transport == WebSocket {
		preset(&o.Format, JSON)
	}
	preset(&o.Format, NDJSON)
	if err := edged.CheckName("stream", o.Stream); err != nil {
		return o, fmt.Errorf("loadtest: %w", err)
	}
	return o, o.check()
}

func (o *Options) check() error {
	switch {
	case o.EventBytes < eventBytesMin:
		return fmt.Errorf("loadtest: events of %d bytes: want at least %d", o.EventBytes, eventBytesMin)
	case o.Clients < 1 || o.Batch < 1 || o.InFlight < 1 || o.Window < 1 || o.Rate < 0:
		return fmt.Errorf("loadtest: clients, batch, in flight and window are 1 at least, rate is 0 at least")
	case o.Transport != HTTP && o.Transport != WebSocket:
		return fmt.Errorf("loadtest: transport %q: want http or ws", o.Transport)
	case o.Format != JSON && o.Format != NDJSON && o.Format != Msgpack:
		return fmt.Errorf("loadtest: format %q: want json, ndjson or msgpack", o.Format)
	case o.Transport == WebSocket && o.Format == NDJSON:
		return fmt.Errorf("loadtest: a WebSocket carries json or msgpack, not ndjson")
	}
	_, err := o.address()
	return err
}

// address is the host:port to dial.
func (o *Options) address() (string, error) {
	u, err := url.Parse(o.Server)
	if err != nil {
		return "", fmt.Errorf("loadtest: server: %w", err)
	}
	if u.Scheme != "http" || u.Host == "" {
		return "", fmt.Errorf("loadtest: server %q: want http://HOST:PORT", o.Server)
	}
	if u.Port() == "" {
		return net.JoinHostPort(u.Hostname(), "80"), nil
	}
	return u.Host, nil
}

// preset gives an unset option its default.
func preset[T comparable](option *T, value T) {
	var unset T
	if *option == unset {
		*option = value
	}
}
