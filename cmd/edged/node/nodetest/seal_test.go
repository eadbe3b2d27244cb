package nodetest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/client"
)

// seal asks a node to end an origin.
func (p *place) seal(origin string, anew bool) (client.Seal, error) {
	ctx, cancel := context.WithTimeout(p.w.t.Context(), time.Minute)
	defer cancel()
	return p.now().client.SealOrigin(ctx, origin, anew)
}

// mustSeal wants the nodes to agree.
func (p *place) mustSeal(origin string, roll ...string) {
	p.w.t.Helper()
	v, err := p.seal(origin, false)
	if err != nil {
		p.w.t.Fatalf("%s seals %s: %v", p.name, origin, err)
	}
	var names []string
	for _, m := range v.Roll {
		names = append(names, m.Name)
	}
	if slices.Sort(names); !slices.Equal(names, roll) {
		p.w.t.Fatalf("%s has sealed %s with %v, want %v", p.name, origin, names, roll)
	}
}

// refused wants a refusal of a kind that says something.
func (p *place) refused(origin string, anew bool, kind edged.Kind, says string) {
	p.w.t.Helper()
	_, err := p.seal(origin, anew)
	if problem, ok := errors.AsType[*client.Problem](err); !ok || problem.Code != string(kind) || !strings.Contains(problem.Detail, says) {
		p.w.t.Fatalf("%s seals %s: %v; want %s, and %q in it", p.name, origin, err, kind, says)
	}
}

// flows wants that all that a node holds is in stable order soon, so that it waits for nobody.
func (w *world) flows(places ...*place) {
	w.t.Helper()
	for _, p := range places {
		want := len(w.list(p, orders, ""))
		w.within(10*time.Second, "stable order to go on at "+p.name, func() bool { return len(w.list(p, orders, "stable")) == want })
	}
}

// lose takes a node away that had written what no other node got, and gives its origin, and the ids of that tail.
func (w *world) lose(c *place) (origin string, tail []string) {
	w.t.Helper()
	w.writer(c, "sent").must(10)
	w.converge(10 * time.Second)
	origin = c.origin()
	var others []*place
	for _, p := range w.places {
		if p != c {
			others = append(others, p)
		}
	}
	w.part([]*place{c}, others)
	sent := w.list(c, orders, "")
	c.mu.Lock()
	c.doomed = true
	c.mu.Unlock()
	w.writer(c, "unsent").must(5)
	for _, id := range w.list(c, orders, "") {
		if !slices.Contains(sent, id) {
			tail = append(tail, id)
		}
	}
	c.crash()
	w.heal()
	return origin, tail
}

// TestSealOfALostDisk loses a node with its disk. Sealed, it holds nobody back any more, over restarts
// of all; and it comes back with an empty disk, as another.
func TestSealOfALostDisk(t *testing.T) {
	run(t, three(), func(w *world) {
		w.startAll()
		a, b, c := w.places[0], w.places[1], w.places[2]
		w.writer(a, "first").must(3)
		a.refused(a.origin(), false, edged.Conflict, "this node writes under")
		a.refused(c.origin(), false, edged.Conflict, `node "c" is connected`)
		a.refused("x~00000000000000000009", false, edged.NotFound, "no node of this mesh")
		lost, _ := w.lose(c)
		w.writer(a, "without").must(5)
		w.within(time.Minute, "c to be missed", func() bool { return !a.meets(2) && !b.meets(2) })
		if held := w.list(a, orders, "stable"); len(held) == len(w.list(a, orders, "")) {
			t.Error("nothing is held back: there is nothing to show")
		}

		var both sync.WaitGroup
		for _, p := range []*place{a, b} { // two operators who do not know of each other
			both.Go(func() {
				if _, err := p.seal(lost, false); err != nil {
					w.complain("%s seals at the same time as the other: %v", p.name, err)
				}
			})
		}
		both.Wait()
		w.flows(a, b)
		a.mustSeal(lost, "a", "b") // again, at either
		b.mustSeal(lost, "a", "b")
		for _, p := range []*place{a, b} { // both at once: nobody is there to tell what is held
			p.end()
		}
		a.start()
		b.start()
		w.writer(b, "restarted").must(5)
		w.within(15*time.Second, "a and b to meet", func() bool { return a.meets(1) && b.meets(1) })
		w.flows(a, b)

		c.disk, c.doomed = w.newDisk(), false
		c.start()
		w.writer(c, "again").must(5)
	})
}

