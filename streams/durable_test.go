package streams_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams"
)

// TestDurableReaders gives events published at memory to readers of what is durable when their
// fsync has returned, no sooner, wherever the reader stands; others have them at once.
func TestDurableReaders(t *testing.T) {
	for _, c := range []struct {
		name  string
		query edged.Query
		had   int // of the two events on disk
	}{
		{"from the first", edged.Query{}, 2},
		{"from now on", edged.Query{Start: edged.Start{Kind: edged.Latest}}, 0},
		{"in stable order", edged.Query{Stable: true}, 2},
		{"of this origin", edged.Query{Local: true}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			q, fs := onSlowDisk(t)
			q.append("s", single("0")...)
			q.append("s", single("1")...)
			c.query.Stream = "s"
			eager := q.follow(c.query)
			c.query.Durable = true
			there := q.follow(c.query) // before the event is published
			for _, f := range []edged.Feed{eager, there} {
				if events, _ := drain(t, f, 1<<20, 10); len(events) != c.had {
					t.Fatalf("began with %v", texts(events))
				}
			}
			release := fs.hold(t)
			q.early("s")
			woken := make(chan struct{}, 1)
			after, err := q.Follow(c.query, func() { woken <- struct{}{} })
			if err != nil {
				t.Fatal(err)
			}
			defer after.Close()
			if events, _ := drain(t, eager, 1<<20, 10); len(events) != 1 {
				t.Errorf("ahead of the fsync, a reader of all has %v", texts(events))
			}
			for i, f := range []edged.Feed{there, after} {
				events, _ := drain(t, f, 1<<20, 10)
				if slices.Contains(texts(events), "early") || f.Cursor().Vector[edged.LogKey{Origin: q.Origin().ID}] != 2 {
					t.Errorf("ahead of the fsync, reader %d has %v and stands at %v", i, texts(events), f.Cursor())
				}
			}
			release()
			<-woken
			for i, f := range []edged.Feed{there, after} {
				if events, _ := drain(t, f, 1<<20, 10); !slices.Equal(texts(events), []string{"early"}) {
					t.Errorf("after the fsync, reader %d has %v", i, texts(events))
				}
			}
		})
	}
}

// TestDurableReadersMissNothing publishes at memory and at disk to several partitions, with rings
// that hold little, while readers of what is durable come and go: each event once, a log's in order.
func TestDurableReadersMissNothing(t *testing.T) {
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 9))
		b := open(t, vfs.NewMem(), newClock(), streams.Options{RingBytesMax: 1 + r.IntN(2)*4096})
		if _, _, err := b.PutStream(context.Background(), edged.Stream{Name: "s", Partitions: 1 + r.IntN(3)}); err != nil {
			t.Fatal(err)
		}
		const each = 150
		var group sync.WaitGroup
		for side := range 2 {
			group.Go(func() {
				for i := range each {
					p := publication("s", edged.Draft{Key: fmt.Append(nil, i%5), Data: fmt.Append(nil, side, i)})
					if side == 0 {
						p.Ack = edged.Memory()
					}
					if _, err := b.Append(context.Background(), p); err != nil {
						t.Error(err)
					}
				}
			})
		}
		x := &reader{query: edged.Query{Stream: "s", Durable: true, Stable: seed%4 == 3}}
		x.followAll(t, b, r, 2*each)
		group.Wait()
		heads := make(map[edged.LogKey]edged.Sequence)
		for _, e := range x.events {
			if heads[e.key]++; heads[e.key] != e.seq {
				t.Fatalf("seed %d: sequence %d of a log came where %d was due", seed, e.seq, heads[e.key])
			}
		}
	}
}

// followAll reads so many events, by wakes, and leaves now and then.
func (x *reader) followAll(t *testing.T, b *bench, r *rand.Rand, events int) {
	for len(x.events) < events {
		woken := make(chan struct{}, 1)
		f, err := b.Follow(x.query, func() {
			select {
			case woken <- struct{}{}:
			default:
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		x.feed = f
		for range 1 + r.IntN(20) {
			if x.take(t, 1+r.IntN(30)) || len(x.events) >= events {
				continue
			}
			<-woken
		}
		x.leave(t)
	}
}
