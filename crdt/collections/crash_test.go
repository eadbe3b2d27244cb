package collections

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/edgedhq/edged"
)

// A crash takes back the newest writes of values. What was acknowledged comes back from the journal.
func TestNothingIsLostByACrashAnywhere(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.site("a", "b")
		a, b := w.sites["a"], w.sites["b"]
		for _, kind := range []string{"counter", "set"} {
			a.put(edged.Collection{Name: kind, Type: kind})
		}
		w.settled()
		for i := range 40 {
			key := fmt.Sprint("k", i%7)
			a.ops("counter", key, `{"increment":1}`)
			b.ops("counter", key, `{"increment":100}`)
			a.ops("set", key, fmt.Sprintf(`{"add":[%d]}`, i))
			if i > 7 {
				b.ops("set", key, fmt.Sprintf(`{"remove":[%d]}`, i-7))
			}
			time.Sleep(60 * time.Millisecond)
		}
		w.agree("counter")
		want, wantSet := b.value("counter", "k1"), b.value("set", "k1")
		whole := a.node.Store
		for writes := 0; writes <= whole.Writes(); writes += 7 {
			a.stop()
			a.node.Store = whole.Clone(writes)
			a.run()
			// The first update is made of all that this node has appended, the 6 in 606.
			if got := a.ops("counter", "k1", `{"increment":0}`); !strings.HasSuffix(got, "6") {
				t.Fatalf("after %d writes the first answer is %s, in the end it is %s", writes, got, want)
			}
			w.agree("counter")
			w.agree("set")
			if a.value("counter", "k1") != want || a.value("set", "k1") != wantSet {
				t.Fatalf("after %d writes: %s and %s", writes, a.value("counter", "k1"), a.value("set", "k1"))
			}
		}
	})
}

func TestAStoreThatTakesNoWrites(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a := w.site("a")
		a.put(edged.Collection{Name: "n", Type: "counter"})
		a.ops("n", "k", `{"increment":1}`)
		a.node.Store.Fail(errors.New("full"), 0)
		for range 20 {
			a.ops("n", "k", `{"increment":1}`)
			time.Sleep(100 * time.Millisecond)
		}
		if got := a.value("n", "k"); got != "21" {
			t.Errorf("the value is %s", got)
		}
		if _, err := a.CollectionDigest(t.Context(), "n"); err == nil {
			t.Error("a digest of what cannot be flushed")
		}
		a.node.Store.Fail(nil, 0)
		w.agree("n")
		a.crash(a.node.Writes())
		if got := a.value("n", "k"); got != "21" {
			t.Errorf("after a restart the value is %s", got)
		}
	})
}
