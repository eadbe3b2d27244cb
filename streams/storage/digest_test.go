package storage

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
)

// plainHeads computes the heads at a tick from all blocks held; 0 is now.
func plainHeads(held map[edged.LogID][]block.Block, tick int64) []edged.Head {
	var heads []edged.Head
	for id, blocks := range held {
		h := edged.Head{Log: id}
		for _, b := range blocks {
			if tick == 0 || b.Header().HLC.Wall < tick*int64(time.Second) {
				h.Head, h.Chain = b.Header().Last(), b.Chain()
			}
		}
		if h.Head > 0 {
			heads = append(heads, h)
		}
	}
	slices.SortFunc(heads, func(a, b edged.Head) int { return slices.Compare(a.Log[:], b.Log[:]) })
	return heads
}

// agree holds sums and listed heads at all ticks to the plain computation.
func agree(t *testing.T, s *Store, held map[edged.LogID][]block.Block, now int64) {
	t.Helper()
	for tick := now - ticksBack - 1; tick <= now+2; tick++ {
		asked := tick
		if tick == now-ticksBack-1 { // as now
			asked = 0
		}
		want := plainHeads(held, asked)
		var sums [edged.Shards]edged.Sum
		for _, h := range want {
			sums[h.Log[0]].Add(h.Term())
		}
		if got := s.Sums(tick); got != sums {
			t.Fatalf("tick now%+d: other sums", tick-now)
		}
		var listed []edged.Head
		for more := true; more; {
			var after edged.LogID
			if n := len(listed); n > 0 {
				after = listed[n-1].Log
			}
			heads, err := s.ListHeads(tick, nil, after, 3)
			if err != nil {
				t.Fatal(err)
			}
			listed = append(listed, heads...)
			more = len(heads) == 3
		}
		same := func(a, b edged.Head) bool {
			return a.Log == b.Log && a.Name.ID() == a.Log && a.Head == b.Head && a.Chain == b.Chain
		}
		if !slices.EqualFunc(listed, want, same) {
			t.Fatalf("tick now%+d: heads %v, want %v", tick-now, listed, want)
		}
		if len(want) == 0 {
			continue
		}
		shard := []byte{want[len(want)/2].Log[0]}
		want = slices.DeleteFunc(want, func(h edged.Head) bool { return h.Log[0] != shard[0] })
		before := edged.LogID{shard[0] / 2}
		if heads, err := s.ListHeads(tick, shard, before, 100); err != nil || !slices.EqualFunc(heads, want, same) {
			t.Fatalf("tick now%+d, shard %x: heads %v, %v, want %v", tick-now, shard, heads, err, want)
		}
	}
}

// TestDigestAtTick appends, takes in blocks of other origins in time and late, lets time pass and
// starts again, and holds the digests of all ticks to what follows from the blocks alone.
func TestDigestAtTick(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { digests(t, rand.New(rand.NewPCG(seed, 6))) })
	}
}

func digests(t *testing.T, random *rand.Rand) {
	fs, clock := vfs.NewMem(), newClock()
	s := open(t, fs, clock, testOptions(t, clock))
	stop := run(t, s)
	held := make(map[edged.LogID][]block.Block)
	var others []*origin
	sent := make(map[*origin]int)
	for i := range 6 {
		others = append(others, newOrigin(fmt.Sprintf("us%d", i%2), fmt.Sprintf("s%d", i)))
	}
	own := newWriter(s, logOf(t, s, "own", 0))
	for range 60 {
		clock.pass(time.Duration(random.IntN(1500)) * time.Millisecond)
		for _, o := range others { // each at its own clock, half a second off at most
			if random.IntN(3) == 0 {
				wall := clock.Now().Add(time.Duration(random.IntN(1000)-500) * time.Millisecond)
				if n := len(o.blocks); n > 0 {
					wall = time.Unix(0, max(wall.UnixNano(), o.blocks[n-1].Header().HLC.Wall+1))
				}
				o.seal(edged.Timestamp{Wall: wall.UnixNano()}, 1+random.IntN(3), 10)
			}
			if random.IntN(4) == 0 && sent[o] < len(o.blocks) {
				ingest(s, o.log(t, s), o.blocks[sent[o]:]...)
				sent[o] = len(o.blocks)
				held[o.head.Log] = slices.Clone(o.blocks)
			}
		}
		if random.IntN(2) == 0 {
			own.write(t, 1+random.IntN(3))
			held[own.log.ID()] = append(held[own.log.ID()], own.blocks...)
		}
		if random.IntN(10) == 0 {
			if err := errors.Join(stop(), s.Close()); err != nil {
				t.Fatal(err)
			}
			s = open(t, fs, clock, testOptions(t, clock))
			stop = run(t, s)
			own = newWriter(s, logOf(t, s, "own", 0))
		}
		if len(held) > 0 {
			agree(t, s, held, clock.Now().Unix())
		}
		newestOf(t, s, held)
	}
	clock.pass(time.Hour)
	own.write(t, 1)
	if n := len(s.digest.active); n != 1 {
		t.Errorf("%d logs are kept as active after an hour, want the one", n)
	}
	if err := errors.Join(stop(), s.Close()); err != nil {
		t.Fatal(err)
	}
}

