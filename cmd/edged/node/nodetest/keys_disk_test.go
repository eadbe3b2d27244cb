package nodetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/edgedhq/edged/cmd/edged/node"
	"github.com/edgedhq/edged/httpapi/client"
)

// TestKeysThroughPowerCuts takes power from nodes whose keys are being changed, one of them cut off
// from the others: what was acknowledged is there, once.
func TestKeysThroughPowerCuts(t *testing.T) {
	run(t, three(), func(w *world) {
		w.startAll()
		w.collect()
		a, b, c := w.places[0], w.places[1], w.places[2]
		for _, p := range w.places {
			w.track("of-"+p.name, p)
		}
		w.track("of-bc", b, c)
		w.begin()
		w.part([]*place{c}, []*place{a, b})
		for round := range w.count(10, 3) {
			busy := make(chan struct{})
			go func() {
				defer close(busy)
				w.work(time.Second, handsOf(w.tracked))
			}()
			time.Sleep(time.Duration(200+w.draw(600)) * time.Millisecond)
			p := w.places[(round+2)%3]
			if w.draw(2) == 0 {
				p.expose()
			}
			p.crash()
			<-busy
			p.start()
			p.writes()
			for _, h := range handsOf(w.tracked) {
				h.resolve()
			}
		}
		w.healed()
	})
}

// expose publishes an event at memory: after a crash the node takes a new origin.
func (p *place) expose() {
	p.w.t.Helper()
	drafts := []client.Draft{{Data: []byte("1")}}
	_, err := p.now().client.Publish(p.w.t.Context(), orders, drafts, client.PublishOptions{Ack: "memory"})
	if err != nil {
		p.w.t.Fatal(err)
	}
}

// writes waits until a node takes updates.
func (p *place) writes() {
	p.w.t.Helper()
	p.w.within(30*time.Second, p.name+" to take updates", func() bool {
		return p.now().change("counter", "of-nobody", []byte(`{"increment":1}`)) == nil
	})
}

// short lets the journal go early.
func short(cfg *node.Config) {
	cfg.Collections.KeepLog, cfg.Collections.TruncateEvery = 2*time.Second, time.Second
}

// TestKeysOfAnEmptyDisk has a node lose its disk when the records of its keys are gone everywhere:
// it takes over the values, through power cuts of its own and of who gives them, changes them again
// under another origin, and nothing removed is back.
func TestKeysOfAnEmptyDisk(t *testing.T) {
	run(t, three(), func(w *world) {
		for _, p := range w.places {
			p.change = short
		}
		w.startAll()
		w.collect()
		c := w.places[2]
		for _, p := range w.places {
			w.track("of-"+p.name, p)
		}
		w.fill(w.places[0], 3000)
		w.begin()
		w.truncated(w.places...)
		c.crash()
		c.disk = w.newDisk()
		c.start()
		for _, p := range []*place{c, w.places[w.draw(2)]} {
			time.Sleep(time.Duration(w.draw(1000)) * time.Millisecond)
			p.crash()
			p.start()
		}
		w.within(10*time.Second, "c to be ready", func() bool { return c.meets(2) && c.ready() })
		if took := w.alike(2 * time.Second); took > 500*time.Millisecond {
			t.Errorf("the values were complete %v after the node was ready", took)
		}
		w.unite()
		if n := c.metric("edged_collection_joins_total"); n == 0 {
			t.Error("no state was taken over")
		}
		w.change(w.tracked)
		w.alike(2 * time.Second)
		w.unite()
	})
}

// TestKeysAfterLongAway has a node away for so long that the others no longer keep records for it.
// Keys are changed on both sides, and removed; what was removed does not come back with the node.
func TestKeysAfterLongAway(t *testing.T) {
	run(t, three(), func(w *world) {
		for _, p := range w.places {
			p.change = func(cfg *node.Config) {
				short(cfg)
				cfg.AwayAfter = time.Minute
			}
		}
		w.startAll()
		w.collect()
		a, b, c := w.places[0], w.places[1], w.places[2]
		w.track("of-ac", a, c)
		w.track("of-b", b)
		w.begin()
		w.part([]*place{c}, []*place{a, b})
		w.change(w.tracked)
		if w.draw(2) == 0 {
			c.end()
		}
		time.Sleep(2 * time.Minute)
		w.change(w.tracked[len(w.tracked)/2:])
		w.truncated(a, b)
		if c.now() == nil {
			c.start()
		}
		w.healed()
		if n := c.metric("edged_collection_joins_total"); n == 0 {
			t.Error("no state was taken over")
		}
	})
}

// fill gives a value to many keys, which makes a state of many parts.
func (w *world) fill(p *place, keys int) {
	w.t.Helper()
	var all []client.KeyUpdate
	for i := range keys {
		all = append(all, client.KeyUpdate{Key: fmt.Sprint("filled", i), Ops: []byte(`{"assign":"` + strings.Repeat("x", 2000) + `"}`)})
		if len(all) == 400 || i == keys-1 {
			if _, err := p.now().client.UpdateAll(w.t.Context(), "register", all, client.UpdateOptions{}); err != nil {
				w.t.Fatal(err)
			}
			all = all[:0]
		}
	}
}

// truncated lets a time without updates pass, after which these nodes hold no record of them.
func (w *world) truncated(places ...*place) {
	w.t.Helper()
	before := map[*place]float64{}
	for _, p := range places {
		before[p] = p.metric("edged_retirements_total")
	}
	time.Sleep(20 * time.Second)
	for _, p := range places {
		if p.metric("edged_retirements_total") == before[p] {
			w.t.Errorf("%s has let no record go", p.name)
		}
	}
}

// TestKeysOfAnOldCopy puts a node's disk back to what it was, some of it truncated since. What it
// had done comes back from the others, under its old origin, and it goes on under another.
func TestKeysOfAnOldCopy(t *testing.T) {
	run(t, three(), func(w *world) {
		for _, p := range w.places {
			p.change = short
		}
		w.startAll()
		w.collect()
		c := w.places[2]
		for _, p := range w.places {
			w.track("of-"+p.name, p)
		}
		w.begin()
		c.end()
		image := c.disk.Crash(0, nil)
		c.start()
		c.writes()
		w.change(w.tracked)
		w.alike(5 * time.Second)
		if w.draw(2) == 0 {
			w.truncated(w.places...)
		}
		before := c.origin()
		c.crash()
		c.disk = image
		c.start()
		c.writes()
		if c.origin() == before {
			t.Error("the origin was kept")
		}
		w.healed()
		w.change(w.tracked)
		w.alike(2 * time.Second)
		w.unite()
	})
}
