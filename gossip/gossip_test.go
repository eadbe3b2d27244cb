package gossip

import (
	"context"
	"errors"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgedhq/edged"
)

func TestThreeMeetThroughOneAddress(t *testing.T) {
	bubble(t, func(t *testing.T, m *mesh) {
		a, b, c := m.three()
		time.Sleep(time.Minute)
		want := Member{
			Node: idOf("b"), Name: "b", Region: "eu", Address: addrOf("b"), HTTP: "10.0.0.1:8080",
			Origin: edged.Origin{Label: "b"}, Nonce: [8]byte{1}, Version: "1", State: alive,
			RTT: 2 * m.delay,
		}
		if got := a.Members()[0]; got != want {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		for _, first := range m.firstBytes() {
			if first > 0x3f {
				t.Errorf("a packet began with %#x, which QUIC takes for its own", first)
			}
		}
		a.stop()
		b.stop()
		c.stop()
	})
}

func TestLongCutHealsByItself(t *testing.T) {
	bubble(t, func(t *testing.T, m *mesh) {
		a, b, c := m.three()
		m.setCut(addrOf("c"), true)
		m.within(5*time.Minute, a, "b alive, c dead")
		m.within(5*time.Minute, c, "a dead, b dead")
		time.Sleep(2 * time.Hour) // memberlist forgets after a minute
		m.setCut(addrOf("c"), false)
		took := m.within(30*time.Second, a, "b alive, c alive")
		m.within(5*time.Second, b, "a alive, c alive")
		m.within(5*time.Second, c, "a alive, b alive")
		t.Logf("met %v after the heal", took)
		a.stop()
		b.stop()
		c.stop()
	})
}

func TestChangedAddress(t *testing.T) {
	bubble(t, func(t *testing.T, m *mesh) {
		a, b, c := m.three()
		c.stop()
		c = m.start("c", func(o *Options) {
			o.Advertise, o.Nonce, o.Join = "10.9.9.9:1", [8]byte{2}, []string{addrOf("b")}
		})
		m.within(30*time.Second, c, "a alive, b alive")
		want := "c alive 10.9.9.9:1"
		for deadline := time.Now().Add(30 * time.Second); !slices.Contains(a.log(), want); {
			if time.Now().After(deadline) {
				t.Fatalf("a was told %q, want %q", a.log(), want)
			}
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(5 * time.Minute)
		if got := a.view(); got != "b alive, c alive" {
			t.Errorf("later: got %q", got)
		}
		if got := a.Members()[1]; got.Nonce != [8]byte{2} || got.Address != "10.9.9.9:1" {
			t.Errorf("got %+v", got)
		}
		a.stop()
		b.stop()
		c.stop()
	})
}

func TestWrongKeySeesNothing(t *testing.T) {
	bubble(t, func(t *testing.T, m *mesh) {
		a := m.start("a", nil)
		b := m.start("b", func(o *Options) { o.Join, o.Key = []string{addrOf("a")}, key(8) })
		time.Sleep(10 * time.Minute)
		if a.view() != "" || b.view() != "" {
			t.Errorf("a sees %q, b sees %q", a.view(), b.view())
		}
		if err := b.Knock(t.Context(), idOf("a"), addrOf("a")); err == nil {
			t.Error("a knock with another key was answered")
		}
		a.stop()
		b.stop()
	})
}

func TestLeave(t *testing.T) {
	bubble(t, func(t *testing.T, m *mesh) {
		a, b, c := m.three()
		if err := c.Leave(t.Context()); err != nil {
			t.Fatal(err)
		}
		m.within(5*time.Second, a, "b alive, c left")
		m.within(5*time.Second, b, "a alive, c left")
		if err := c.Update(edged.Origin{Label: "late"}); err == nil {
			t.Error("a node that has left could still change")
		}
		c.stop()
		time.Sleep(2 * time.Hour)
		if got := a.view(); got != "b alive, c left" {
			t.Errorf("later: got %q", got)
		}
		c = m.start("c", joining("a"))
		m.within(30*time.Second, b, "a alive, c alive")
		a.stop()
		b.stop()
		c.stop()
	})
}

func TestLeaveIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T, m *mesh) {
		a, b, c := m.three()
		m.setCut(addrOf("c"), true)
		started := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Leave(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if took := time.Since(started); took > time.Second {
			t.Errorf("Leave took %v, want 1 s at most", took)
		}
		a.stop()
		b.stop()
		c.stop()
	})
}

