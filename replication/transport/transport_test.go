package transport

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgedhq/edged/replication/link/linktest"
)

// world is some transports on one network, in a bubble.
type world struct {
	t       *testing.T
	network *linktest.Network
}

func inWorld(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		network := linktest.New(1)
		network.SetAll(linktest.Faults{Delay: 10 * time.Millisecond})
		f(t, &world{t, network})
	})
}

func secretOf(name string) []byte { return bytes.Repeat([]byte(name+"-"), 32)[:32] }

func (w *world) socket(addr string) net.PacketConn {
	w.t.Helper()
	conn, err := w.network.Listen(addr)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { conn.Close() })
	return conn
}

// start runs a transport until the test ends.
func (w *world) start(addr string, opts Options) *Transport {
	w.t.Helper()
	opts.Conn = w.socket(addr)
	return start(w.t, opts)
}

func start(t testing.TB, opts Options) *Transport {
	t.Helper()
	if opts.Secret == nil {
		opts.Secret = secretOf("a")
	}
	if opts.Key == nil {
		_, opts.Key, _ = ed25519.GenerateKey(nil)
	}
	tr, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- tr.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return tr
}

const (
	addrA = "10.0.0.1:7946"
	addrB = "10.0.0.2:7946"
)

// join links two transports; a dials.
func join(t testing.TB, a, b *Transport, addr string, connections int) (la, lb *Link) {
	t.Helper()
	la, err := a.Dial(context.Background(), addr, connections)
	if err != nil {
		t.Fatal(err)
	}
	if lb, err = b.Accept(context.Background()); err != nil {
		t.Fatal(err)
	}
	return la, lb
}

func TestLanesCarryBytesBothWays(t *testing.T) {
	for _, connections := range []int{1, 4} {
		t.Run(fmt.Sprint(connections), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				a, b := w.start(addrA, Options{}), w.start(addrB, Options{})
				la, lb := join(t, a, b, addrB, connections)
				if len(la.conns) != connections || len(lb.conns) != connections {
					t.Errorf("%d and %d connections, want %d", len(la.conns), len(lb.conns), connections)
				}
				if id, _ := keyID(b.opts.Key.Public()); la.Node() != id || !la.Dialed() || lb.Dialed() {
					t.Errorf("link to %s, want %s", la.Node(), id)
				}
				for lane := range lanes {
					carry(t, la, lb, lane)
					carry(t, lb, la, lane)
				}
				if rtt := la.RTT(); rtt < 20*time.Millisecond || rtt > 60*time.Millisecond {
					t.Errorf("round trip of %v over 10 ms each way", rtt)
				}
				if in, out := lb.Stats(); in < lanes*1<<16 || out < lanes*1<<16 {
					t.Errorf("%d bytes in, %d out", in, out)
				}
			})
		})
	}
}

// carry sends 64 KiB over a lane and checks that they arrive.
func carry(t *testing.T, from, to *Link, lane int) {
	t.Helper()
	want := bytes.Repeat([]byte{byte(lane), 'x'}, 1<<15)
	go func() { _, _ = from.Write(lane).Write(want) }()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(to.Read(lane), got); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("lane %d: %v", lane, err)
	}
}

func TestUnreadLanesDoNotStarveControl(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.start(addrA, Options{}), w.start(addrB, Options{})
		la, lb := join(t, a, b, addrB, 1)
		for lane := 1; lane < lanes; lane++ {
			go func() { _, _ = la.Write(lane).Write(make([]byte, 32<<20)) }()
		}
		time.Sleep(5 * time.Second) // of the bubble: every window is full
		carry(t, la, lb, 0)
	})
}

func TestBadNetworkIsSurvived(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.network.SetAll(linktest.Faults{Delay: 40 * time.Millisecond, SizeMax: 1232})
		a, b := w.start(addrA, Options{}), w.start(addrB, Options{})
		la, lb := join(t, a, b, addrB, 4)
		w.network.SetAll(linktest.Faults{
			Delay: 40 * time.Millisecond, Jitter: 20 * time.Millisecond,
			Loss: 0.3, Duplicate: 0.2, Reorder: 0.2, SizeMax: 1232,
		})
		for lane := range lanes {
			carry(t, la, lb, lane)
		}
		for range 600 { // as sessions do, each second for 10 minutes
			for _, l := range []*Link{la, lb} {
				if _, err := l.Write(0).Write(make([]byte, 60)); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(time.Second) // of the bubble
		}
		if la.Err() != nil || lb.Err() != nil {
			t.Errorf("the link went down: %v, %v", la.Err(), lb.Err())
		}
	})
}

func TestAddressesAreValidatedUnderLoad(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.start(addrA, Options{}), w.start(addrB, Options{})
		quick := time.Now()
		join(t, a, b, addrB, 1)
		first := time.Since(quick)
		b.halfOpen.Add(halfOpenMax + 1)
		slow := time.Now()
		join(t, a, b, addrB, 1)
		if took := time.Since(slow); took < first+20*time.Millisecond {
			t.Errorf("dialled in %v, then under load in %v: no round trip more", first, took)
		}
	})
}

func TestCloseTellsThePeerWhy(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.start(addrA, Options{}), w.start(addrB, Options{})
		la, lb := join(t, a, b, addrB, 4)
		if la.Err() != nil {
			t.Errorf("a link that is up says %v", la.Err())
		}
		if err := la.Close(7, "enough"); err != nil {
			t.Fatal(err)
		}
		<-lb.Done()
		var got *CloseError
		if !errors.As(lb.Err(), &got) || *got != (CloseError{7, "enough", true}) {
			t.Errorf("the peer sees %v", lb.Err())
		}
		if _, err := lb.Read(0).Read(make([]byte, 1)); err == nil {
			t.Error("a lane outlives its link")
		}
	})
}