// TestKeysGoOnWithoutASealedOrigin seals the origin that keys were last updated under: they go when
// their time is over, a bounded counter that was made meanwhile gives out its first rights, and the
// journal is let go.
func TestKeysGoOnWithoutASealedOrigin(t *testing.T) {
	run(t, three(), func(w *world) {
		w.split = true
		for _, p := range w.places {
			p.change = short
		}
		w.startAll()
		w.streams = nil
		a, b, c := w.places[0], w.places[1], w.places[2]
		w.put(a, "here", client.CollectionSpec{Type: "set", TTL: "5s"})
		if err := c.now().change("here", "x", []byte(`{"add":[1]}`)); err != nil {
			t.Fatal(err)
		}
		w.alike(5 * time.Second)
		lost := c.origin()
		c.crash()
		w.places = []*place{a, b}
		w.within(time.Minute, "c to be missed", func() bool { return !a.meets(2) && !b.meets(2) })
		most := int64(3)
		w.put(a, "seats", client.CollectionSpec{Type: "bounded_counter", Max: &most})
		take := func() error { return a.now().change("seats", "x", []byte(`{"increment":1}`)) }
		keys := func(p *place) int64 {
			info, err := p.now().client.Collection(w.t.Context(), "here")
			if err != nil {
				t.Fatal(err)
			}
			return info.Keys
		}
		kept := a.metric("edged_retirements_total")
		time.Sleep(20 * time.Second)
		if a.metric("edged_retirements_total") != kept {
			t.Error("records are let go that c may lack")
		}
		if err := take(); !errors.Is(err, edged.LimitReached) || keys(a) != 1 {
			t.Errorf("%v, %d keys, though nobody can know what c does: there is nothing to show", err, keys(a))
		}
		b.mustSeal(lost, "a", "b")
		w.within(10*time.Second, "the first rights", func() bool { return take() == nil })
		w.truncated(a, b)
		w.within(10*time.Second, "the key to go", func() bool { return keys(a) == 0 && keys(b) == 0 })
		w.alike(5 * time.Second)
	})
}

// TestASealedNodeComesBack brings a sealed node back with its disk, and what it had sent to nobody. It
// goes on under another origin; the rest stays with it, and all nodes are equal in what counts.
func TestASealedNodeComesBack(t *testing.T) {
	run(t, three(), func(w *world) {
		w.split = true // what is past the end is at one node only
		w.startAll()
		a, b, c := w.places[0], w.places[1], w.places[2]
		lost, tail := w.lose(c)
		w.within(time.Minute, "c to be missed", func() bool { return !a.meets(2) && !b.meets(2) })
		b.mustSeal(lost, "a", "b")
		back := func() {
			c.start()
			w.meet(30 * time.Second)
			if c.origin() == lost {
				t.Fatal("the node goes on under an origin that was sealed")
			}
			w.writer(c, "back").must(5)
			w.writer(a, "back").must(5)
			w.converge(15 * time.Second)
			w.flows(a, b)
			w.within(15*time.Second, "the stable order to go on at c", func() bool { return !slices.Contains(stableHeld(w, c), lost) })
		}
		back()
		for _, id := range tail {
			if slices.Contains(w.list(a, orders, ""), id) || !slices.Contains(w.list(c, orders, ""), id) {
				t.Errorf("event %s, past the end: it has to be at c, and only there", id)
			}
		}
		if said := c.checks(); !strings.Contains(said, lost) {
			t.Errorf("readyz does not name %s: %s", lost, said)
		}
		origin := c.origin()
		c.end()
		back()
		if c.origin() != origin {
			t.Error("a restart has cost the node another origin")
		}
		a.mustSeal(lost, "a", "b")
	})
}

