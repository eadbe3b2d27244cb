package nodetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgedhq/edged/cmd/edged/node"
	"github.com/edgedhq/edged/httpapi/client"
	"github.com/edgedhq/edged/loadtest/keyed"
)

// TestKeysApart has the same keys of all types changed on both sides of a cut, and then by every
// node by itself. Healed, all show what a plain account of the operations says.
func TestKeysApart(t *testing.T) {
	run(t, three(), func(w *world) {
		w.startAll()
		w.collect()
		a, b, c := w.places[0], w.places[1], w.places[2]
		two := slices.Concat(w.track("of-ac", a, c), w.track("of-bc", b, c))
		all := w.track("of-all", a, b, c)
		w.begin()
		w.part([]*place{c}, []*place{a, b})
		w.change(two)
		w.healed()
		for _, p := range w.places {
			w.part([]*place{p}, w.places)
		}
		w.change(all)
		w.healed()
	})
}

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
			p.crash()
			<-busy
			p.start()
			w.within(30*time.Second, p.name+" to take updates", func() bool {
				return p.now().change("counter", "of-nobody", []byte(`{"increment":1}`)) == nil
			})
			for _, h := range handsOf(w.tracked) {
				h.resolve()
			}
		}
		w.healed()
	})
}

// short lets the journal go early.
func short(cfg *node.Config) {
	cfg.Collections.KeepLog, cfg.Collections.TruncateEvery = 2*time.Second, time.Second
}

// TestKeysOfAnEmptyDisk has a node lose its disk when the records of its keys are gone everywhere:
// it takes over the values, changes them again under another origin, and nothing removed is back.
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
		w.begin()
		w.truncated(w.places...)
		c.crash()
		c.disk = w.newDisk()
		c.start()
		w.healed()
		if n := c.metric("edged_collection_joins_total"); n == 0 {
			t.Error("no state was taken over")
		}
		w.change(w.tracked)
		w.healed()
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

// TestWatchMovesOn has a watch at one node go on at another by its cursor. Each key is changed
// once, so each comes once; and as fast as the link allows.
func TestWatchMovesOn(t *testing.T) {
	run(t, three(), func(w *world) {
		w.startAll()
		w.streams = nil
		w.put(w.places[0], "names", client.CollectionSpec{Type: "register"})
		v := &viewer{w: w, sent: map[string]time.Time{}, seen: map[string]int{}}
		for turn, p := range []*place{w.places[1], w.places[2], w.places[1], w.places[0]} {
			v.half(p, turn, turn == 3)
		}
		for key := range v.sent {
			if v.seen[key] != 1 {
				t.Errorf("%s was changed once, and came %d times", key, v.seen[key])
			}
		}
		const delay, more = 25 * time.Millisecond, 20 * time.Millisecond
		if v.slowest > delay+more {
			t.Errorf("a change came %v after it was sent over links of at most %v", v.slowest, delay)
		}
		t.Logf("%d changes, the last of them came after %v", len(v.sent), v.slowest)
	})
}

// viewer watches a collection.
type viewer struct {
	w       *world
	cursor  string
	sent    map[string]time.Time
	seen    map[string]int
	slowest time.Duration
}

// half watches at a node while all nodes change keys, and leaves some for the next turn.
func (v *viewer) half(at *place, turn int, last bool) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	opened, ended := make(chan struct{}), make(chan struct{})
	arrived := map[string]time.Time{}
	go func() {
		defer close(ended)
		for d, err := range at.now().client.Watch(ctx, "names", client.WatchQuery{Cursor: v.cursor}, client.FollowOptions{}) {
			if err != nil {
				if ctx.Err() == nil {
					v.w.complain("the watch at %s: %v", at.name, err)
				}
				return
			}
			if d.Cursor != "" {
				v.cursor = d.Cursor
			}
			switch d.Notice {
			case "":
				change, err := d.Change()
				if err != nil {
					v.w.complain("the watch at %s: %v", at.name, err)
				}
				v.seen[change.Key]++
				arrived[change.Key] = time.Now()
			case "subscribed":
				close(opened)
			case "gap", "lagged":
				v.w.complain("the watch at %s is given %s: %s", at.name, d.Notice, d.Data)
			}
		}
	}()
	<-opened
	for i := range 100 {
		p := v.w.places[i%3]
		key := fmt.Sprintf("%s-%d-%d", p.name, turn, i)
		v.sent[key] = time.Now()
		if err := p.now().change("names", key, fmt.Appendf(nil, `{"assign":%d}`, i)); err != nil {
			v.w.t.Error(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if last {
		time.Sleep(5 * time.Second)
	}
	cancel()
	<-ended
	for key, at := range arrived {
		if strings.Contains(key, fmt.Sprintf("-%d-", turn)) {
			v.slowest = max(v.slowest, at.Sub(v.sent[key]))
		}
	}
}

// TestCollectionsMadeAnew deletes and makes a collection at all nodes while they do not see one
// another, each of another type. All end with one, and with what was done to that.
func TestCollectionsMadeAnew(t *testing.T) {
	run(t, three(), func(w *world) {
		w.startAll()
		w.streams = nil
		w.put(w.places[0], "fleeting", client.CollectionSpec{Type: "set"})
		for range w.count(20, 4) {
			for _, p := range w.places {
				w.part([]*place{p}, w.places)
			}
			for range 8 {
				p := w.places[w.draw(3)]
				c := p.now().client
				switch w.draw(3) {
				case 0:
					_ = c.DeleteCollection(w.t.Context(), "fleeting") // there or not
				case 1:
					typ := keyed.Types()[w.draw(9)]
					_, _, _ = c.PutCollection(w.t.Context(), "fleeting", client.CollectionSpec{Type: typ})
				}
				for _, body := range []string{`{"add":[1]}`, `{"increment":1}`, `{"observe":[1]}`, `{"enable":true}`, `{"assign":1}`} {
					_ = p.now().change("fleeting", "x", []byte(body)) // of the type or not
				}
			}
			w.heal()
			w.meet(45 * time.Second)
			w.sameKeys("fleeting")
		}
	})
}

// sameKeys waits until all nodes show the same keys of a collection, or none has it.
func (w *world) sameKeys(name string) {
	w.t.Helper()
	var texts []string
	w.within(10*time.Second, "one collection", func() bool {
		texts = nil
		for _, p := range w.places {
			texts = append(texts, p.keys(name))
		}
		return texts[0] == texts[1] && texts[1] == texts[2]
	})
	w.t.Log(texts[0])
}

// keys is the definition of a collection and all its keys, as text.
func (p *place) keys(name string) string {
	c := p.now().client
	info, err := c.Collection(p.w.t.Context(), name)
	if err != nil {
		return err.Error()
	}
	text := fmt.Sprintf("%+v", info)
	for e, err := range c.Entries(p.w.t.Context(), name, "", "") {
		text += fmt.Sprintf(" %s=%s %v", e.Key, e.Value, err)
	}
	d, err := c.CollectionDigest(p.w.t.Context(), name)
	return text + fmt.Sprint(d, err)
}
