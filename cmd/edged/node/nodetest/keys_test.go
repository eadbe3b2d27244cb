package nodetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/client"
	"github.com/edgedhq/edged/loadtest/history"
	"github.com/edgedhq/edged/loadtest/keyed"
	"github.com/edgedhq/edged/loadtest/witness"
)

// tracked is a key that one hand changes, or several that do not see one another.
type tracked struct {
	coll, key string
	base      keyed.State // when all hands were last one
	hands     []*hand
}

// hand changes one key at one node, one operation after the other.
type hand struct {
	p      *place
	key    *tracked
	state  keyed.State // the key as this hand's side knows it
	next   int64       // number of its last operation, among all hands'
	random *rand.Rand
	open   *opened // what has had no answer
}

// opened is an operation of unknown outcome.
type opened struct {
	op    keyed.Op
	start int64
}

// collect makes a collection of each type and waits until all nodes have them.
func (w *world) collect() {
	w.t.Helper()
	w.streams = nil
	for _, typ := range keyed.Types() {
		spec := client.CollectionSpec{Type: typ}
		if typ == "bounded_counter" {
			spec.Min = new(int64)
		}
		w.put(w.places[0], typ, spec)
	}
}

// put makes a collection and waits until all nodes that run have it.
func (w *world) put(p *place, name string, spec client.CollectionSpec) {
	w.t.Helper()
	if _, _, err := p.now().client.PutCollection(w.t.Context(), name, spec); err != nil {
		w.t.Fatal(err)
	}
	w.collections = append(w.collections, name)
	for _, p := range w.running() {
		w.within(5*time.Second, "collection "+name+" at "+p.name, func() bool {
			_, err := p.now().client.Collection(w.t.Context(), name)
			return err == nil
		})
	}
}

// track gives one key of each type to a hand at each of these nodes.
func (w *world) track(key string, at ...*place) (all []*tracked) {
	for _, typ := range keyed.Types() {
		k := &tracked{coll: typ, key: key, base: keyed.New(typ)}
		for _, p := range at {
			w.hands++
			k.hands = append(k.hands, &hand{
				p: p, key: k, state: keyed.New(typ), next: w.hands << 32, random: w.source(),
			})
		}
		all = append(all, k)
	}
	w.tracked = append(w.tracked, all...)
	return all
}

func handsOf(keys []*tracked) (all []*hand) {
	for _, k := range keys {
		all = append(all, k.hands...)
	}
	return all
}

// begin has the first hand of each key change it while all see one another.
func (w *world) begin() {
	w.t.Helper()
	var first []*hand
	for _, k := range w.tracked {
		first = append(first, k.hands[0])
	}
	w.work(time.Second, first)
	for _, k := range w.tracked {
		k.base = k.hands[0].state.Clone()
		for _, h := range k.hands[1:] {
			h.state = k.base.Clone()
		}
	}
	w.alike(5 * time.Second)
	w.unite()
}

// change has keys changed for a while.
func (w *world) change(keys []*tracked) {
	d := 3 * time.Second
	if *full {
		d = 10 * time.Second
	}
	w.work(d, handsOf(keys))
}

// healed ends a cut: once the nodes have met, all are equal within 2 s, and show what they have to.
func (w *world) healed() {
	w.t.Helper()
	if equal, _ := w.alikeNow(); equal {
		w.t.Error("the fault has kept no node from being equal")
	}
	began := time.Now()
	w.heal()
	w.meet(30 * time.Second)
	met := time.Since(began)
	w.t.Logf("met %v after the heal, and were equal %v later", met, w.alike(2*time.Second))
	w.unite()
}

// work lets hands go on at once for a while. One that has had no answer stops.
func (w *world) work(d time.Duration, hands []*hand) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	var all sync.WaitGroup
	for _, h := range hands {
		all.Go(func() {
			for h.open == nil && rest(ctx, time.Duration(h.random.Int64N(int64(200*time.Millisecond)))) {
				h.step()
			}
		})
	}
	all.Wait()
}