// TestSealWaitsForAllThatWereAsked cuts a node off while it is asked.
func TestSealWaitsForAllThatWereAsked(t *testing.T) {
	run(t, three(), func(w *world) {
		w.startAll()
		a, b, c := w.places[0], w.places[1], w.places[2]
		lost, _ := w.lose(c)
		w.within(time.Minute, "c to be missed", func() bool { return !a.meets(2) && !b.meets(2) })
		w.part([]*place{a}, []*place{b})
		a.refused(lost, false, edged.SealPending, "b")
		if !slices.Contains(stableHeld(w, a), lost) {
			t.Error("the origin holds nobody back, though b was not heard")
		}
		w.heal()
		w.within(time.Minute, "a and b to meet", func() bool { return a.meets(1) && b.meets(1) })
		a.mustSeal(lost, "a", "b")
		w.flows(a, b)
		w.gone = append(w.gone, b.origin())
		b.crash()
		b.disk = w.newDisk()
		c.disk, c.doomed = w.newDisk(), false
	})
}

// TestSealAnew leaves a node out that was asked, and is lost as well.
func TestSealAnew(t *testing.T) {
	run(t, three(), func(w *world) {
		w.startAll()
		a, b, c := w.places[0], w.places[1], w.places[2]
		lost, _ := w.lose(c)
		w.within(time.Minute, "c to be missed", func() bool { return !a.meets(2) && !b.meets(2) })
		w.part([]*place{a}, []*place{b})
		a.refused(lost, false, edged.SealPending, "b")
		w.within(time.Minute, "b to be missed", func() bool { return !a.meets(1) })
		v, err := a.seal(lost, true)
		if err != nil || len(v.Roll) != 1 || !slices.Equal(v.Away, []string{"b"}) {
			t.Fatalf("sealed anew: %+v, %v", v, err)
		}
		w.heal()
		w.within(time.Minute, "a and b to meet", func() bool { return a.meets(1) && b.meets(1) })
		w.flows(a, b)
		c.disk, c.doomed = w.newDisk(), false
	})
}

// TestANodeThatWasAwayLearnsOfASeal seals without a node that holds more of the lost origin than those
// that agree: that is set aside.
func TestANodeThatWasAwayLearnsOfASeal(t *testing.T) {
	run(t, []string{"eu", "us", "ap", "sa"}, func(w *world) {
		w.split = true
		w.startAll()
		a, b, c, d := w.places[0], w.places[1], w.places[2], w.places[3]
		w.writer(c, "sent").must(5)
		w.converge(10 * time.Second)
		lost := c.origin()
		w.part([]*place{a, b}, []*place{c, d})
		w.writer(c, "half").must(5)
		w.within(10*time.Second, "d to have it", func() bool { return len(w.list(d, orders, "")) == len(w.list(c, orders, "")) })
		c.crash()
		d.end()
		w.within(time.Minute, "both to be missed", func() bool { return !a.meets(2) && !b.meets(2) })
		a.mustSeal(lost, "a", "b")
		w.heal()
		d.start()
		w.within(time.Minute, "d to meet a and b", func() bool { return d.meets(2) && a.meets(2) && b.meets(2) })
		w.writer(d, "back").must(5)
		w.places = []*place{a, b, d}
		w.converge(15 * time.Second)
		w.flows(a, b)
		w.within(15*time.Second, "the stable order to go on at d", func() bool { return !slices.Contains(stableHeld(w, d), lost) })
		if len(w.list(d, orders, "")) <= len(w.list(a, orders, "")) {
			t.Error("d has dropped what is past the end")
		}
	})
}

// stableHeld are the origins that a node names as what stable reads wait for.
func stableHeld(w *world, p *place) (origins []string) {
	c, err := p.now().client.Cluster(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, h := range c.Stable.HeldBackBy {
		origins = append(origins, h.Origin)
	}
	return origins
}

// checks is what /readyz?verbose says.
func (p *place) checks() string {
	host, _, _ := strings.Cut(p.mesh, ":")
	req, err := http.NewRequestWithContext(p.w.t.Context(), http.MethodGet, "http://"+host+":8080/readyz?verbose", nil)
	if err != nil {
		p.w.t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: p.now().roads}).Do(req)
	if err != nil {
		p.w.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.w.t.Fatal(err)
	}
	return string(text)
}
