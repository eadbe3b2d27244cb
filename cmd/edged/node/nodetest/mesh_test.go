package nodetest

import (
	"errors"
	"testing"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/client"
	"github.com/edgedhq/edged/replication/link/linktest"
)

func three() []string { return []string{"eu", "us", "ap"} }

func TestPublishedEverywhere(t *testing.T) {
	run(t, three(), func(w *world) {
		w.startAll()
		w.roam()
		load := w.load("load", 50*time.Millisecond, w.places...)
		time.Sleep(10 * time.Second)
		load.end()
		for _, p := range w.places {
			if err := w.at(p, "regions:3").publish(); err != nil {
				t.Errorf("regions:3 at %s: %v", p.name, err)
			}
			if err := w.at(p, "region").publish(); !errors.Is(err, edged.LevelUnreachable) {
				t.Errorf("region at %s, alone in its own: %v", p.name, err)
			}
		}
	})
}

// at gives a writer who wants a level.
func (w *world) at(p *place, ack string) *writer {
	wr := w.writer(p, ack)
	wr.ack, wr.wait = ack, 5*time.Second
	wr.name += time.Since(w.began).String()
	return wr
}

// TestBadNetwork is rows 31 and 33: packets come late, twice and out of order, and long ones not
// at all.
func TestBadNetwork(t *testing.T) {
	run(t, three(), func(w *world) {
		w.startAll()
		w.roam()
		w.net.SetAll(linktest.Faults{
			Delay: 100 * time.Millisecond, Jitter: 90 * time.Millisecond,
			Duplicate: 0.2, Reorder: 0.2, Loss: 0.05, SizeMax: 1232,
		})
		load := w.load("load", 100*time.Millisecond, w.places...)
		time.Sleep(20 * time.Second)
		load.end()
	})
}

// TestLoss is row 30: no peer is called down at 30 % loss.
func TestLoss(t *testing.T) {
	run(t, []string{"eu", "eu", "us", "us", "ap"}, func(w *world) {
		w.startAll()
		w.roam()
		w.net.SetAll(linktest.Faults{Delay: 25 * time.Millisecond, Jitter: 5 * time.Millisecond, Loss: 0.3})
		time.Sleep(5 * time.Second) // of two links that were dialled at once one goes
		downs := w.downs()
		load := w.load("load", time.Second, w.places...)
		w.last(10*time.Minute, time.Minute)
		load.end()
		if n := w.downs() - downs; n > 0 {
			t.Errorf("%d times was a peer called down", n)
		}
	})
}

// downs counts the sessions that ended, at all nodes.
func (w *world) downs() (n int) {
	for _, p := range w.running() {
		n += int(p.metric("edged_sessions_ended_total"))
	}
	return n
}

// TestAddressChanges is row 37: a NAT gives a node another address in the middle of everything;
// later the node is restarted at a third.
func TestAddressChanges(t *testing.T) {
	run(t, three(), func(w *world) {
		w.startAll()
		w.roam()
		load := w.load("load", 50*time.Millisecond, w.places...)
		c := w.places[2]
		if err := c.now().conn.Move("10.9.0.3:1024"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
		w.carries(c, 5*time.Second)
		c.end()
		c.mesh = "10.0.7.7:7946"
		c.start()
		w.carries(c, 10*time.Second)
		load.end()
	})
}

// carries wants what is published at a node to reach all regions from now on.
func (w *world) carries(p *place, limit time.Duration) {
	w.t.Helper()
	wr := w.at(p, "regions:3")
	wr.wait = time.Second
	took := w.within(limit, "events of "+p.name+" to reach everybody", func() bool { return wr.publish() == nil })
	w.t.Logf("%s carries after %v", p.name, took)
}

// TestStuckPeer is R9: a node whose disk does not answer is a burden to nobody.
func TestStuckPeer(t *testing.T) {
	run(t, three(), func(w *world) {
		w.startAll()
		a, b, c := w.places[0], w.places[1], w.places[2]
		c.disk.Stall(time.Minute)
		load := w.load("load", 50*time.Millisecond, a, b)
		w.last(time.Minute, 20*time.Second)
		load.end()
		for _, p := range []*place{a, b} {
			if err := w.at(p, "regions:2").publish(); err != nil {
				t.Errorf("regions:2 at %s beside a stuck node: %v", p.name, err)
			}
		}
		c.disk.Stall(0)
		w.last(5*time.Minute, time.Minute)
	})
}

// TestDeleteAndCreate lets all nodes delete and make one stream while they do not see one another.
func TestDeleteAndCreate(t *testing.T) {
	run(t, three(), func(w *world) {
		w.startAll()
		for round := range 4 {
			cut := round%2 == 1
			for _, p := range w.places {
				if cut {
					w.part([]*place{p}, w.places)
				}
			}
			for range 6 {
				p := w.places[w.draw(3)]
				c := p.now().client
				if w.draw(2) == 0 {
					_ = c.DeleteStream(w.t.Context(), "fleeting") // there or not
				} else {
					_, _, _ = c.PutStream(w.t.Context(), "fleeting", client.StreamSpec{Partitions: 1 + w.draw(3)})
				}
				_, _ = c.Publish(w.t.Context(), "fleeting", []client.Draft{{Data: []byte("1")}}, client.PublishOptions{})
				time.Sleep(time.Duration(w.draw(100)) * time.Millisecond)
			}
			w.heal()
			w.meet(45 * time.Second)
		}
		w.writer(w.places[0], "one").must(1)
		time.Sleep(10 * time.Second)
		w.sameStreams()
	})
}

// sameStreams wants the same streams, alike, of every node.
func (w *world) sameStreams() {
	w.t.Helper()
	type like struct {
		partitions int
		digest     string
	}
	var first map[string]like
	for _, p := range w.places {
		all := map[string]like{}
		for info, err := range p.now().client.Streams(w.t.Context()) {
			if err != nil {
				w.t.Fatal(err)
			}
			d, err := p.now().client.StreamDigest(w.t.Context(), info.Name)
			if err != nil {
				w.t.Fatal(err)
			}
			all[info.Name] = like{info.Partitions, d.Digest}
		}
		if first == nil {
			first = all
		}
		for name, l := range first {
			if all[name] != l {
				w.t.Errorf("%s is %+v at %s and %+v at %s", name, l, w.places[0].name, all[name], p.name)
			}
		}
		if len(all) != len(first) {
			w.t.Errorf("%s has %v, %s has %v", p.name, all, w.places[0].name, first)
		}
	}
}
