package nodetest

import (
	"errors"
	"testing"
	"time"

	"github.com/edgedhq/edged"
)

// TestHalves is row 24: both sides of a partition go on by themselves, and agree after it.
func TestHalves(t *testing.T) {
	run(t, []string{"eu", "eu", "us", "us"}, func(w *world) {
		w.startAll()
		w.roam()
		load := w.load("load", 50*time.Millisecond, w.places...)
		w.part(w.places[:2], w.places[2:])
		time.Sleep(15 * time.Second)
		for _, p := range w.places {
			if err := w.at(p, "region").publish(); err != nil {
				t.Errorf("region at %s: %v", p.name, err)
			}
			if err := w.at(p, "regions:2").publish(); !errors.Is(err, edged.LevelUnreachable) && !errors.Is(err, edged.AckTimeout) {
				t.Errorf("regions:2 at %s: %v", p.name, err)
			}
		}
		time.Sleep(20 * time.Second)
		load.end()
		w.heal()
		w.converge(5 * time.Second)
	})
}

// TestBridge is row 27: two nodes that do not reach each other have all from a third.
func TestBridge(t *testing.T) {
	run(t, three(), func(w *world) {
		w.startAll()
		w.roam()
		w.part(w.places[:1], w.places[1:2])
		load := w.load("load", 50*time.Millisecond, w.places...)
		time.Sleep(30 * time.Second)
		load.end()
		w.converge(5 * time.Second)
	})
}

// TestOneWay is row 26: packets are lost in one direction.
func TestOneWay(t *testing.T) {
	run(t, three(), func(w *world) {
		w.startAll()
		w.roam()
		a, b := w.places[0], w.places[1]
		one := calm()
		one.Cut = true
		w.net.Set(a.mesh, b.mesh, one)
		load := w.load("load", 50*time.Millisecond, w.places...)
		time.Sleep(15 * time.Second)
		downs := w.downs()
		time.Sleep(30 * time.Second)
		if n := w.downs() - downs; n > 2 {
			t.Errorf("%d changes of state in 30 s", n)
		}
		load.end()
		w.converge(5 * time.Second)
	})
}

// TestTwoHours is row 28: a partition longer than every timer of gossip heals by itself.
func TestLongPartition(t *testing.T) {
	run(t, three(), func(w *world) {
		w.startAll()
		w.roam()
		w.part(w.places[:1], w.places[1:])
		load := w.load("load", time.Minute, w.places...)
		w.last(2*time.Hour, 20*time.Minute)
		load.end()
		w.heal()
		w.meet(30 * time.Second)
	})
}

// TestFlapping is row 34: a node comes and goes every 2 s for 10 min.
func TestFlapping(t *testing.T) {
	run(t, three(), func(w *world) {
		w.startAll()
		w.roam()
		load := w.load("load", time.Second, w.places...)
		for range w.count(150, 15) {
			w.part(w.places[:1], w.places[1:])
			time.Sleep(2 * time.Second)
			w.heal()
			time.Sleep(2 * time.Second)
		}
		load.end()
	})
}
