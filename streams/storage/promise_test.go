package storage

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
)

func TestPromise(t *testing.T) {
	s, clock := started(t)
	w := newWriter(s, logOf(t, s, "s", 0))
	var told, last int64
	s.WatchHeads(func(heads []edged.Head) { told = heads[0].Newest.Wall })
	for i := range 100 {
		clock.pass(time.Duration(i%7*100) * time.Millisecond)
		if i%3 == 0 {
			w.write(t, 2)
			last = w.blocks[0].Header().HLC.Wall
		}
		wall, err := s.Promise(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if wall > s.ceiling.durable.Load() || wall < last || told != last {
			t.Fatalf("step %d: promised %d, ceiling %d, last stamp %d, told of %d", i, wall, s.ceiling.durable.Load(), last, told)
		}
		last = max(last, told)
	}
}

// TestQuietPromises writes the ceiling once in two seconds while nothing is appended.
func TestQuietPromises(t *testing.T) {
	s, clock := started(t)
	written := 0
	was := s.ceiling.durable.Load()
	for range 60 {
		clock.pass(time.Second)
		if _, err := s.Promise(context.Background()); err != nil {
			t.Fatal(err)
		}
		if now := s.ceiling.durable.Load(); now != was {
			written, was = written+1, now
		}
		if ahead := was - clock.Now().UnixNano(); ahead < 0 || ahead > quietAhead {
			t.Fatalf("the ceiling is %d ns ahead", ahead)
		}
	}
	if written != 20 {
		t.Errorf("the ceiling was written %d times in 60 s", written)
	}
}

// TestPromiseKept panics rather than append below a promise.
func TestPromiseKept(t *testing.T) {
	s, clock := started(t)
	l := logOf(t, s, "s", 0)
	stale := at(0)
	clock.pass(time.Second)
	if _, err := s.Promise(context.Background()); err != nil {
		t.Fatal(err)
	}
	var build block.Builder
	build.Start(block.Place{Log: l.ID(), First: 1, HLC: stale})
	build.Add(&edged.Draft{})
	b := build.Seal(block.None)
	submit(s, func(g *Group) {
		defer func() {
			if recover() == nil {
				t.Error("a broken promise, and no panic")
			}
		}()
		g.PutBlock(l, b)
	})
}

func TestPromiseGivenUp(t *testing.T) {
	clock := newClock()
	s := open(t, vfs.NewMem(), clock, testOptions(t, clock)) // nobody runs it
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Promise(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want the context's end", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestWatchHeads tells each move of each log once, in order.
func TestWatchHeads(t *testing.T) {
	clock := newClock()
	s := open(t, vfs.NewMem(), clock, testOptions(t, clock))
	var told []edged.Head
	s.WatchHeads(func(heads []edged.Head) { told = append(told, heads...) })
	stop := run(t, s)
	w := newWriter(s, logOf(t, s, "own", 0))
	w.write(t, 2, 3)
	size := len(w.blocks[0].Bytes()) + len(w.blocks[1].Bytes())
	o := newOrigin("us", "s")
	blocks, l := sealed(o, 4), o.log(t, s)
	ingest(s, l, blocks[0])
	ingest(s, l, blocks[2])                             // the head stays
	submit(s, func(g *Group) { g.Set(Lent, nil, nil) }) // nothing moves
	ingest(s, l, blocks[1])
	submit(s, func(g *Group) { g.Retire(w.log, 3) })
	ends := func(i int) edged.Sequence { return blocks[i].Header().Last() }
	bytes := func(i int) int { return len(blocks[i].Bytes()) }
	own, theirs := w.log.Position(), l.Position()
	want := []edged.Head{
		{Name: own.Name, Log: own.Log, Start: 1, Head: 5, Before: 0, Bytes: size, Chain: own.Chain, Newest: own.Newest},
		{Name: theirs.Name, Log: theirs.Log, Start: 1, Head: ends(0), Before: 0, Bytes: bytes(0), Chain: blocks[0].Chain(), Newest: blocks[0].Header().Newest()},
		{Name: theirs.Name, Log: theirs.Log, Start: 1, Head: ends(2), Before: ends(0), Bytes: bytes(1) + bytes(2), Chain: theirs.Chain, Newest: theirs.Newest},
		{Name: own.Name, Log: own.Log, Start: 3, Head: 5, Before: 5, Chain: own.Chain, Newest: own.Newest},
	}
	if !slices.Equal(told, want) {
		t.Errorf("told %+v\nwant %+v", told, want)
	}
	if err := errors.Join(stop(), s.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestAccountAllocates nothing, with a watcher and without.
func TestAccountAllocates(t *testing.T) {
	clock := newClock()
	s := open(t, vfs.NewMem(), clock, testOptions(t, clock))
	defer s.Close()
	g := &Group{store: s}
	for i := range 8 {
		l := logOf(t, s, "s", edged.Partition(i))
		g.moved = append(g.moved, moved{log: l, state: State{Start: 1}})
	}
	for _, watched := range []bool{false, true} {
		if watched {
			s.WatchHeads(func([]edged.Head) {})
		}
		s.account(g)
		n := testing.AllocsPerRun(100, func() {
			for i := range g.moved {
				g.moved[i].state.Head++
			}
			s.account(g)
		})
		if n != 0 {
			t.Errorf("%v allocations, watched %v", n, watched)
		}
	}
}
