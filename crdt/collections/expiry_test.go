package collections

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgedhq/edged"
)

func TestKeysGoWhenTheirTimeIsOver(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.site("a", "b")
		a, b := w.sites["a"], w.sites["b"]
		var frontier atomic.Int64
		for _, s := range w.sites {
			s.stop()
			s.opts.Frontier = frontier.Load
			s.run()
		}
		a.put(edged.Collection{Name: "here", Type: "set", TTL: 10 * time.Second})
		for i := range 30 {
			a.ops("here", fmt.Sprint("k", i), `{"add":["x"]}`)
		}
		w.settled()
		watch := b.watch(latest("here"))
		defer watch.feed.Close()
		time.Sleep(5 * time.Second)
		a.ops("here", "k0", `{"add":["y"]}`)
		watch.expect(`k0=["x","y"]`)
		time.Sleep(5 * time.Second)
		if a.value("here", "k1") != "key_not_found" || b.value("here", "k1") != "key_not_found" || b.value("here", "k0") != `["x","y"]` {
			t.Errorf("after its time k1 is %s and %s, before it k0 is %s", a.value("here", "k1"), b.value("here", "k1"), b.value("here", "k0"))
		}
		if keys, _, _ := b.Entries("here", "", "", 100); len(keys) != 1 || keys[0].Key != "k0" {
			t.Errorf("listed %v", keys)
		}
		if _, err := b.try("here", "k2", ""); outcome("", err) != "key_not_found" {
			t.Errorf("a key whose time is over can be deleted: %v", err)
		}
		if got := b.ops("here", "k3", `{"add":["z"]}`); got != `["z"]` {
			t.Errorf("after its time a key begins anew, not as %s", got)
		}
		if st := a.Stats(); st.Expired > 0 || st.Keys != 30 {
			t.Errorf("before the frontier has passed: %+v", st)
		}
		frontier.Store(time.Now().UnixNano())
		for range 17 {
			w.settled()
		}
		if st := b.Stats(); st.Expired > 0 || st.Keys != 2 {
			t.Errorf("the keys are their last writer's to remove: %+v", st)
		}
		w.agree("here")
	})
}

func TestAnExpiredCounterBeginsAtZero(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.site("a", "b")
		a, b := w.sites["a"], w.sites["b"]
		a.put(edged.Collection{Name: "n", Type: "counter", TTL: 10 * time.Second})
		w.settled()
		a.ops("n", "k", `{"increment":5}`)
		w.settled()
		time.Sleep(20 * time.Second)
		if got := b.ops("n", "k", `{"increment":1}`); got != "1" {
			t.Errorf("an update after expiry gives %s", got)
		}
		w.agree("n")
	})
}
