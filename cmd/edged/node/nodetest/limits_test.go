package nodetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/client"
	"github.com/edgedhq/edged/loadtest/keyed"
)

// TestStockIsNotOversold has all nodes sell from one stock, one of them cut off for a while. No
// more is sold than there was, and in the end all of it, at whichever node is asked.
func TestStockIsNotOversold(t *testing.T) {
	const stock = 300
	run(t, three(), func(w *world) {
		w.startAll()
		w.streams = nil
		w.put(w.places[0], "stock", client.CollectionSpec{Type: "bounded_counter", Min: new(int64)})
		if err := w.places[0].now().change("stock", "x", fmt.Appendf(nil, `{"increment":%d}`, stock)); err != nil {
			t.Fatal(err)
		}
		w.alike(5 * time.Second)
		sold := w.sell("stock", `{"decrement":1}`, time.Second)
		w.part(w.places[2:], w.places[:2])
		sold += w.sell("stock", `{"decrement":1}`, 5*time.Second)
		w.heal()
		w.meet(30 * time.Second)
		w.within(time.Minute, "all to be sold", func() bool {
			sold += w.sell("stock", `{"decrement":1}`, time.Second)
			return sold >= stock
		})
		w.alike(5 * time.Second)
		for _, p := range w.places {
			if got, err := p.now().show("stock", "x"); err != nil || string(got.Value) != fmt.Sprint(stock-sold) || sold != stock {
				t.Errorf("%s shows %s of %d, of which %d are sold, %v", p.name, got.Value, stock, sold, err)
			}
		}
	})
}

// sell updates a bounded counter at all nodes for a while, and tells how often that was not refused.
func (w *world) sell(name, body string, d time.Duration) (sold int) {
	var mu sync.Mutex
	var all sync.WaitGroup
	until := time.Now().Add(d)
	for _, p := range w.places {
		all.Go(func() {
			for time.Now().Before(until) {
				err := p.now().change(name, "x", []byte(body))
				mu.Lock()
				if err == nil {
					sold++
				} else if !errors.Is(err, edged.LimitReached) {
					w.complain("%s sells: %v", p.name, err)
				}
				mu.Unlock()
				time.Sleep(50 * time.Millisecond)
			}
		})
	}
	all.Wait()
	return sold
}

// TestSeatsOfferedTwice has nodes that do not see one another make one bounded counter, each with all
// rights as far as it can know. No more is taken than the one that comes of it has.
func TestSeatsOfferedTwice(t *testing.T) {
	const seats = 60
	run(t, three(), func(w *world) {
		w.startAll()
		w.streams = nil
		w.isolate()
		time.Sleep(time.Second)
		most := int64(seats)
		for _, p := range w.places {
			spec := client.CollectionSpec{Type: "bounded_counter", Max: &most}
			if _, _, err := p.now().client.PutCollection(w.t.Context(), "seats", spec); err != nil {
				t.Fatal(err)
			}
		}
		w.collections = append(w.collections, "seats")
		taken := w.sell("seats", `{"increment":1}`, 2*time.Second)
		w.heal()
		w.meet(30 * time.Second)
		time.Sleep(5 * time.Second) // now all know whose rights stand
		w.isolate()
		taken += w.sell("seats", `{"increment":1}`, 5*time.Second)
		w.heal()
		w.meet(30 * time.Second)
		w.within(time.Minute, "all seats to be taken", func() bool {
			taken += w.sell("seats", `{"increment":1}`, time.Second)
			return taken >= seats
		})
		w.alike(5 * time.Second)
		for _, p := range w.places {
			if got, err := p.now().show("seats", "x"); err != nil || string(got.Value) != fmt.Sprint(seats) || taken != seats {
				t.Errorf("%s shows %s of %d, and %d were taken, %v", p.name, got.Value, seats, taken, err)
			}
		}
	})
}

// TestKeysGoInTime has keys that are updated no more go everywhere, and from disk too; one that is
// updated in time stays.
func TestKeysGoInTime(t *testing.T) {
	run(t, three(), func(w *world) {
		w.startAll()
		w.streams = nil
		w.put(w.places[0], "here", client.CollectionSpec{Type: "set", TTL: "5s"})
		for i, p := range w.places {
			if err := p.now().change("here", fmt.Sprint("key", i), []byte(`{"add":[1]}`)); err != nil {
				t.Fatal(err)
			}
		}
		shown := func(key string) (n int) {
			for _, p := range w.places {
				if got, err := p.now().show("here", key); err == nil && got.Value != nil {
					n++
				}
			}
			return n
		}
		for range 8 {
			time.Sleep(time.Second)
			if err := w.places[1].now().change("here", "key0", []byte(`{"add":[2]}`)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(100 * time.Millisecond)
		if n := []int{shown("key0"), shown("key1"), shown("key2")}; n[0] != 3 || n[1] != 0 || n[2] != 0 {
			t.Errorf("%v nodes show the keys, want 3, 0 and 0", n)
		}
		time.Sleep(20 * time.Second)
		w.alike(2 * time.Second)
		for _, p := range w.places {
			if info, err := p.now().client.Collection(w.t.Context(), "here"); err != nil || info.Keys != 0 {
				t.Errorf("%s still keeps %d keys, %v", p.name, info.Keys, err)
			}
		}
	})
}

// TestReadAfterUpdate reads at each node, by the cursor of an update at another, what it did.
func TestReadAfterUpdate(t *testing.T) {
	run(t, three(), func(w *world) {
		w.startAll()
		w.collect()
		random := w.source()
		for i := range 54 {
			typ, key := keyed.Types()[i%9], fmt.Sprint("key", i)
			from, to := w.places[i%3], w.places[(i+1+i/9%2)%3]
			o := keyed.Some(typ, 1, random)
			for slices.Contains([]string{"delete", "remove", "decrement", "disable"}, o.Verb) {
				o = keyed.Some(typ, 1, random)
			}
			e, err := from.now().client.Update(w.t.Context(), typ, key, o.Body(), client.UpdateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			state := keyed.New(typ)
			state.Apply(o, 1, 0, 1)
			got, err := to.now().client.Entry(w.t.Context(), typ, key, e.Cursor)
			if err != nil {
				t.Fatalf("%s %s at %s after it was done at %s: %v", typ, o.Body(), to.name, from.name, err)
			}
			if err := state.Check(keyed.Shown{Value: got.Value}); err != nil {
				t.Errorf("%s at %s: %v", typ, to.name, err)
			}
		}
	})
}