// newestOf finds each log by its id, and holds the origins' newest stamps to the blocks.
func newestOf(t *testing.T, s *Store, held map[edged.LogID][]block.Block) {
	t.Helper()
	newest := make(map[edged.OriginID]edged.Timestamp)
	for _, blocks := range held {
		h := blocks[len(blocks)-1].Header()
		l, err := s.Find(h.Log)
		if err != nil || l == nil {
			t.Fatalf("log not found: %v", err)
		}
		if id := l.Name().Origin.ID; newest[id].Compare(h.Newest()) < 0 {
			newest[id] = h.Newest()
		}
	}
	origins := s.Origins()
	for i, o := range origins {
		if o.Newest != newest[o.Origin.ID] || o.Origin.Label == "" || i > 0 && origins[i-1].Origin.ID.Compare(o.Origin.ID) >= 0 {
			t.Fatalf("origins %v, want %v", origins, newest)
		}
	}
	if len(origins) != len(newest) {
		t.Fatalf("%d origins, want %d", len(origins), len(newest))
	}
}

// TestPastIsBounded keeps no more of a log whose stamps lie in the future than of any.
func TestPastIsBounded(t *testing.T) {
	s, clock := started(t)
	o := newOrigin("us", "s")
	for i := range 1000 {
		o.seal(at(time.Duration(i)*time.Second), 1, 1)
	}
	ingest(s, o.log(t, s), o.blocks...)
	if n := len(s.digest.active[o.head.Log].places); n > placesMax {
		t.Errorf("%d places", n)
	}
	agree(t, s, map[edged.LogID][]block.Block{o.head.Log: o.blocks}, clock.Now().Unix())
}

// TestIndexOfOlderDatabase gives an index to a database that has none.
func TestIndexOfOlderDatabase(t *testing.T) {
	fs, clock := vfs.NewMem(), newClock()
	s := open(t, fs, clock, testOptions(t, clock))
	stop := run(t, s)
	var all []*Log
	for i := range 20 {
		w := newWriter(s, logOf(t, s, "s", edged.Partition(i)))
		w.write(t, 1)
		all = append(all, w.log)
	}
	submit(s, func(g *Group) {
		g.DeleteRange(spaceIndex, nil, nil)
		g.Delete(spaceNode, indexedKey[1:])
	})
	sums := s.Sums(0)
	if err := errors.Join(stop(), s.Close()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s = open(t, fs, clock, testOptions(t, clock))
		for _, l := range all {
			if found, err := s.Find(l.ID()); err != nil || found == nil || found.Name() != l.Name() {
				t.Fatalf("%v: found %v, %v", l.Name(), found, err)
			}
		}
		if s.Sums(0) != sums {
			t.Error("other sums after a restart")
		}
		if found, err := s.Find(edged.LogID{1}); found != nil || err != nil {
			t.Errorf("a log that is not there: %v, %v", found, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSecond(t *testing.T) {
	for wall, want := range map[int64]int64{0: 0, 1e9 - 1: 0, 1e9: 1, -1: -1, -1e9: -1, -1e9 - 1: -2} {
		if got := second(wall); got != want {
			t.Errorf("second of %d: %d, want %d", wall, got, want)
		}
	}
}
