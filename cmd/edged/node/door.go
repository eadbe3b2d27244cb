package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgedhq/edged/httpapi"
)

// door is the HTTP listener and its server.
type door struct {
	api      *httpapi.Server
	listener *bounded
	server   *http.Server
	drainFor time.Duration
	secure   bool
}

// listen takes the port.
func listen(api *httpapi.Server, cfg Config) (*door, error) {
	d := &door{api: api, drainFor: cfg.DrainFor, secure: cfg.CertFile != ""}
	var secrets *tls.Config
	if d.secure {
		cert, err := tls.LoadX509KeyPair(cfg.CertFile, cfg.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("certificate: %w", err)
		}
		secrets = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	}
	l := cfg.Listener
	if l == nil {
		var err error
		if l, err = new(net.ListenConfig).Listen(context.Background(), "tcp", cfg.Listen); err != nil {
			return nil, err
		}
	}
	d.server = api.HTTPServer(l.Addr())
	d.server.TLSConfig = secrets
	d.server.ErrorLog = slog.NewLogLogger(cfg.Log.Handler(), slog.LevelDebug)
	d.listener = &bounded{Listener: l, most: connectionsMax(), log: cfg.Log}
	return d, nil
}

// connectionsMax leaves a reserve of file descriptors to storage.
func connectionsMax() int64 {
	const reserve = 128
	limit := readProcess().filesMax
	if limit < 0 {
		return 1 << 40
	}
	return max(limit-reserve, limit/2)
}

// run serves until ctx ends. Then it takes no more connections, readers are told that the node
// goes away, and what is under way may end within drainFor.
func (d *door) run(ctx context.Context) error {
	var group sync.WaitGroup
	served := make(chan error, 1)
	group.Go(func() {
		if d.secure {
			served <- d.server.ServeTLS(d.listener, "", "")
			return
		}
		served <- d.server.Serve(d.listener)
	})
	defer group.Wait()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.drainFor)
	defer cancel()
	group.Go(func() { d.api.Drain(within) })
	if err := d.server.Shutdown(within); err != nil {
		if err := d.server.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("close: %w", err)
		}
	}
	return nil
}

// close gives the port back when run has not.
func (d *door) close() error {
	if err := d.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// url names a host that this machine can dial, also when the node listens on all addresses.
func (d *door) url() string {
	scheme := "http"
	if d.secure {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(d.listener.Addr().String())
	if err != nil {
		return scheme + "://" + d.listener.Addr().String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// bounded is a listener that has at most so many connections open. One more is closed at once, so
// that storage never lacks a file descriptor.
type bounded struct {
	net.Listener
	most    int64
	open    atomic.Int64
	refused atomic.Int64
	log     *slog.Logger
}

// Accept gives a connection that is counted until it is closed.
func (b *bounded) Accept() (net.Conn, error) {
	for {
		c, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if b.open.Add(1) <= b.most {
			leave := sync.OnceFunc(func() { b.open.Add(-1) })
			if tcp, ok := c.(*net.TCPConn); ok {
				return &countedTCP{tcp, leave}, nil
			}
			return &counted{c, leave}, nil
		}
		b.open.Add(-1)
		b.refused.Add(1)
		b.log.Warn("connection refused, too many are open", "open", b.most)
		c.Close()
	}
}

// counted is a connection that is taken off the count when it is closed.
type counted struct {
	net.Conn
	leave func()
}

// Close closes the connection and takes it off the count.
func (c *counted) Close() error {
	c.leave()
	return c.Conn.Close()
}

// countedTCP embeds the concrete type, so that writes of many buffers stay one system call.
type countedTCP struct {
	*net.TCPConn
	leave func()
}

// Close closes the connection and takes it off the count.
func (c *countedTCP) Close() error {
	c.leave()
	return c.TCPConn.Close()
}
