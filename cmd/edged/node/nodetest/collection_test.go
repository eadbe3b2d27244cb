package nodetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

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
		w.isolate()
		w.change(all)
		w.healed()
	})
}

// TestCollectionsMadeAnew deletes and makes a collection at all nodes while they do not see one
// another, each of another type. All end with one, and with what was done to that.
func TestCollectionsMadeAnew(t *testing.T) {
	run(t, three(), func(w *world) {
		w.startAll()
		w.streams = nil
		w.put(w.places[0], "fleeting", client.CollectionSpec{Type: "set"})
		for range w.count(20, 4) {
			w.isolate()
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
