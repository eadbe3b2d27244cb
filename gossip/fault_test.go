package gossip

import (
	"strings"
	"testing"
	"time"
)

func TestPacketsFitTheSmallestPath(t *testing.T) {
	bubble(t, func(t *testing.T, m *mesh) {
		var nodes []*node
		for letter := 'a'; letter <= 'p'; letter++ {
			nodes = append(nodes, m.start(string(letter), func(o *Options) {
				o.Join = []string{addrOf("a")}
				o.Region = strings.Repeat("r", 200)
				o.Version = strings.Repeat("v", 200)
			}))
		}
		time.Sleep(time.Minute)
		if got := len(nodes[0].Members()); got != 15 {
			t.Errorf("a sees %d others, want 15", got)
		}
		if n := m.largest(); n > 1200 {
			t.Errorf("a packet had %d bytes, want 1200 at most", n)
		}
		for _, n := range nodes {
			n.stop()
		}
	})
}

func TestBadLinksLoseNobody(t *testing.T) {
	bubble(t, func(t *testing.T, m *mesh) {
		m.delay, m.jitter, m.loss = 150*time.Millisecond, 50*time.Millisecond, 30
		a, b, c := m.three()
		time.Sleep(10 * time.Minute)
		for _, n := range []*node{a, b, c} {
			for _, told := range n.log() {
				if !strings.Contains(told, " alive ") {
					t.Errorf("%s was told %q", n.opts.Name, told)
				}
			}
			n.stop()
		}
	})
}

func TestFlappingMemberIsBoundedWork(t *testing.T) {
	bubble(t, func(t *testing.T, m *mesh) {
		a, b, c := m.three()
		for i := range 300 {
			m.setCut(addrOf("c"), i%2 == 0)
			time.Sleep(2 * time.Second)
		}
		if n := len(a.log()); n > 40 {
			t.Errorf("a was told %d times", n)
		}
		a.stop()
		b.stop()
		c.stop()
	})
}

func TestTwoOfOneIdentityAreBoundedWork(t *testing.T) {
	bubble(t, func(t *testing.T, m *mesh) {
		a, b, c := m.three()
		clone := m.start("b", func(o *Options) {
			o.Advertise, o.Nonce, o.Join = "10.9.9.9:1", [8]byte{2}, []string{addrOf("a")}
		})
		time.Sleep(10 * time.Minute)
		if n := len(a.log()); n > 300 {
			t.Errorf("a was told %d times in 10 minutes", n)
		}
		clone.stop()
		a.stop()
		b.stop()
		c.stop()
	})
}
