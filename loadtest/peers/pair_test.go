package main

import (
	"encoding/json"
	"io"
	"math"
	"net"
	"sync/atomic"
	"testing"
	"time"
)

func TestReadingsAreJSONOfTheirSize(t *testing.T) {
	b := &bench{settings: settings{eventBytes: 128}}
	for _, e := range b.readings(3, 1000) {
		if !json.Valid(e) || len(e) < 120 || len(e) > 140 {
			t.Fatalf("%d bytes: %s", len(e), e)
		}
	}
}

// TestProxyDelaysAndCounts sends through a server that gives back what it gets.
func TestProxyDelaysAndCounts(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = io.Copy(c, c)
		_ = c.Close()
	}()
	const delay = 20 * time.Millisecond
	p, err := startProxy(l.Addr().String(), delay)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	c, err := net.Dial("tcp", p.address())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	began := time.Now()
	if _, err := c.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 5)
	if _, err := io.ReadFull(c, got); err != nil || string(got) != "hello" {
		t.Fatalf("%q, %v", got, err)
	}
	if took := time.Since(began); took < 2*delay {
		t.Errorf("there and back in %v, want at least %v", took, 2*delay)
	}
	if n := p.bytes.Load(); n < 5 || n > 10 { // the last piece is counted once it is written
		t.Errorf("%d bytes were counted", n)
	}
}

func TestLagCountsEachEventOnce(t *testing.T) {
	l := &lags{events: make([][]byte, 2), due: make([]atomic.Int64, 3), took: make([]time.Duration, 3), done: make(chan struct{})}
	for _, e := range []string{`{"n":2,"x":1}`, `{"n":0}`, `{"n":3}`, `{"notice":1}`, `{"n":`, `{"n":2}`} {
		l.take([]byte(e))
	}
	if l.got.Load() != 1 || l.took[2] <= 0 {
		t.Errorf("%d events came, %v", l.got.Load(), l.took)
	}
	l.take([]byte(`{"n":1}`))
	<-l.done
}

func TestTCPByFormula(t *testing.T) {
	f, err := tcpByFormula(shape{delay: 50 * time.Millisecond, loss: 0.01})(t.Context(), &bench{settings: settings{eventBytes: 128}})
	if want := 177_343.0 / 128; err != nil || math.Abs(f.value-want) > 1 {
		t.Errorf("%v events/s, %v, want %v", f.value, err, want)
	}
}
