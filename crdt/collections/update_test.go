package collections

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgedhq/edged"
)

func TestUpdateIsSeenEverywhere(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.site("a", "b")
		a, b := w.sites["a"], w.sites["b"]
		a.put(edged.Collection{Name: "visits", Type: "counter"})
		for i := range 3 {
			if got, want := a.ops("visits", "home", `{"increment":5}`), fmt.Sprint(5*i+5); got != want {
				t.Errorf("the answer is %s, want %s", got, want)
			}
		}
		e, err := a.try("visits", "home", `[{"increment":1},{"decrement":2}]`)
		if err != nil || string(e.Value) != "14" || a.value("visits", "home") != "14" {
			t.Errorf("%s, %v; read %s", e.Value, err, a.value("visits", "home"))
		}
		at, err := edged.ParseCursor(e.Cursor)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.AwaitCollection(t.Context(), at); err != nil || b.value("visits", "home") != "14" {
			t.Errorf("b shows %s after the cursor, %v", b.value("visits", "home"), err)
		}
		if got := b.ops("visits", "home", `{"increment":1}`); got != "15" {
			t.Errorf("b answers %s", got)
		}
		w.agree("visits")
	})
}

func TestCutOffNodesAgreeAfterwards(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.site("a", "b", "c")
		a, b, c := w.sites["a"], w.sites["b"], w.sites["c"]
		for _, kind := range []string{"counter", "set", "register", "flag"} {
			a.put(edged.Collection{Name: kind, Type: kind})
		}
		synctest.Wait()
		a.ops("set", "team", `{"add":["ann","bob"]}`)
		a.ops("counter", "n", `{"increment":10}`)
		w.settled()
		w.mesh.Cut("c")
		a.ops("set", "team", `{"remove":["ann"]}`)
		b.ops("set", "team", `{"add":["eve"]}`)
		c.ops("set", "team", `{"add":["ann"]}`)
		a.ops("counter", "n", `{"increment":1}`)
		if _, err := c.try("counter", "n", ""); err != nil {
			t.Error(err)
		}
		a.ops("register", "x", `{"assign":1}`)
		c.ops("register", "x", `{"assign":2}`)
		a.ops("flag", "on", `{"enable":true}`)
		c.ops("flag", "on", `{"disable":true}`)
		w.settled()
		w.mesh.Heal("c")
		for _, kind := range []string{"counter", "set", "register", "flag"} {
			w.agree(kind)
		}
		for _, s := range w.sites {
			for _, want := range [][3]string{
				{"set", "team", `["ann","bob","eve"]`}, {"counter", "n", "1"}, {"register", "x", "2"}, {"flag", "on", "true"},
			} {
				if got := s.value(want[0], want[1]); got != want[2] {
					t.Errorf("%s of %s is %s, want %s", want[1], want[0], got, want[2])
				}
			}
			if e, _ := s.Entry("register", "x"); string(e.Conflicts) != "[2,1]" && string(e.Conflicts) != "[1,2]" {
				t.Errorf("conflicts %s", e.Conflicts)
			}
		}
	})
}

func TestUpdatesThatWaitShareAnAppend(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a := w.site("a")
		a.put(edged.Collection{Name: "c", Type: "counter"})
		var group sync.WaitGroup
		values := make([]bool, 501)
		var mu sync.Mutex
		c, _ := a.find("c")
		c.turning <- struct{}{} // another turn is under way
		for range 500 {
			group.Go(func() {
				e, err := a.try("c", "hot", `{"increment":1}`)
				if err != nil {
					t.Error(err)
					return
				}
				var n int
				fmt.Sscan(string(e.Value), &n)
				mu.Lock()
				values[n] = true
				mu.Unlock()
			})
		}
		synctest.Wait()
		<-c.turning
		group.Wait()
		for n, given := range values[1:] {
			if !given {
				t.Errorf("nobody was answered %d", n+1)
			}
		}
		if st := a.Stats(); a.value("c", "hot") != "500" || st.Updates != 500 || st.Appends > 2 {
			t.Errorf("value %s after %d updates in %d appends", a.value("c", "hot"), st.Updates, st.Appends)
		}
	})
}

