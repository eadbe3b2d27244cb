package streams_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams"
)

// reader is a feed that leaves and comes back, at random.
type reader struct {
	feed   edged.Feed
	query  edged.Query
	events []seen
}

// TestReadersSeeEachEventOnce publishes at random to a stream of several partitions, restarts the
// node now and then, and lets readers of every kind come, fall behind, leave and resume. Each must
// have every event once, a log's in order.
func TestReadersSeeEachEventOnce(t *testing.T) {
	for seed := range uint64(30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { readersOf(t, rand.New(rand.NewPCG(seed, 1))) })
	}
}

func readersOf(t *testing.T, r *rand.Rand) {
	fs, clock := vfs.NewMem(), newClock()
	opts := streams.Options{RingBytesMax: 1 + r.IntN(2)*4096}
	b := open(t, fs, clock, opts)
	if _, _, err := b.PutStream(context.Background(), edged.Stream{Name: "s", Partitions: 1 + r.IntN(4)}); err != nil {
		t.Fatal(err)
	}
	readers := make([]*reader, 4)
	for i := range readers {
		readers[i] = &reader{query: edged.Query{Stream: "s", Stable: i == 3}}
		readers[i].enter(t, b)
	}
	published := 0
	for range 60 {
		switch k := r.IntN(20); {
		case k == 0:
			for _, x := range readers {
				x.leave(t)
			}
			b.stop()
			b = open(t, fs, clock, opts)
			for _, x := range readers {
				x.enter(t, b)
			}
		case k < 4:
			x := readers[r.IntN(len(readers))]
			x.leave(t)
			x.enter(t, b)
		case k < 10:
			x := readers[r.IntN(len(readers))]
			x.take(t, 1+r.IntN(20))
		default:
			published += publish(b, r, published)
		}
	}
	checkReaders(t, b, readers, published)
}

func publish(b *bench, r *rand.Rand, n int) int {
	drafts := make([]edged.Draft, 1+r.IntN(20))
	for i := range drafts {
		drafts[i].Data = fmt.Appendf(nil, "%d", n+i)
		if r.IntN(2) == 0 {
			drafts[i].Key = fmt.Appendf(nil, "key %d", r.IntN(10))
		}
	}
	ack := edged.Disk()
	if r.IntN(3) == 0 {
		ack = edged.Memory()
	}
	_, err := b.Append(context.Background(), &edged.Publication{Stream: "s", Drafts: drafts, Ack: ack})
	if err != nil {
		b.t.Fatal(err)
	}
	return len(drafts)
}

func (x *reader) enter(t *testing.T, b *bench) {
	f, err := b.Follow(x.query, func() {})
	if err != nil {
		t.Fatal(err)
	}
	x.feed = f
}

func (x *reader) leave(t *testing.T) {
	text := x.feed.Cursor().String()
	c, err := edged.ParseCursor(text)
	if err != nil {
		t.Fatal(err)
	}
	x.query.Start = edged.Start{Kind: edged.AtCursor, Cursor: c}
	x.feed.Close()
}

// take reads once, and checks that the cursors told beside the events are where the feed stands.
func (x *reader) take(t *testing.T, eventsMax int) bool {
	got, err := x.feed.Next(nil, 1<<20, eventsMax)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range got {
		if d.Notice != nil {
			t.Fatalf("notice %+v", *d.Notice)
		}
		for _, e := range d.Run.Events(d.From, d.To) {
			x.events = append(x.events, seen{
				edged.LogKey{Origin: e.Origin.ID, Partition: e.Partition}, e.Sequence, e.HLC, "", string(e.Data),
			})
		}
	}
	if n := len(got); n > 0 {
		last := x.events[len(x.events)-1]
		told, err := edged.ParseCursor(string(got[n-1].Run.Base().AppendAt(nil, last.key, last.seq)))
		if stands := x.feed.Cursor(); err != nil || !told.Vector.Covers(stands.Vector) || !stands.Vector.Covers(told.Vector) {
			t.Fatalf("cursor beside the last event %v, the feed stands at %v", told, stands)
		}
	}
	return len(got) > 0
}

func checkReaders(t *testing.T, b *bench, readers []*reader, published int) {
	b.append("s", edged.Draft{Data: []byte("last")}) // behind it nothing waits to become visible
	var stable []seen
	for i, x := range readers {
		for x.take(t, 100) {
		}
		if len(x.events) != published+1 {
			t.Fatalf("reader %d had %d events, %d were published", i, len(x.events), published+1)
		}
		heads := make(map[edged.LogKey]edged.Sequence)
		for _, e := range x.events {
			if heads[e.key]++; heads[e.key] != e.seq {
				t.Fatalf("reader %d: sequence %d of a log came where %d was due", i, e.seq, heads[e.key])
			}
		}
		if x.query.Stable {
			stable = x.events
		}
		x.feed.Close()
	}
	if !slices.IsSortedFunc(stable, func(a, b seen) int { return a.at.Compare(b.at) }) {
		t.Fatal("the stable order is not the order of the stamps")
	}
}