// step carries out one operation, and wants to see it done.
func (h *hand) step() {
	l := h.p.now()
	if l == nil {
		return
	}
	w := h.p.w
	h.next++
	o := keyed.Some(h.key.coll, h.next, h.random)
	start := w.clock()
	err := l.change(h.key.coll, h.key.key, o.Body())
	outcome := witness.OutcomeOf(err)
	if outcome == history.OK && h.p.over(l) {
		outcome = history.Unknown
	}
	switch outcome {
	case history.Unknown:
		h.open = &opened{o, start}
	case history.OK:
		h.state.Apply(o, h.next, start, w.clock())
		if got, err := l.show(h.key.coll, h.key.key); err == nil {
			h.compare(got, "right after an update")
		}
	case history.Refused:
		if p, ok := errors.AsType[*client.Problem](err); ok && p.Code != string(edged.LimitReached) && p.Code != string(edged.KeyNotFound) {
			w.complain("%s %s at %s: %v", h.key.coll, o.Body(), h.p.name, err)
		}
	}
}

func (h *hand) compare(got keyed.Shown, when string) {
	if err := h.state.Check(got); err != nil {
		h.p.w.complain("%s %s at %s, %s: %v", h.key.coll, h.key.key, h.p.name, when, err)
	}
}

// resolve looks whether what had no answer was carried out.
func (h *hand) resolve() {
	if h.open == nil {
		return
	}
	got, err := h.p.now().show(h.key.coll, h.key.key)
	if err != nil {
		h.p.w.t.Fatalf("%s %s at %s: %v", h.key.coll, h.key.key, h.p.name, err)
	}
	if h.state.Check(got) != nil {
		h.state.Apply(h.open.op, h.next, h.open.start, h.p.w.clock())
	}
	h.open = nil
	h.compare(got, "where one update had no answer")
}

// ready says whether the node says that it is.
func (p *place) ready() bool { return p.now().client.Ready(p.w.t.Context(), nil) == nil }

// over says whether a life has ended, or its end would take acknowledgements back.
func (p *place) over(l *life) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.life != l || p.doomed
}

// change carries out an operation on a key; none deletes it.
func (l *life) change(coll, key string, body []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if body == nil {
		_, err := l.client.DeleteKey(ctx, coll, key, client.UpdateOptions{})
		return err
	}
	_, err := l.client.Update(ctx, coll, key, body, client.UpdateOptions{})
	return err
}

// show is what a read of a key answers.
func (l *life) show(coll, key string) (keyed.Shown, error) {
	e, err := l.client.Entry(context.Background(), coll, key, "")
	if errors.Is(err, edged.KeyNotFound) {
		return keyed.Shown{}, nil
	}
	shown := keyed.Shown{Value: e.Value}
	if err == nil && e.Conflicts != nil {
		shown.Conflicts, err = json.Marshal(e.Conflicts)
	}
	return shown, err
}

// unite makes the sides of each key one, which they are once the nodes are equal, and wants all
// nodes to show that.
func (w *world) unite() {
	w.t.Helper()
	for _, k := range w.tracked {
		joined := k.hands[0].state
		for _, h := range k.hands[1:] {
			joined = keyed.Join(k.base, joined, h.state)
		}
		k.base = joined.Clone()
		for _, h := range k.hands {
			h.state = joined.Clone()
		}
		for _, p := range w.running() {
			got, err := p.now().show(k.coll, k.key)
			if err != nil {
				w.t.Fatal(err)
			}
			if err := joined.Check(got); err != nil {
				w.complain("%s %s at %s: %v", k.coll, k.key, p.name, err)
			}
		}
	}
}

// alike waits until all nodes that run have equal vectors and digests of all collections.
func (w *world) alike(limit time.Duration) time.Duration {
	w.t.Helper()
	var at string
	began := time.Now()
	for {
		var equal bool
		if equal, at = w.alikeNow(); equal {
			return time.Since(began)
		}
		if time.Since(began) > limit {
			w.t.Fatalf("collections are not equal after %v:\n%s", limit, at)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// alikeNow compares the nodes. Equal vectors with other digests are a fault by themselves.
func (w *world) alikeNow() (equal bool, at string) {
	for _, name := range w.collections {
		var first client.Digest
		var text strings.Builder
		for i, p := range w.running() {
			d, err := p.now().client.CollectionDigest(w.t.Context(), name)
			fmt.Fprintf(&text, "%s at %s: %s %v %v\n", name, p.name, d.Digest, d.Vector, err)
			switch {
			case err != nil:
				return false, text.String()
			case i == 0:
				first = d
			case !maps.Equal(d.Vector, first.Vector):
				return false, text.String()
			case d.Digest != first.Digest:
				w.t.Fatalf("equal vectors, other digests:\n%s", &text)
			}
		}
	}
	return true, ""
}