func TestManyKeysWholeOrNotAtAll(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a := w.site("a")
		low := int64(0)
		a.put(edged.Collection{Name: "stock", Type: "bounded_counter", Min: &low})
		all := func(ops ...string) error {
			var us []edged.Update
			for i, op := range ops {
				us = append(us, edged.Update{Collection: "stock", Key: fmt.Sprint("k", i), Ops: []byte(op)})
			}
			cursor, err := a.UpdateAll(context.Background(), "stock", us)
			if err == nil {
				if _, err := edged.ParseCursor(cursor); err != nil {
					t.Error(err)
				}
			}
			return err
		}
		if err := all(`{"increment":5}`, `{"increment":6}`, `{"increment":7}`); err != nil {
			t.Fatal(err)
		}
		var refusal *edged.Refusal
		for _, c := range []struct {
			ops  []string
			kind edged.Kind
			at   string
		}{
			{[]string{`{"increment":1}`, `{"decrement":1}`, `[{"increment":1},{"decrement":10}]`}, edged.LimitReached, "body[2][1].decrement"},
			{[]string{`{"increment":1}`, `{"add":[1]}`}, edged.Invalid, "body[1].add"},
		} {
			err := all(c.ops...)
			if !errors.As(err, &refusal) || refusal.Kind != c.kind || len(refusal.Fields) == 0 || refusal.Fields[0].Location != c.at {
				t.Errorf("%v: %v", c.ops, err)
			}
		}
		// One that fails in the middle leaves nothing to those who share its turn.
		c, _ := a.find("stock")
		c.turning <- struct{}{}
		failed := make(chan error, 1)
		go func() { failed <- all(`{"increment":1}`, `{"decrement":1}`, `{"decrement":10}`) }()
		synctest.Wait()
		go func() {
			synctest.Wait()
			<-c.turning
		}()
		if got := a.ops("stock", "k0", `{"increment":2}`); got != "7" {
			t.Errorf("beside one that fails: %s", got)
		}
		if err := <-failed; !errors.Is(err, edged.LimitReached) {
			t.Error(err)
		}
		a.ops("stock", "k0", `{"decrement":2}`)
		w.settled()
		for i, want := range []string{"5", "6", "7"} {
			if got := a.value("stock", fmt.Sprint("k", i)); got != want {
				t.Errorf("k%d is %s, want %s", i, got, want)
			}
		}
	})
}

func TestAnAppendThatDoesNotSayLosesNothing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a := w.site("a")
		a.put(edged.Collection{Name: "c", Type: "counter"})
		a.ops("c", "k", `{"increment":1}`)
		fail := error(edged.AckTimeout)
		a.node.FailAppends(func(*edged.Publication) error { return fail })
		if _, err := a.try("c", "k", `{"increment":10}`); !errors.Is(err, edged.AckTimeout) {
			t.Errorf("%v", err)
		}
		fail = edged.Overloaded
		if _, err := a.try("c", "k", `{"increment":100}`); !errors.Is(err, edged.Overloaded) {
			t.Errorf("%v", err)
		}
		a.node.FailAppends(nil)
		if got := a.ops("c", "k", `{"increment":1000}`); got != "1011" {
			t.Errorf("the value is %s: what was stored counts, what was refused does not", got)
		}
	})
}

func TestRefusalsOfUpdates(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a := w.site("a")
		a.put(edged.Collection{Name: "c", Type: "counter"})
		for _, c := range [][4]string{
			{"none", "k", `{"increment":1}`, "collection_not_found"},
			{"c", "", `{"increment":1}`, "invalid"},
			{"c", "k", `{"add":[1]}`, "invalid"},
			{"c", "k", `{`, "bad_request"},
			{"c", "k", "", "key_not_found"},
		} {
			if e, err := a.try(c[0], c[1], c[2]); outcome(string(e.Value), err) != c[3] {
				t.Errorf("%v: %s %v", c, e.Value, err)
			}
		}
		a.node.FailReach(edged.LevelUnreachable)
		far := &edged.Update{Collection: "c", Key: "k", Ops: []byte(`{"increment":1}`), Ack: edged.Regions(3)}
		if _, err := a.Update(t.Context(), far); !errors.Is(err, edged.LevelUnreachable) || a.value("c", "k") != "key_not_found" {
			t.Errorf("a level that cannot be reached: %v, and the value %s", err, a.value("c", "k"))
		}
		a.stop()
		if _, err := a.try("c", "k", `{"increment":1}`); !errors.Is(err, edged.Draining) {
			t.Errorf("after the end: %v", err)
		}
	})
}

func TestWhoGivesUpWaiting(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a := w.site("a")
		a.put(edged.Collection{Name: "c", Type: "counter"})
		hold := make(chan struct{})
		c, _ := a.find("c")
		c.turning <- struct{}{} // no turn comes
		go func() {
			<-hold
			<-c.turning
		}()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := a.Update(ctx, &edged.Update{Collection: "c", Key: "k", Ops: []byte(`{"increment":1}`)})
		if !errors.Is(err, edged.Overloaded) {
			t.Errorf("before its turn: %v", err)
		}
		close(hold)
		if got := a.ops("c", "k", `{"increment":10}`); got != "10" {
			t.Errorf("the value is %s", got)
		}
	})
}
