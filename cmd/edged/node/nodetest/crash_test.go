package nodetest

import (
	"errors"
	"testing"
	"time"

	"github.com/edgedhq/edged"
)

// TestPowerCuts takes power from one node after the other under load. Nothing had left a node that
// its disk did not hold, so each goes on under its origin.
func TestPowerCuts(t *testing.T) {
	run(t, three(), func(w *world) {
		w.startAll()
		w.roam()
		var before []string
		for _, p := range w.places {
			before = append(before, p.origin())
		}
		load := w.load("load", 40*time.Millisecond, w.places...)
		for range 8 {
			time.Sleep(time.Duration(w.draw(5000)) * time.Millisecond)
			p := w.places[w.draw(3)]
			p.crash()
			time.Sleep(time.Duration(w.draw(4000)) * time.Millisecond)
			if p.now() == nil {
				p.start()
			}
		}
		load.end()
		w.meet(45 * time.Second)
		for i, p := range w.places {
			if p.origin() != before[i] {
				t.Errorf("%s took a new origin: a peer held more of the old one than its disk", p.name)
			}
		}
	})
}

// TestPowerCutsOfMemory is the same where some publish at memory: their events may go, a new
// origin comes, and nobody waits for what is lost.
func TestPowerCutsOfMemory(t *testing.T) {
	run(t, three(), func(w *world) {
		w.startAll()
		load := w.load("load", 50*time.Millisecond, w.places...)
		for range 4 {
			p := w.places[w.draw(3)]
			before := p.origin()
			wr := w.writer(p, "memory"+time.Since(w.began).String())
			wr.ack = "memory"
			wr.must(20)
			p.crash()
			p.start()
			w.meet(30 * time.Second)
			if p.origin() == before {
				t.Errorf("%s kept its origin after an unclean stop with events shown early", p.name)
			}
		}
		load.end()
	})
}

// TestEmptyDisk is row 14: a node loses its disk, and is cut off at first when it comes back;
// nothing that reached a peer is lost.
func TestEmptyDisk(t *testing.T) {
	run(t, three(), func(w *world) {
		w.startAll()
		w.roam()
		c := w.places[2]
		load := w.load("load", 50*time.Millisecond, w.places[:2]...)
		w.at(c, "regions:2").must(10)
		before := c.origin()
		c.crash()
		c.disk = w.newDisk()
		w.part([]*place{c}, w.places[:2])
		c.start()
		w.writer(c, "alone").must(10)
		if c.origin() == before {
			t.Error("the origin was kept")
		}
		w.gone = append(w.gone, before)
		w.heal()
		w.meet(30 * time.Second)
		w.at(c, "regions:2").must(10)
		load.end()
	})
}

// TestOldCopy is row 15: a node's disk is put back to what it was, by an image of the machine. It
// takes a new origin before its first append, and what it had sent comes back from the others.
func TestOldCopy(t *testing.T) {
	run(t, three(), func(w *world) {
		w.startAll()
		c := w.places[2]
		w.writer(c, "before").must(10)
		c.end()
		image := c.disk.Crash(0, nil)
		c.start()
		w.meet(15 * time.Second)
		before := c.origin()
		w.at(c, "regions:3").must(10)
		c.crash()
		c.disk = image
		c.start()
		w.writer(c, "after").must(10)
		if c.origin() == before {
			t.Error("the origin was kept")
		}
		w.gone = append(w.gone, before)
	})
}

// TestCopiedDirectory starts a copy of a stopped node's directory in its place: the number of its
// files gives it away.
func TestCopiedDirectory(t *testing.T) {
	run(t, three(), func(w *world) {
		w.startAll()
		c := w.places[2]
		w.writer(c, "before").must(10)
		before := c.origin()
		c.end()
		w.inodes++
		c.disk = c.disk.Copy(w.inodes)
		c.start()
		w.writer(c, "after").must(10)
		if c.origin() == before {
			t.Error("the origin was kept")
		}
		w.gone = append(w.gone, before)
	})
}

// TestTwins is row 13: the image of one node is started beside it. The later refuses publishes,
// the earlier goes on under a new origin.
func TestTwins(t *testing.T) {
	run(t, three(), func(w *world) {
		w.startAll()
		c := w.places[2]
		w.writer(c, "before").must(10)
		before := c.origin()
		twin := &place{w: w, name: c.name, region: c.region, mesh: "10.0.9.9:7946", disk: c.disk.Crash(0, nil), doomed: true}
		twin.start()
		defer twin.end()
		wr := w.writer(twin, "twin")
		w.within(30*time.Second, "the later twin to refuse publishes", func() bool {
			return errors.Is(wr.publish(), edged.IdentityConflict)
		})
		w.within(10*time.Second, "the earlier twin to have a new origin", func() bool { return c.origin() != before })
		w.writer(c, "after").must(10)
		w.gone = append(w.gone, before)
	})
}
