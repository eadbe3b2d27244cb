package storage

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/edgedhq/edged"
)

// TestMint changes the origin at run time, also over a crash right after.
func TestMint(t *testing.T) {
	for _, seal := range []bool{true, false} {
		fs, clock := vfs.NewCrashableMem(), newClock()
		s := open(t, fs, clock, testOptions(t, clock))
		stop := run(t, s)
		if err := s.Expose(); err != nil {
			t.Fatal(err)
		}
		w := newWriter(s, logOf(t, s, "s", 0))
		w.write(t, 4)
		old := s.Origin()
		lost := &origin{name: w.log.Name(), head: w.log.Position()}
		next := lost.seal(at(time.Second), 1, 5)
		var minted edged.Origin
		submit(s, func(g *Group) { minted = g.Mint("newer", seal) })
		if minted == old || s.Origin() != minted || s.Stats().Minted != "newer" || w.log.Sealed() != seal {
			t.Fatalf("origin %v became %v, now %v, minted for %q, sealed %v", old, minted, s.Origin(), s.Stats().Minted, w.log.Sealed())
		}
		want := edged.Held // another node has more of the old origin
		if seal {
			want = edged.Sealed
		}
		if got := ingest(s, w.log, next); got[0] != want {
			t.Errorf("sealed %v: a block of the old origin: %v", seal, got)
		}
		other := newWriter(s, logOf(t, s, "s", 0))
		other.write(t, 1)
		image := lose(t, fs)
		if err := errors.Join(stop(), s.Close()); err != nil {
			t.Fatal(err)
		}
		s = open(t, fs, clock, testOptions(t, clock))
		if s.Origin() != minted || len(s.SelfSealed()) != map[bool]int{true: 1}[seal] {
			t.Errorf("after a clean stop: %v, %v", s.Origin(), s.SelfSealed())
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, image, clock, testOptions(t, clock)) // unclean and exposed
		ids := make([]edged.OriginID, 0, 2)
		for _, z := range s.SelfSealed() {
			ids = append(ids, z.Origin.ID)
		}
		if !slices.Contains(ids, minted.ID) || slices.Contains(ids, old.ID) != seal {
			t.Errorf("after a crash: sealed %v, want %v, and %v: %v", ids, minted.ID, old.ID, seal)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSeal takes nothing of an origin from its end on, across restarts, and not from behind a hole
// either.
func TestSeal(t *testing.T) {
	fs, clock := vfs.NewMem(), newClock()
	s := open(t, fs, clock, testOptions(t, clock))
	stop := run(t, s)
	o := newOrigin("us", "s")
	blocks, l := sealed(o, 6), o.log(t, s)
	ingest(s, l, blocks[0], blocks[3])
	end := blocks[3].Header().HLC.Wall
	submit(s, func(g *Group) {
		g.Seal(o.name.Origin.ID, end)
		g.Seal(o.name.Origin.ID, end+1) // it does not move on
	})
	const held, over = edged.Held, edged.Sealed
	want := []edged.Outcome{over, held, over, held, over}
	if got := ingest(s, l, blocks[4], blocks[1], blocks[3], blocks[2], blocks[3]); !slices.Equal(got, want) || !l.Sealed() {
		t.Errorf("%v, want %v; sealed %v", got, want, l.Sealed())
	}
	if head := l.Durable().Head; head != blocks[2].Header().Last() || s.Stats().BeyondBytes != 0 {
		t.Errorf("head %d, %d bytes beyond", head, s.Stats().BeyondBytes)
	}
	if err := errors.Join(stop(), s.Close()); err != nil {
		t.Fatal(err)
	}
	s = open(t, fs, clock, testOptions(t, clock))
	stop = run(t, s)
	if got := ingest(s, o.log(t, s), blocks[3]); got[0] != over || len(s.SelfSealed()) != 0 {
		t.Errorf("after a restart: %v, own %v", got, s.SelfSealed())
	}
	if err := errors.Join(stop(), s.Close()); err != nil {
		t.Fatal(err)
	}
}
