package main

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// proxyPieces is how many reads may be on their way, each way of a connection.
const proxyPieces = 4096

// proxy is an emulated link for TCP: it counts bytes and delays them. It cannot lose packets.
type proxy struct {
	listener net.Listener
	target   string
	delay    time.Duration
	bytes    atomic.Int64
	running  sync.WaitGroup
	mu       sync.Mutex
	conns    []net.Conn
	closed   bool
}

func startProxy(target string, delay time.Duration) (*proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{listener: l, target: target, delay: delay}
	p.running.Go(p.accept)
	return p, nil
}

func (p *proxy) address() string { return p.listener.Addr().String() }

func (p *proxy) close() {
	_ = p.listener.Close()
	p.mu.Lock()
	p.closed = true
	for _, c := range p.conns {
		_ = c.Close()
	}
	p.mu.Unlock()
	p.running.Wait()
}

func (p *proxy) accept() {
	for {
		from, err := p.listener.Accept()
		if err != nil {
			return
		}
		to, err := net.DialTimeout("tcp", p.target, 5*time.Second)
		if err != nil {
			_ = from.Close()
			continue
		}
		if !p.keep(from, to) {
			return
		}
		p.running.Go(func() { p.carry(from, to) })
		p.running.Go(func() { p.carry(to, from) })
	}
}

// keep remembers connections, so that close ends them.
func (p *proxy) keep(both ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, both...)
	if p.closed {
		for _, c := range both {
			_ = c.Close()
		}
	}
	return !p.closed
}

// piece is what one read gave, and when it is to go on.
type piece struct {
	b   []byte
	due time.Time
}

// carry takes bytes one way until either side ends.
func (p *proxy) carry(from, to net.Conn) {
	pieces := make(chan piece, proxyPieces)
	var writing sync.WaitGroup
	writing.Go(func() {
		defer func() { _ = from.Close() }()
		for next := range pieces {
			time.Sleep(time.Until(next.due))
			if _, err := to.Write(next.b); err != nil {
				_ = from.Close() // the reader ends, and with it the pieces
				continue
			}
			p.bytes.Add(int64(len(next.b)))
		}
	})
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			pieces <- piece{append([]byte(nil), buf[:n]...), time.Now().Add(p.delay)}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				_ = to.Close()
			}
			break
		}
	}
	close(pieces)
	writing.Wait()
	_ = to.Close()
}
