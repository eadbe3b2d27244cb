package link_test

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgedhq/edged/replication/link"
	"github.com/edgedhq/edged/replication/link/linktest"
)

const (
	addrA = "10.0.0.1:1"
	addrB = "10.0.0.2:1"
)

// pair gives an emulated link's end and the bare other end, in a network without delay.
func pair(t *testing.T, opts link.Options) (a *link.Conn, b net.PacketConn) {
	t.Helper()
	network := linktest.New(1)
	bare, err := network.Listen(addrA)
	if err != nil {
		t.Fatal(err)
	}
	b, err = network.Listen(addrB)
	if err != nil {
		t.Fatal(err)
	}
	a = link.Wrap(bare, opts)
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

func fixed(p link.Policy) func(net.Addr) link.Policy {
	return func(net.Addr) link.Policy { return p }
}

func send(t *testing.T, from, to net.PacketConn, b []byte) {
	t.Helper()
	if _, err := from.WriteTo(b, to.LocalAddr()); err != nil {
		t.Fatal(err)
	}
}

// drain reads until nothing has come for 10 s.
func drain(t *testing.T, c net.PacketConn) (firsts []byte, took time.Duration) {
	t.Helper()
	start := time.Now()
	b := make([]byte, 2000)
	for {
		if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		_, _, err := c.ReadFrom(b)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return firsts, took
		}
		if err != nil {
			t.Fatal(err)
		}
		firsts, took = append(firsts, b[0]), time.Since(start)
	}
}

func TestPolicyBothWays(t *testing.T) {
	for _, c := range []struct {
		name   string
		policy link.Policy
		got    int // of 100 packets of 1,000 bytes
		took   time.Duration
	}{
		{"none", link.Policy{}, 100, 0},
		{"delay", link.Policy{Delay: 40 * time.Millisecond}, 100, 40 * time.Millisecond},
		{"cut", link.Policy{Cut: true}, 0, 0},
		{"rate", link.Policy{Rate: 1e6}, 100, 100 * time.Millisecond},
		{"low rate: a backlog of 500 ms", link.Policy{Rate: 1e5}, 51, 510 * time.Millisecond},
		{"all lost", link.Policy{Loss: 1}, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := pair(t, link.Options{Policy: fixed(c.policy)})
				for _, way := range [][2]net.PacketConn{{a, b}, {b, a}} {
					go func() {
						for range 100 {
							send(t, way[0], way[1], make([]byte, 1000))
						}
					}()
					got, took := drain(t, way[1])
					if len(got) != c.got || took != c.took {
						t.Errorf("%d packets in %v, want %d in %v", len(got), took, c.got, c.took)
					}
				}
			})
		})
	}
}

func TestJitterReordersByDueTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		draws := []float64{1, 0, 0.5} // + 5 ms, - 5 ms, 0
		next := 0
		a, b := pair(t, link.Options{
			Policy: fixed(link.Policy{Delay: 10 * time.Millisecond, Jitter: 5 * time.Millisecond}),
			Random: func() float64 { next++; return draws[(next-1)%len(draws)] },
		})
		for i := range 3 {
			send(t, a, b, []byte{byte(i)})
		}
		got, took := drain(t, b)
		if string(got) != "\x01\x02\x00" || took != 15*time.Millisecond {
			t.Errorf("%v in %v", got, took)
		}
	})
}

func TestPolicyChangesWhileAReaderWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cut atomic.Bool
		cut.Store(true)
		a, b := pair(t, link.Options{
			Policy:     func(net.Addr) link.Policy { return link.Policy{Cut: cut.Load(), Delay: time.Second} },
			PacketsMax: 10,
		})
		go func() {
			time.Sleep(time.Second) // of the bubble
			send(t, b, a, []byte{1})
			time.Sleep(time.Second)
			cut.Store(false)
			for range 20 {
				send(t, b, a, []byte{2})
			}
		}()
		if got, took := drain(t, a); len(got) != 10 || got[0] != 2 || took != 3*time.Second {
			t.Errorf("%v in %v", got, took)
		}
	})
}

func TestCloseWakesTheReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, link.Options{Policy: fixed(link.Policy{Delay: time.Minute})})
		send(t, b, a, []byte{1})
		send(t, a, b, []byte{1})
		ended := make(chan error, 1)
		go func() {
			_, _, err := a.ReadFrom(make([]byte, 10))
			ended <- err
		}()
		synctest.Wait()
		a.Close()
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("read: %v", err)
		}
		if _, err := a.WriteTo([]byte{1}, b.LocalAddr()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("write: %v", err)
		}
	})
}
