package storage

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
)

// arrivals is blocks of other nodes' logs on their way into a store, in no good order, and now and
// then a gap.
type arrivals struct {
	store   *Store
	random  *rand.Rand
	origins []*origin
	logs    []*Log
	all     sync.WaitGroup

	mu    sync.Mutex
	acked map[edged.LogID]edged.Sequence
}

// Stage takes in some blocks from just before the head to a little beyond it.
func (a *arrivals) Stage(g *Group) {
	for i, l := range a.logs {
		blocks := a.origins[i].blocks
		at := 0
		for at < len(blocks) && blocks[at].Header().First <= l.Staged().Head {
			at++
		}
		for range a.random.IntN(5) {
			g.Ingest(l, blocks[min(len(blocks)-1, max(0, at-1+a.random.IntN(6)))])
		}
		if a.random.IntN(20) == 0 && at < len(blocks) {
			g.Skip(l, blocks[at].Header().Last(), blocks[at].Chain(), "lost")
		}
	}
}

func (a *arrivals) Durable() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, l := range a.logs {
		a.acked[l.ID()] = l.Durable().Head
	}
	a.all.Done()
}

// TestPowerCutsOfIngest opens images of a crash while blocks come in: each log is its origin's up
// to its head, but for the gaps that are told, and nothing is left beyond.
func TestPowerCutsOfIngest(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	fs, clock := vfs.NewCrashableMem(), newClock()
	a := &arrivals{random: rand.New(rand.NewPCG(seed, 1)), acked: make(map[edged.LogID]edged.Sequence)}
	a.store = open(t, fs, clock, testOptions(t, clock))
	for i := range 5 {
		o := newOrigin(fmt.Sprintf("us%d", i), "s")
		sealed(o, 600)
		a.origins, a.logs = append(a.origins, o), append(a.logs, o.log(t, a.store))
	}
	stop := run(t, a.store)
	cuts := rand.New(rand.NewPCG(seed, 2))
	for i := range powerCuts(t) {
		for range 1 + cuts.IntN(8) {
			a.all.Add(1)
			a.store.Submit(a)
			a.all.Wait()
		}
		a.all.Add(1)
		a.store.Submit(a) // perhaps under way
		acked := make(map[edged.LogID]edged.Sequence)
		a.mu.Lock()
		for id, head := range a.acked {
			acked[id] = head
		}
		a.mu.Unlock()
		image := fs.CrashClone(vfs.CrashCloneCfg{
			UnsyncedDataPercent: i % 5 * 25, RNG: rand.New(rand.NewPCG(seed, uint64(i))),
		})
		a.all.Wait()
		if arrived(t, image, clock, a.origins, acked); t.Failed() {
			t.Fatalf("seed %d, image %d", seed, i)
		}
	}
	if err := errors.Join(stop(), a.store.Close()); err != nil {
		t.Error(err)
	}
}

// arrived opens an image and holds it to the origins' blocks.
func arrived(t *testing.T, fs vfs.FS, clock *wallClock, origins []*origin, acked map[edged.LogID]edged.Sequence) {
	s := open(t, fs, clock, testOptions(t, clock))
	var sums [edged.Shards]edged.Sum
	onDisk := 0
	for _, o := range origins {
		l := o.log(t, s)
		state := l.Durable()
		if state.Head < acked[o.head.Log] {
			t.Errorf("%v: head %d, and %d was durable", o.name, state.Head, acked[o.head.Log])
		}
		gaps, err := s.Gaps(l)
		if err != nil {
			t.Error(err)
		}
		held, err := s.Read(l, 1, 1<<30, nil)
		if err != nil {
			t.Error(err)
		}
		onDisk += len(held)
		for _, b := range o.blocks {
			h := b.Header()
			switch {
			case h.First > state.Head:
			case len(held) > 0 && held[0].Chain() == b.Chain():
				held = held[1:]
			case len(gaps) > 0 && gaps[0].From == h.First && gaps[0].To == h.Last():
				gaps = gaps[1:]
			default:
				t.Fatalf("%v: block %d is neither held nor in a gap; head %d", o.name, h.First, state.Head)
			}
		}
		if len(held)+len(gaps) > 0 {
			t.Errorf("%v: %d blocks and %d gaps too many", o.name, len(held), len(gaps))
		}
		if found, err := s.Find(o.head.Log); err != nil || (found != nil) != (state.Head > 0) {
			t.Errorf("%v: head %d, found %v, %v", o.name, state.Head, found, err)
		}
		h := l.Position()
		sums[h.Log[0]].Add(h.Term())
	}
	rows := s.Scan(spaceBlocks, nil, nil)
	for key, raw := range rows.All() {
		if h, err := block.ParseHeader(raw); err != nil {
			t.Errorf("block under %x: %v, %v", key, h, err)
		}
		onDisk--
	}
	if onDisk != 0 || rows.Err() != nil {
		t.Errorf("%d blocks are on disk and not read, %v", -onDisk, rows.Err())
	}
	if s.Sums(0) != sums {
		t.Error("other sums than the logs'")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