func TestCutEndsTheLink(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.start(addrA, Options{}), w.start(addrB, Options{})
		la, lb := join(t, a, b, addrB, 4)
		time.Sleep(30 * time.Second) // of the bubble: keep-alives hold an idle link
		if la.Err() != nil || lb.Err() != nil {
			t.Fatalf("idle link: %v, %v", la.Err(), lb.Err())
		}
		w.network.Cut(addrA, addrB)
		cut := time.Now()
		<-la.Done()
		<-lb.Done()
		if took := time.Since(cut); took > 10*time.Second+keepAlive {
			t.Errorf("noticed after %v", took)
		}
		w.network.Heal(addrA, addrB)
		join(t, a, b, addrB, 4)
	})
}

func TestRestartIsNoticedAtOnce(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a := w.start(addrA, Options{})
		_, key, _ := ed25519.GenerateKey(nil)
		conn := w.socket(addrB)
		first, err := New(Options{Conn: conn, Secret: secretOf("a"), Key: key})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- first.Run(ctx) }()
		la, _ := join(t, a, first, addrB, 1)
		w.network.Cut(addrA, addrB) // as if it were killed: no word reaches a
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		conn.Close()
		w.network.Heal(addrA, addrB)
		w.start(addrB, Options{Key: key})
		at := time.Now()
		_, _ = la.Write(0).Write(make([]byte, 200))
		<-la.Done()
		if took := time.Since(at); took > time.Second {
			t.Errorf("noticed after %v: %v", took, la.Err())
		}
	})
}

func TestStrangersAreRefused(t *testing.T) {
	for _, c := range []struct {
		name  string
		opts  Options // of the side that dials
		spoil func(a *authority)
	}{
		{"another secret", Options{Secret: secretOf("b")}, func(*authority) {}},
		{"no certificate", Options{}, func(a *authority) { a.leaf = &tls.Certificate{} }},
		{"expired", Options{}, func(a *authority) { a.leaf, _ = a.sign(time.Now().Add(-400 * day)) }},
		{"of the future", Options{}, func(a *authority) { a.leaf, _ = a.sign(time.Now().Add(400 * day)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				var log bytes.Buffer
				a := w.start(addrA, c.opts)
				c.spoil(a.authority)
				b := w.start(addrB, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
				for range 3 {
					if _, err := a.Dial(t.Context(), addrB, 1); !errors.Is(err, ErrRefused) {
						t.Errorf("dial: %v", err)
					}
				}
				time.Sleep(time.Second) // of the bubble: the last refusal has arrived
				synctest.Wait()
				if got := bytes.Count(log.Bytes(), []byte("stranger refused")); got != 1 {
					t.Errorf("%d lines in the log: %s", got, &log)
				}
				if n := b.halfOpen.Load(); n != 0 || len(b.conns) != 0 || len(b.links) != 0 {
					t.Errorf("%d half open, %d connections, %d links left", n, len(b.conns), len(b.links))
				}
			})
		})
	}
}

func TestGarbageIsHarmless(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.start(addrA, Options{}), w.start(addrB, Options{})
		stranger := w.socket("10.0.0.9:1")
		to, err := net.ResolveUDPAddr("udp", addrB)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 5000 {
			b := bytes.Repeat([]byte{byte(i), byte(i >> 3), byte(i * 7)}, i%480)
			if _, err := stranger.WriteTo(b, to); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(20 * time.Second) // of the bubble: half-open ones are gone
		if n := b.halfOpen.Load(); n != 0 {
			t.Errorf("%d half open", n)
		}
		if len(b.packets) > packetsMax || b.PacketsDropped() == 0 && len(b.packets) == packetsMax {
			t.Errorf("%d packets wait, %d dropped", len(b.packets), b.PacketsDropped())
		}
		la, lb := join(t, a, b, addrB, 1)
		carry(t, la, lb, 1)
	})
}

func TestGossipPackets(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.start(addrA, Options{}), w.start(addrB, Options{})
		synctest.Wait()
		if err := a.WritePacket([]byte{1, 2, 3}, addrB); err != nil {
			t.Fatal(err)
		}
		got, from, _, err := b.ReadPacket(t.Context())
		if err != nil || !bytes.Equal(got, []byte{1, 2, 3}) || from.String() != addrA {
			t.Errorf("%x from %v, %v", got, from, err)
		}
		if err := a.WritePacket([]byte{244}, addrB); err == nil {
			t.Error("sent a packet that QUIC takes for its own")
		}
	})
}

func TestGossipStreams(t *testing.T) {
	for _, linked := range []bool{false, true} {
		t.Run(fmt.Sprint("linked=", linked), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				a, b := w.start(addrA, Options{}), w.start(addrB, Options{})
				if linked {
					join(t, a, b, addrB, 4)
				}
				there, err := b.DialStream(t.Context(), addrA)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := there.Write([]byte("push")); err != nil {
					t.Fatal(err)
				}
				here, err := a.AcceptStream(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				got := make([]byte, 4)
				if _, err := io.ReadFull(here, got); err != nil || string(got) != "push" {
					t.Fatalf("%q, %v", got, err)
				}
				_, _ = here.Write([]byte("pull"))
				here.Close()
				if all, err := io.ReadAll(there); err != nil || string(all) != "pull" {
					t.Errorf("%q, %v", all, err)
				}
				there.Close()
				time.Sleep(2 * idleTime) // of the bubble
				a.mu.Lock()
				defer a.mu.Unlock()
				if left := len(a.conns); linked && left != 4 || !linked && left != 0 {
					t.Errorf("%d connections left", left)
				}
			})
		})
	}
}