func TestSilentMemberIsSuspect(t *testing.T) {
	bubble(t, func(t *testing.T, m *mesh) {
		a, b := m.start("a", nil), m.start("b", joining("a"))
		m.within(30*time.Second, a, "b alive")
		m.setCut(addrOf("b"), true)
		m.within(time.Minute, a, "b suspect")
		m.within(time.Minute, a, "b dead")
		a.stop()
		b.stop()
	})
}

func TestKnock(t *testing.T) {
	bubble(t, func(t *testing.T, m *mesh) {
		a, b := m.start("a", nil), m.start("b", nil) // who have never heard of each other
		synctest.Wait()
		if err := a.Knock(t.Context(), idOf("b"), addrOf("b")); err != nil {
			t.Errorf("b is there: %v", err)
		}
		m.setCut(addrOf("b"), true)
		started := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := a.Knock(ctx, idOf("b"), addrOf("b")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("b is cut off: got %v", err)
		}
		if took := time.Since(started); took != time.Second {
			t.Errorf("took %v, want 1 s", took)
		}
		if err := a.Knock(t.Context(), idOf("b"), addrOf("b")); err == nil {
			t.Error("b is cut off: got an answer")
		}
		m.setCut(addrOf("b"), false)
		if err := a.Knock(t.Context(), idOf("c"), addrOf("b")); err == nil {
			t.Error("b answered for c")
		}
		a.stop()
		b.stop()
		if err := a.Knock(t.Context(), idOf("b"), addrOf("b")); err == nil {
			t.Error("knocked after the end")
		}
	})
}

func TestNameIsResolvedAnew(t *testing.T) {
	bubble(t, func(t *testing.T, m *mesh) {
		m.setName("seed.example:7946", "10.1.1.1:1")
		a := m.start("a", nil)
		b := m.start("b", func(o *Options) { o.Join = []string{"seed.example:7946"} })
		time.Sleep(time.Minute)
		if got := b.view(); got != "" {
			t.Fatalf("got %q", got)
		}
		m.setName("seed.example:7946", addrOf("a"))
		m.within(30*time.Second, b, "a alive")
		a.stop()
		b.stop()
	})
}

func TestUpdateSpreads(t *testing.T) {
	bubble(t, func(t *testing.T, m *mesh) {
		a, b, c := m.three()
		minted := edged.Origin{ID: edged.OriginID{9}, Label: "b"}
		if err := b.Update(minted); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		if got := c.Members()[1].Origin; got != minted {
			t.Errorf("c has %v, want %v", got, minted)
		}
		a.stop()
		b.stop()
		c.stop()
	})
}

func TestEvictedIsNotListed(t *testing.T) {
	bubble(t, func(t *testing.T, m *mesh) {
		a := m.start("a", func(o *Options) { o.Evicted = func(node string) bool { return node == idOf("b") } })
		b := m.start("b", joining("a"))
		time.Sleep(10 * time.Minute)
		if got := a.view(); got != "" {
			t.Errorf("got %q", got)
		}
		a.stop()
		b.stop()
	})
}

func TestRunEndsWithItsCarrier(t *testing.T) {
	bubble(t, func(t *testing.T, m *mesh) {
		broken := errors.New("broken")
		g, err := New(&failing{m.open(addrOf("a")), broken}, Options{Node: idOf("a"), Advertise: addrOf("a"), Key: key(1)})
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Run(t.Context()); !errors.Is(err, broken) {
			t.Errorf("got %v, want %v", err, broken)
		}
	})
}

// failing is a port whose packets cannot be read.
type failing struct {
	*port
	err error
}

func (f *failing) ReadPacket(context.Context) ([]byte, net.Addr, time.Time, error) {
	return nil, nil, time.Time{}, f.err
}
