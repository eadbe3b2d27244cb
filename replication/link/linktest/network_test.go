package linktest

import (
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

func TestFaults(t *testing.T) {
	const a, b = "10.0.0.1:1", "10.0.0.2:1"
	for _, c := range []struct {
		name     string
		faults   Faults
		min, max int // packets that come of 1,000
	}{
		{"none", Faults{}, 1000, 1000},
		{"delay", Faults{Delay: time.Second, Jitter: time.Second}, 1000, 1000},
		{"loss", Faults{Loss: 0.3}, 600, 800},
		{"twice", Faults{Duplicate: 0.2}, 1100, 1300},
		{"out of order", Faults{Reorder: 0.5}, 1000, 1000},
		{"too long", Faults{SizeMax: 99}, 0, 0},
		{"cut", Faults{Cut: true}, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := New(1)
				from, err := n.Listen(a)
				if err != nil {
					t.Fatal(err)
				}
				to, err := n.Listen(b)
				if err != nil {
					t.Fatal(err)
				}
				n.Set(a, b, c.faults)
				for range 1000 {
					if _, err := from.WriteTo(make([]byte, 100), to.LocalAddr()); err != nil {
						t.Fatal(err)
					}
				}
				if err := to.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
					t.Fatal(err)
				}
				got := 0
				for {
					_, at, err := to.ReadFrom(make([]byte, 100))
					if err != nil {
						if !errors.Is(err, os.ErrDeadlineExceeded) {
							t.Error(err)
						}
						break
					}
					if got++; at.String() != a {
						t.Fatalf("a packet from %v", at)
					}
				}
				if got < c.min || got > c.max {
					t.Errorf("%d packets of 1,000", got)
				}
			})
		})
	}
}

func TestCutAndHeal(t *testing.T) {
	n := New(1)
	n.SetAll(Faults{Delay: time.Second})
	n.Cut("a", "b")
	if f := n.between(pair{"b", "a"}); !f.Cut || f.Delay != time.Second {
		t.Errorf("%+v", f)
	}
	n.Heal("a", "b")
	if f := n.between(pair{"a", "b"}); f.Cut || f.Delay != time.Second {
		t.Errorf("%+v", f)
	}
}

func TestMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(1)
		a, err := n.Listen("10.0.0.1:1")
		if err != nil {
			t.Fatal(err)
		}
		b, err := n.Listen("10.0.0.2:1")
		if err != nil {
			t.Fatal(err)
		}
		was := a.LocalAddr()
		if err := a.Move("10.9.9.9:9"); err != nil {
			t.Fatal(err)
		}
		if _, err := b.WriteTo([]byte("lost"), was); err != nil {
			t.Fatal(err)
		}
		if _, err := b.WriteTo([]byte("found"), a.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 9)
		if k, _, err := a.ReadFrom(buf); err != nil || string(buf[:k]) != "found" {
			t.Errorf("%q, %v", buf[:k], err)
		}
		if err := a.Move("10.0.0.2:1"); err == nil {
			t.Error("moved to where another listens")
		}
	})
}
