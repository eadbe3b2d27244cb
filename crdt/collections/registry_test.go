package collections

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/edgedhq/edged"
)

func TestDefinitionsThatCannotBe(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a := w.site("a")
		one, minus := int64(1), int64(-1)
		for _, c := range []struct {
			def   edged.Collection
			kind  edged.Kind
			where string
		}{
			{edged.Collection{Name: "A", Type: "set"}, edged.Invalid, "path.name"},
			{edged.Collection{Name: "a", Type: "list"}, edged.Invalid, "body.type"},
			{edged.Collection{Name: "a", Type: "set", TTL: -time.Second}, edged.Invalid, "body.ttl"},
			{edged.Collection{Name: "a", Type: "set", Min: &minus}, edged.Invalid, "body.min"},
			{edged.Collection{Name: "a", Type: "set", Max: &one}, edged.Invalid, "body.max"},
			{edged.Collection{Name: "a", Type: "bounded_counter"}, edged.Invalid, "body.min"},
			{edged.Collection{Name: "a", Type: "bounded_counter", Min: &minus, Max: &one}, edged.Invalid, "body.min"},
			{edged.Collection{Name: "a", Type: "bounded_counter", Min: &one}, edged.Invalid, "body.min"},
			{edged.Collection{Name: "a", Type: "bounded_counter", Max: &minus}, edged.Invalid, "body.max"},
			{edged.Collection{Name: "there", Type: "counter"}, edged.Conflict, "body.type"},
			{edged.Collection{Name: "bound", Type: "bounded_counter", Max: &one}, edged.Conflict, "body.min"},
		} {
			a.put(edged.Collection{Name: "there", Type: "set"})
			a.put(edged.Collection{Name: "bound", Type: "bounded_counter", Min: &minus})
			_, _, err := a.PutCollection(t.Context(), c.def)
			var refusal *edged.Refusal
			if !errors.As(err, &refusal) || refusal.Kind != c.kind || refusal.Fields[0].Location != c.where {
				t.Errorf("%+v: %v", c.def, err)
			}
		}
	})
}

func TestCollectionsAreListedAndChanged(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.site("a", "b")
		a, b := w.sites["a"], w.sites["b"]
		for i := range 5 {
			a.put(edged.Collection{Name: fmt.Sprint("c", i), Type: "set"})
		}
		info, created, err := a.PutCollection(t.Context(), edged.Collection{Name: "c3", Type: "set", TTL: time.Hour, Regions: []string{"eu"}})
		if err != nil || created || info.TTL != time.Hour {
			t.Errorf("%+v, %v, %v", info, created, err)
		}
		a.ops("c3", "k", `{"add":[1,2]}`)
		w.settled()
		infos, err := b.ListCollections("c1", 2)
		if err != nil || len(infos) != 2 || infos[0].Name != "c2" || infos[1].Name != "c3" {
			t.Fatalf("%+v, %v", infos, err)
		}
		got := infos[1]
		if got.TTL != time.Hour || got.Regions[0] != "eu" || got.Keys != 1 || got.Bytes == 0 || got.Type != "set" || got.Created.IsZero() {
			t.Errorf("b shows %+v", got)
		}
		if infos, err := b.ListCollections("c4", 10); err != nil || len(infos) != 0 {
			t.Errorf("%v, %v", infos, err)
		}
		if err := b.DeleteCollection(t.Context(), "none"); !errors.Is(err, edged.CollectionNotFound) {
			t.Error(err)
		}
	})
}

// Two regions make one name with two types while they are cut off. The type that wins counts, and
// its values are folded from all the records there are.
func TestTwoTypesUnderOneName(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.site("a", "b")
		a, b := w.sites["a"], w.sites["b"]
		w.mesh.Cut("b")
		a.put(edged.Collection{Name: "x", Type: "set"})
		a.ops("x", "k", `{"add":[1]}`)
		time.Sleep(time.Second)
		b.put(edged.Collection{Name: "x", Type: "counter"})
		b.ops("x", "k", `{"increment":7}`)
		w.settled()
		watch := a.watch(latest("x"))
		defer watch.feed.Close()
		w.mesh.Heal("b")
		w.settled()
		for label, s := range w.sites {
			if got := s.value("x", "k"); got != "7" {
				t.Errorf("%s shows %s", label, got)
			}
			if s.Stats().Skipped == 0 {
				t.Errorf("%s counts no records of the other type", label)
			}
		}
		if got := a.ops("x", "k", `{"increment":1}`); got != "8" {
			t.Errorf("a gives %s", got)
		}
		w.agree("x")
		words, _ := watch.next()
		if len(words) == 0 || words[len(words)-1] != "k=8" {
			t.Errorf("watched %q", words)
		}
		// What was kept of the type that lost is gone, also for who was away.
		before := a.node.Len()
		a.crash(a.node.Writes())
		if a.value("x", "k") != "8" || a.node.Len() != before {
			t.Errorf("after a restart: %s, %d keys of %d", a.value("x", "k"), a.node.Len(), before)
		}
	})
}

func TestWhatWasDeletedWhileANodeWasAwayIsDropped(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.site("a", "b")
		a, b := w.sites["a"], w.sites["b"]
		a.put(edged.Collection{Name: "x", Type: "set"})
		a.put(edged.Collection{Name: "y", Type: "set"})
		a.ops("x", "k", `{"add":[1]}`)
		a.ops("y", "k", `{"add":[1]}`)
		w.settled()
		b.stop()
		if err := a.DeleteCollection(t.Context(), "x"); err != nil {
			t.Fatal(err)
		}
		b.run()
		if got := b.node.Len(); got != 2 { // a value and its partition's record
			t.Errorf("%d keys are left", got)
		}
		if b.value("x", "k") != "collection_not_found" || b.value("y", "k") != "[1]" {
			t.Errorf("x: %s, y: %s", b.value("x", "k"), b.value("y", "k"))
		}
	})
}
