package collections

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgedhq/edged"
)

func TestABoundIsNeverPassed(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.site("a", "b", "c")
		bound := int64(100)
		w.sites["a"].put(edged.Collection{Name: "seats", Type: "bounded_counter", Max: &bound})
		w.settled()
		taken, refused := 0, 0
		try := func(s *site, n int) {
			_, err := s.try("seats", "flight", fmt.Sprintf(`{"increment":%d}`, n))
			switch {
			case err == nil:
				taken += n
			case errors.Is(err, edged.LimitReached):
				refused++
			default:
				t.Fatal(err)
			}
		}
		if try(w.sites["b"], 10); taken > 0 {
			t.Error("b takes rights that are a's")
		}
		w.settled() // a hands some on
		if try(w.sites["b"], 10); taken != 10 {
			t.Errorf("b was refused again: %d taken", taken)
		}
		w.mesh.Cut("c")
		for i := range 60 {
			try(w.sites[[]string{"a", "b", "c"}[i%3]], 3)
			time.Sleep(500 * time.Millisecond)
		}
		w.mesh.Heal("c")
		for i := range 60 {
			try(w.sites[[]string{"a", "b", "c"}[i%3]], 1)
			time.Sleep(1500 * time.Millisecond)
			synctest.Wait()
		}
		w.agree("seats")
		if taken != 100 || refused == 0 {
			t.Errorf("%d seats taken, %d refused", taken, refused)
		}
		for label, s := range w.sites {
			if got := s.value("seats", "flight"); got != fmt.Sprint(taken) {
				t.Errorf("%s shows %s, taken %d", label, got, taken)
			}
		}
	})
}

// Two regions make one name while they are cut off from one another: the rights from the beginning
// are the earlier one's, and until that is sure they are nobody's.
func TestTheFirstRightsAreOneOrigins(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.site("a", "b")
		a, b := w.sites["a"], w.sites["b"]
		var frontier atomic.Int64
		for _, s := range w.sites {
			s.stop()
			s.opts.Frontier = frontier.Load
			s.run()
		}
		w.mesh.Cut("b")
		low := int64(-10)
		a.put(edged.Collection{Name: "credit", Type: "bounded_counter", Min: &low})
		time.Sleep(time.Second)
		b.put(edged.Collection{Name: "credit", Type: "bounded_counter", Min: &low})
		for _, s := range w.sites {
			if _, err := s.try("credit", "k", `{"decrement":1}`); !errors.Is(err, edged.LimitReached) {
				t.Errorf("before it is sure who was first: %v", err)
			} else if !strings.Contains(err.Error(), "once all nodes have been heard of") {
				t.Errorf("does not say what it waits for: %v", err)
			}
		}
		w.mesh.Heal("b")
		w.settled()
		frontier.Store(time.Now().UnixNano())
		if _, err := b.try("credit", "k", `{"decrement":1}`); !errors.Is(err, edged.LimitReached) || strings.Contains(err.Error(), "heard of") {
			t.Errorf("b was second: %v", err)
		}
		if got := a.ops("credit", "k", `{"decrement":5}`); got != "-5" {
			t.Errorf("a gives %s", got)
		}
		w.agree("credit")
	})
}

// Two regions make one bounded counter with two bounds: one of them counts, everywhere.
func TestTwoBoundsUnderOneName(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.site("a", "b")
		a, b := w.sites["a"], w.sites["b"]
		w.mesh.Cut("b")
		low, high := int64(-10), int64(10)
		a.put(edged.Collection{Name: "x", Type: "bounded_counter", Min: &low})
		a.ops("x", "k", `{"increment":7}`)
		time.Sleep(time.Second)
		b.put(edged.Collection{Name: "x", Type: "bounded_counter", Max: &high})
		w.mesh.Heal("b")
		w.settled()
		for label, s := range w.sites {
			if info, err := s.Collection("x"); err != nil || info.Max == nil || info.Min != nil || info.Keys != 1 {
				t.Errorf("%s shows %+v, %v", label, info, err)
			}
			if got := s.value("x", "k"); got != "7" {
				t.Errorf("%s shows %s", label, got)
			}
		}
		w.agree("x")
	})
}

func TestOldRequestsForRightsAreNotAnswered(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.site("a", "b")
		a, b := w.sites["a"], w.sites["b"]
		bound := int64(100)
		a.put(edged.Collection{Name: "seats", Type: "bounded_counter", Max: &bound})
		w.settled()
		w.mesh.Cut("b")
		if _, err := b.try("seats", "k", `{"increment":1}`); !errors.Is(err, edged.LimitReached) {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		w.mesh.Heal("b")
		w.settled()
		if got := a.Stats().Appends; got != 0 {
			t.Errorf("an old request is answered: %d appends", got)
		}
	})
}
