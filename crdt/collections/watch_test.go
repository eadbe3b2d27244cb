package collections

import (
	"slices"
	"testing"
	"time"

	"github.com/edgedhq/edged"
)

// from is a watch of a collection that goes on after a cursor.
func from(collection string, at edged.Cursor) edged.Query {
	return edged.Query{Stream: collection, Start: edged.Start{Kind: edged.AtCursorOrGap, Cursor: at}}
}

func latest(collection string) edged.Query {
	return edged.Query{Stream: collection, Start: edged.Start{Kind: edged.Latest}}
}

func earliest(collection string) edged.Query { return edged.Query{Stream: collection} }

func TestWatchResumesAnywhere(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.site("a", "b", "c")
		a, b, c := w.sites["a"], w.sites["b"], w.sites["c"]
		a.put(edged.Collection{Name: "n", Type: "counter"})
		w.settled()
		first := b.watch(latest("n"))
		a.ops("n", "x", `{"increment":1}`)
		first.expect("x=1")
		a.ops("n", "y", `{"increment":2}`)
		at := first.expect("y=2")[0]
		first.feed.Close()
		a.ops("n", "x", `{"increment":1}`)
		c.ops("n", "y", `{"increment":5}`)
		w.settled()
		second := c.watch(from("n", at))
		defer second.feed.Close()
		words, _ := second.next()
		if len(words) != 2 || words[0] == words[1] {
			t.Errorf("after the cursor: %q", words)
		}
		for _, word := range words {
			if word != "x=2" && word != "y=7" {
				t.Errorf("given %q", word)
			}
		}
		a.ops("n", "x", "")
		second.expect("x=")
	})
}

func TestWatchGivesEveryKeysLastValue(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a := w.site("a")
		a.put(edged.Collection{Name: "n", Type: "counter"})
		all := a.watch(latest("n"))
		some := latest("n")
		some.Match.KeyPrefix = "k1"
		narrow := a.watch(some)
		for range 50 {
			a.ops("n", "k1", `{"increment":1}`)
			a.ops("n", "k2", `{"increment":1}`)
		}
		for name, watch := range map[string]*seen{"all": all, "narrow": narrow} {
			words, _ := watch.next()
			last := map[string]string{}
			for _, word := range words {
				last[word[:2]] = word
			}
			if last["k1"] != "k1=50" || name == "all" && last["k2"] != "k2=50" || name == "narrow" && last["k2"] != "" {
				t.Errorf("%s: %q", name, words)
			}
			watch.feed.Close()
		}
	})
}

func TestEarliestGivesAllKeysAndGoesOn(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a := w.site("a")
		a.opts.KeepLog, a.opts.TruncateEvery = time.Minute, time.Second
		a.crash(a.node.Writes())
		a.put(edged.Collection{Name: "n", Type: "counter"})
		for _, key := range []string{"a", "b", "c", "d", "e", "f"} {
			a.ops("n", key, `{"increment":1}`)
		}
		a.ops("n", "c", "")
		time.Sleep(2 * time.Minute)
		w.settled()
		if held := a.node.Held("$c.n"); held != 0 {
			t.Fatalf("%d records are still held", held)
		}
		watch := a.watch(earliest("n"))
		words, cursors := watch.next()
		if len(words) != 5 {
			t.Errorf("listed %q", words)
		}
		a.ops("n", "a", `{"increment":1}`)
		watch.expect("a=2")
		watch.feed.Close()

		// Who broke off in the middle is given what was not listed, and what has changed.
		again := a.watch(from("n", cursors[2]))
		more, _ := again.next()
		again.feed.Close()
		for _, word := range more {
			if slices.Contains(words[:3], word) {
				t.Errorf("%s is listed again", word)
			}
		}
		missing := map[string]bool{}
		for _, word := range words[3:] {
			missing[word] = true
		}
		missing["a=2"] = true
		delete(missing, "a=1")
		for _, word := range more {
			delete(missing, word)
		}
		if len(missing) > 0 {
			t.Errorf("after %q the watch is given %q and not %v", words[:3], more, missing)
		}
	})
}

func TestAWatchThatWasAwayTooLongIsToldAndListed(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a := w.site("a")
		a.opts.KeepLog, a.opts.TruncateEvery = time.Minute, time.Second
		a.crash(a.node.Writes())
		a.put(edged.Collection{Name: "n", Type: "counter"})
		watch := a.watch(latest("n"))
		a.ops("n", "x", `{"increment":1}`)
		at := watch.expect("x=1")[0]
		watch.feed.Close()
		a.ops("n", "x", `{"increment":1}`)
		time.Sleep(2 * time.Minute)
		w.settled()
		page := from("n", at)
		page.Start.Kind = edged.AtCursor // as a reader of pages asks
		asked := a.watch(page)
		defer asked.feed.Close()
		asked.expect("gap x=2")
		back := a.watch(from("n", at))
		defer back.feed.Close()
		back.expect("gap x=2")
		if back.feed.Resume() != "gap" {
			t.Errorf("resumed as %q", back.feed.Resume())
		}
		a.ops("n", "x", `{"increment":1}`)
		back.expect("x=3")
	})
}

