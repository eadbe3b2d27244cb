package storage

import (
	"errors"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
)

// endOf is the end of a log after a block.
func endOf(l *Log, b block.Block) edged.LogEnd {
	return edged.LogEnd{Log: l.ID(), Head: b.Header().Last(), Chain: b.Chain()}
}

// pastOf is a time after all stamps of a block.
func pastOf(b block.Block) int64 { return b.Header().Newest().Wall + 1 }

// finish ends an origin where others have agreed, at stamps before a time.
func finish(t *testing.T, s *Store, o edged.Origin, before int64, ends ...edged.LogEnd) {
	t.Helper()
	var sum edged.Sum
	for i := range ends {
		sum.Add(ends[i].Term())
	}
	submit(s, func(g *Group) { g.Limit(o.ID, before, ends, true) })
	beyond, err := s.Beyond(o)
	if err != nil {
		t.Fatal(err)
	}
	c := Closure{Sum: sum, Whole: true}
	submit(s, func(g *Group) { g.Conclude(o.ID, c, beyond) })
	s.SetAside(o, c, beyond)
	if got, closed := s.Closed(o.ID); !closed || got != c {
		t.Fatalf("closed %v, %+v", closed, got)
	}
}

// TestWhatIsBeyondTheEndIsSetAside holds a node that has more of a sealed origin than counts to one
// that holds just that: both say the same of its logs, now and after a restart.
func TestWhatIsBeyondTheEndIsSetAside(t *testing.T) {
	fs, clock := vfs.NewMem(), newClock()
	s := open(t, fs, clock, testOptions(t, clock))
	stop := run(t, s)
	o, tail := newOrigin("us", "s"), newOrigin("us", "tail")
	blocks, unknown := sealed(o, 6), sealed(tail, 2)
	l, only := o.log(t, s), tail.log(t, s)
	ingest(s, l, blocks[:5]...)
	ingest(s, only, unknown...)

	plain := open(t, vfs.NewMem(), clock, testOptions(t, clock))
	stopPlain := run(t, plain)
	ingest(plain, o.log(t, plain), blocks[:3]...)

	finish(t, s, o.name.Origin, pastOf(blocks[2]), endOf(l, blocks[2]))
	check := func(when string) {
		t.Helper()
		l, only := o.log(t, s), tail.log(t, s)
		want := o.log(t, plain).Position()
		if got := l.Position(); got != want {
			t.Errorf("%s: position %+v, want %+v", when, got, want)
		}
		if got := l.Durable().Head; got != blocks[4].Header().Last() {
			t.Errorf("%s: head %d: what is beyond is not there any more", when, got)
		}
		if got := only.Position(); got.Head != 0 || got.Term() != (edged.Sum{}) {
			t.Errorf("%s: a log of which nothing counts stands at %+v", when, got)
		}
		for _, tick := range []int64{0, clock.Now().Unix() + 1} { // of ticks between the blocks none is compared any more
			if s.Sums(tick) != plain.Sums(tick) {
				t.Errorf("%s: other sums at tick %d", when, tick)
			}
			mine, err := s.ListHeads(tick, nil, edged.LogID{}, 100)
			theirs, err2 := plain.ListHeads(tick, nil, edged.LogID{}, 100)
			if err = errors.Join(err, err2); err != nil || len(mine) != len(theirs) || len(mine) > 0 && mine[0] != theirs[0] {
				t.Errorf("%s: tick %d: heads %+v, want %+v, %v", when, tick, mine, theirs, err)
			}
		}
		if got := ingest(s, l, blocks[5]); got[0] != edged.Sealed {
			t.Errorf("%s: the next block: %s", when, got[0])
		}
		if aside := s.Aside(); len(aside) != 2 || aside[0].Name.Origin != o.name.Origin {
			t.Errorf("%s: set aside %+v", when, aside)
		}
	}
	check("at once")
	if err := errors.Join(stop(), s.Close()); err != nil {
		t.Fatal(err)
	}
	s = open(t, fs, clock, testOptions(t, clock))
	stop = run(t, s)
	check("after a restart")
	submit(s, func(g *Group) { g.DropLogs("tail", 1) })
	submit(s, func(g *Group) { g.DropLogs("s", 1) })
	if s.Sums(0) != ([edged.Shards]edged.Sum{}) || len(s.Aside()) != 0 {
		t.Error("something is left of the logs of deleted streams")
	}
	if err := errors.Join(stop(), s.Close(), stopPlain(), plain.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestALateNodeTakesWhatCounts lets a node that was away take a sealed origin's logs up to their ends,
// from behind a hole too, and nothing after.
func TestALateNodeTakesWhatCounts(t *testing.T) {
	clock := newClock()
	s := open(t, vfs.NewMem(), clock, testOptions(t, clock))
	stop := run(t, s)
	o, other := newOrigin("us", "s"), newOrigin("us", "unshipped")
	blocks, beyond := sealed(o, 6), sealed(other, 1)
	l := o.log(t, s)
	ingest(s, l, blocks[0])
	if got := ingest(s, l, blocks[5]); got[0] != edged.Sparse {
		t.Fatalf("behind a hole: %s", got[0])
	}
	finish(t, s, o.name.Origin, pastOf(blocks[3]), endOf(l, blocks[3]))
	if got := ingest(s, other.log(t, s), beyond...); got[0] != edged.Sealed {
		t.Errorf("a log that nobody of the roll held: %s", got[0])
	}
	for i, want := range []edged.Outcome{1: edged.Held, 2: edged.Held, 3: edged.Held, 4: edged.Sealed, 5: edged.Sealed} {
		if i == 0 {
			continue
		}
		if got := ingest(s, l, blocks[i]); got[0] != want {
			t.Errorf("block %d: %s, want %s", i, got[0], want)
		}
	}
	if l.Position().Head != blocks[3].Header().Last() || len(s.Aside()) != 0 {
		t.Errorf("position %+v, aside %+v", l.Position(), s.Aside())
	}
	if err := errors.Join(stop(), s.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestALaterEndCounts moves the end of an origin, as a roll of a higher number does.
func TestALaterEndCounts(t *testing.T) {
	clock := newClock()
	s := open(t, vfs.NewMem(), clock, testOptions(t, clock))
	stop := run(t, s)
	o := newOrigin("us", "s")
	blocks, l := sealed(o, 6), o.log(t, s)
	ingest(s, l, blocks[:4]...)
	whole := s.Sums(0)
	finish(t, s, o.name.Origin, pastOf(blocks[1]), endOf(l, blocks[1]))
	if s.Sums(0) == whole {
		t.Error("the sums have what is beyond the end")
	}
	finish(t, s, o.name.Origin, pastOf(blocks[3]), endOf(l, blocks[3]))
	if s.Sums(0) != whole || len(s.Aside()) != 0 || l.Position().Head != blocks[3].Header().Last() {
		t.Errorf("position %+v, aside %+v", l.Position(), s.Aside())
	}
	finish(t, s, o.name.Origin, pastOf(blocks[4]), endOf(l, blocks[4]))
	if got := ingest(s, l, blocks[4], blocks[5]); got[0] != edged.Held || got[1] != edged.Sealed {
		t.Errorf("the blocks up to a later end, and past it: %v", got)
	}
	other := newOrigin("us", "s") // another history
	other.seal(at(time.Second), 1, 9)
	finish(t, s, o.name.Origin, at(time.Hour).Wall, edged.LogEnd{Log: l.ID(), Head: 1, Chain: other.blocks[0].Chain()})
	if !l.Durable().Forked || s.Sums(0) != ([edged.Shards]edged.Sum{}) {
		t.Error("a log of another history than the one that counts is not frozen")
	}
	if err := errors.Join(stop(), s.Close()); err != nil {
		t.Fatal(err)
	}
}
