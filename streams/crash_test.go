package streams_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams"
)

var crashes = flag.Int("crashes", 60, "simulated power cuts in TestPowerCuts") // read-only

// life is one data directory across power cuts: what was acknowledged, and what may be there.
type life struct {
	mu    sync.Mutex
	acked map[string]place  // by id: where it is, acknowledged at disk
	sent  map[string]string // by id: data, whatever became of it
}

type place struct {
	log edged.LogKey
	seq edged.Sequence
}

// TestPowerCuts cuts the power under load, again and again, keeping any share of what was not
// synced: nothing acknowledged at disk is lost or moved, nothing is doubled, no log has a hole.
func TestPowerCuts(t *testing.T) {
	const cutsOfOne = 5
	for done := 0; done < *crashes; done += cutsOfOne {
		seed := uint64(done)
		t.Run(fmt.Sprint("seed", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 2))
			fs, clock := vfs.NewCrashableMem(), newClock()
			l := &life{acked: map[string]place{}, sent: map[string]string{}}
			for cut := range cutsOfOne {
				fs = l.untilCut(t, fs, clock, r, cut)
			}
			b := open(t, fs, clock, streams.Options{})
			l.check(t, b)
		})
	}
}

// untilCut publishes from several sides until the power goes, and gives the disk as it is then.
func (l *life) untilCut(t *testing.T, fs *vfs.MemFS, clock *testClock, r *rand.Rand, cut int) *vfs.MemFS {
	b := open(t, fs, clock, streams.Options{})
	l.check(t, b)
	limit, memory := 1+r.IntN(40), r.IntN(2) == 0
	var group sync.WaitGroup
	going, stop := context.WithCancel(context.Background())
	acks := make(chan struct{}, 1<<10)
	for side := range 3 {
		source := rand.New(rand.NewPCG(r.Uint64(), uint64(side)))
		group.Go(func() {
			for n := 0; going.Err() == nil; n++ {
				l.publish(b, source, fmt.Sprintf("%d.%d.%d", cut, side, n), memory && side == 0)
				select {
				case acks <- struct{}{}:
				default:
				}
			}
		})
	}
	for range limit {
		<-acks
	}
	l.mu.Lock() // acknowledged by now means: in the clone
	after := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: r.IntN(101), RNG: r})
	acked := maps.Clone(l.acked)
	l.mu.Unlock()
	stop()
	group.Wait()
	b.stop()
	l.acked = acked
	return after
}

// check holds what is on disk against what was promised, and retries some of it.
func (l *life) check(t *testing.T, b *bench) {
	t.Helper()
	at := make(map[string]place)
	heads := make(map[string]edged.Sequence)
	for _, stream := range []string{"s0", "s1", "early"} {
		if _, err := b.Stream(stream); errors.Is(err, edged.StreamNotFound) {
			continue
		}
		for _, e := range b.read(stream) {
			log := fmt.Sprint(stream, e.key)
			if heads[log]++; e.seq != heads[log] {
				t.Fatalf("%s: sequence %d where %d was due", log, e.seq, heads[log])
			}
			if _, twice := at[e.id]; twice {
				t.Fatalf("%s is there twice", e.id)
			}
			if l.sent[e.id] != e.dat {
				t.Fatalf("%s holds %q", e.id, e.dat)
			}
			at[e.id] = place{e.key, e.seq}
		}
	}
	retries := 0
	for id, want := range l.acked {
		if at[id] != want {
			t.Fatalf("%s was acknowledged at %v and is at %v", id, want, at[id])
		}
		if retries++; retries < 20 {
			rec := b.append(strings.SplitN(id, "/", 2)[0], edged.Draft{ID: []byte(id), Data: []byte(l.sent[id])})
			if rec.Duplicates != 1 {
				t.Fatalf("a retry of %s was stored again", id)
			}
		}
	}
}

// publish appends a small batch and notes the answer.
func (l *life) publish(b *bench, r *rand.Rand, word string, memory bool) {
	p := &edged.Publication{Stream: fmt.Sprintf("s%d", r.IntN(2))}
	if memory {
		p.Stream, p.Ack = "early", edged.Memory()
	}
	for i := range 1 + r.IntN(5) {
		id := fmt.Sprintf("%s/%s/%d", p.Stream, word, i)
		p.Drafts = append(p.Drafts, edged.Draft{ID: []byte(id), Data: []byte("data of " + id)})
	}
	l.mu.Lock()
	for _, d := range p.Drafts {
		l.sent[string(d.ID)] = string(d.Data)
	}
	l.mu.Unlock()
	rec, err := b.Append(context.Background(), p)
	if err != nil || memory {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, d := range p.Drafts {
		key := edged.LogKey{Origin: rec.Origin.ID, Partition: rec.Spans[0].Partition}
		l.acked[string(d.ID)] = place{key, rec.Spans[0].First + edged.Sequence(i)}
	}
}