func TestDeletionEndsWatches(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.site("a", "b")
		a, b := w.sites["a"], w.sites["b"]
		a.put(edged.Collection{Name: "n", Type: "counter"})
		a.ops("n", "x", `{"increment":1}`)
		w.settled()
		watch := b.watch(earliest("n"))
		defer watch.feed.Close()
		watch.expect("x=1")
		if err := a.DeleteCollection(t.Context(), "n"); err != nil {
			t.Fatal(err)
		}
		watch.expect("deleted collection_not_found")
		w.settled()
		if got := b.value("n", "x"); got != "collection_not_found" {
			t.Errorf("b still shows %s", got)
		}
		if a.node.Len() > 0 || b.node.Len() > 0 {
			t.Errorf("%d and %d keys are left in the stores", a.node.Len(), b.node.Len())
		}
		b.put(edged.Collection{Name: "n", Type: "set"})
		b.ops("n", "x", `{"add":[1]}`)
		w.agree("n")
		if got := a.value("n", "x"); got != "[1]" {
			t.Errorf("the next generation shows %s", got)
		}
	})
}

func TestWatchThroughManySmallSteps(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a := w.site("a")
		a.put(edged.Collection{Name: "n", Type: "counter"})
		watch := a.watch(latest("n"))
		defer watch.feed.Close()
		keys := []string{"a", "b", "c", "d", "e"}
		var us []edged.Update
		for _, key := range keys {
			us = append(us, edged.Update{Collection: "n", Key: key, Ops: []byte(`{"increment":1}`)})
		}
		if _, err := a.UpdateAll(t.Context(), "n", us); err != nil {
			t.Fatal(err)
		}
		var got int
		for range 100 {
			page, err := watch.feed.Next(nil, 1, 1)
			if err != nil {
				t.Fatal(err)
			}
			for i := range page {
				got += page[i].Len()
			}
		}
		if got != len(keys) {
			t.Errorf("%d changes, want %d", got, len(keys))
		}
	})
}

func TestWatchersOfAllShareWhatTheyAreGiven(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a := w.site("a")
		a.put(edged.Collection{Name: "n", Type: "set"})
		first, second := a.watch(latest("n")), a.watch(latest("n"))
		defer first.feed.Close()
		defer second.feed.Close()
		a.ops("n", "x", `{"add":[1]}`)
		one, _ := first.feed.Next(nil, 1<<20, 100)
		two, _ := second.feed.Next(nil, 1<<20, 100)
		if len(one) != 1 || len(two) != 1 || one[0].Run != two[0].Run {
			t.Fatalf("%v and %v", one, two)
		}
		third := a.watch(latest("n"))
		defer third.feed.Close()
		a.ops("n", "x", `{"add":[2]}`)
		first.expect("x=[1,2]")
		a.ops("n", "x", `{"add":[3]}`) // what others are given may lag behind, and then comes
		for _, late := range []*seen{second, third} {
			words, _ := late.next()
			if last := words[len(words)-1]; last != "x=[1,2,3]" || len(words) > 2 {
				t.Errorf("given %q", words)
			}
		}
	})
}

func TestAWatchWaitsForItsCollection(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.site("a", "b")
		a, b := w.sites["a"], w.sites["b"]
		if _, err := b.Changes(latest("n"), func() {}); outcome("", err) != "collection_not_found" {
			t.Errorf("%v", err)
		}
		q := earliest("n")
		q.Await = true
		watch := b.watch(q)
		defer watch.feed.Close()
		watch.expect("")
		go func() {
			time.Sleep(time.Second)
			a.put(edged.Collection{Name: "n", Type: "counter"})
			a.ops("n", "x", `{"increment":1}`)
		}()
		watch.expect("x=1")
	})
}

// A value is given with the last event that is in it, so that who goes on from there is not given it
// again.
func TestAValueIsNotGivenTwiceOverACursor(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.site("a", "b", "c")
		a, b, c := w.sites["a"], w.sites["b"], w.sites["c"]
		a.put(edged.Collection{Name: "n", Type: "counter"})
		w.settled()
		first := c.watch(latest("n"))
		a.ops("n", "y", `{"increment":1}`)
		at := first.expect("y=1")[0]
		first.feed.Close()
		a.ops("n", "x", `{"increment":1}`)
		w.settled()
		b.ops("n", "x", `{"increment":1}`)
		w.settled()
		second := c.watch(from("n", at))
		cursors := second.expect("x=2")
		second.feed.Close()
		third := a.watch(from("n", cursors[0]))
		defer third.feed.Close()
		third.expect("")
	})
}
