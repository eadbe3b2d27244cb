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

// TestReceiverCrashes cuts the power of a node that takes blocks in: what it said was held is, with
// the definitions in it, and once the rest has come it holds what its peer does.
func TestReceiverCrashes(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { receiverCrashes(t, rand.New(rand.NewPCG(seed, 5))) })
	}
}

func receiverCrashes(t *testing.T, r *rand.Rand) {
	p := mesh(t, 1, streams.Options{})[0]
	fs, clock := vfs.NewCrashableMem(), newClock()
	q := &peer{heads: make(map[edged.LogID]edged.Head)}
	q.bench = openWatched(t, fs, clock, streams.Options{}, q.moved)
	for i := range 30 {
		stream := fmt.Sprint("s", r.IntN(3))
		p.append(stream, edged.Draft{ID: fmt.Append(nil, i), Data: fmt.Append(nil, i)})
		if r.IntN(6) == 0 {
			_ = p.DeleteStream(context.Background(), fmt.Sprint("s", r.IntN(3)))
		}
	}
	parcels := p.lacks(t, q)
	r.Shuffle(len(parcels), func(i, j int) { parcels[i], parcels[j] = parcels[j], parcels[i] })
	cut := r.IntN(len(parcels))
	var mu sync.Mutex
	told, isCut := make(map[edged.LogID]edged.Sequence), false
	cuts := make(chan *vfs.MemFS, 1)
	for i, x := range parcels {
		q.Ingest(context.Background(), x.name, slices.Clone(x.Bytes), func(l edged.Landing) {
			mu.Lock()
			defer mu.Unlock()
			if i == cut {
				isCut = true
				cuts <- fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: r.IntN(101), RNG: r})
			}
			if !isCut {
				told[l.Log] = max(told[l.Log], l.Head)
			}
		})
	}
	after := <-cuts
	q.stop()
	q = &peer{heads: make(map[edged.LogID]edged.Head)}
	q.bench = openWatched(t, after, clock, streams.Options{}, q.moved)
	for id, head := range told {
		if h, ok := q.HeadOf(id); ok && h.Head < head {
			t.Errorf("a log is held to %d, %d was told", h.Head, head)
		}
	}
	settle(t, []*peer{p, q})
	same(t, p, q)
	list, err := p.List("", 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range list {
		for _, e := range p.read(info.Name) {
			rec := q.append(info.Name, edged.Draft{ID: []byte(e.id), Data: []byte(e.dat)})
			if rec.Duplicates != 1 {
				t.Errorf("a retry of %s was stored again", e.id)
			}
		}
	}
}

// TestPeerHoldsMore is a node whose disk went back in time: what a peer still holds of its origin
// is not taken in, and a second history is told from the first.
func TestPeerHoldsMore(t *testing.T) {
	fs, clock := vfs.NewCrashableMem(), newClock()
	q := mesh(t, 1, streams.Options{})[0]
	p := &peer{heads: make(map[edged.LogID]edged.Head)}
	p.bench = openWatched(t, fs, clock, streams.Options{}, p.moved)
	p.append("s", single("1")...)
	old := fs.CrashClone(vfs.CrashCloneCfg{})
	p.append("s", single("2")...)
	settle(t, []*peer{p, q})
	p.stop()
	p = &peer{heads: make(map[edged.LogID]edged.Head)}
	p.bench = openWatched(t, old, clock, streams.Options{}, p.moved)
	more := q.lacks(t, p)
	if l := p.deliver(more...)[0]; l.Outcome != edged.Refused || l.Head != 1 {
		t.Fatalf("what the peer holds: %+v", l)
	}
	p.append("s", single("another 2")...)
	if l := p.deliver(more...)[0]; l.Outcome != edged.Forked {
		t.Fatalf("the other history: %+v", l)
	}
	if l := q.deliver(p.lacksFrom(t, more[0])...)[0]; l.Outcome != edged.Forked {
		t.Fatalf("at the peer: %+v", l)
	}
	if _, err := p.Mint(context.Background(), "fork", false); err != nil {
		t.Fatal(err)
	}
	p.append("s", single("3")...)
	if got := texts(p.read("s")); !slices.Equal(got, []string{"1", "another 2", "3"}) {
		t.Fatalf("held %v", got)
	}
}

// lacksFrom gives what p holds in the place of a block.
func (p *peer) lacksFrom(t *testing.T, x parcel) (parcels []parcel) {
	t.Helper()
	blocks, err := p.ReadBlocks(x.name.ID(), x.First, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range blocks {
		parcels = append(parcels, parcel{x.name, b})
	}
	return parcels
}

// TestIngestEnds brings blocks to a node that stops, and to one that takes no more for now.
func TestIngestEnds(t *testing.T) {
	peers := mesh(t, 2, streams.Options{IngestBytesMax: 1})
	p, q := peers[0], peers[1]
	for i := range 20 {
		p.append("s", single(fmt.Sprint(i))...)
	}
	parcels := p.lacks(t, q)
	for _, l := range q.deliver(parcels...) { // one at a time
		if l.Outcome != edged.Held {
			t.Fatalf("%+v", l)
		}
	}
	ended, end := context.WithCancel(context.Background())
	end()
	refused := make(chan edged.Landing, 2)
	q.Ingest(ended, parcels[0].name, parcels[0].Bytes, func(l edged.Landing) { refused <- l })
	q.stop()
	q.Ingest(context.Background(), parcels[0].name, parcels[0].Bytes, func(l edged.Landing) { refused <- l })
	for range 2 {
		if l := <-refused; l.Outcome != edged.Refused || l.First != 1 {
			t.Errorf("%+v", l)
		}
	}
}

// TestArrivals names each thing that can become of a block.
func TestArrivals(t *testing.T) {
	peers := mesh(t, 2, streams.Options{})
	a, b := peers[0], peers[1]
	for i := range 3 {
		a.append("s", single(fmt.Sprint(i))...)
	}
	var catalog, data []parcel
	for _, x := range a.lacks(t, b) {
		if x.name.Stream == "s" {
			data = append(data, x)
		} else {
			catalog = append(catalog, x)
		}
	}
	change := func(x parcel, at int) parcel {
		x.Bytes = slices.Clone(x.Bytes)
		x.Bytes[at]++
		return x
	}
	foreign := data[0]
	foreign.name.Partition = 1
	mistold := data[0]
	mistold.name.Stream = "a\x00b"
	for _, step := range []struct {
		what  string
		block parcel
		want  edged.Outcome
		head  edged.Sequence
	}{
		{"beyond a hole", data[1], edged.Sparse, 0},
		{"torn", change(data[0], len(data[0].Bytes)-1), edged.Damaged, 0},
		{"of another log", foreign, edged.Damaged, 0},
		{"under no name of ours", mistold, edged.Damaged, 0},
		{"of a newer release", change(data[0], 4), edged.Version, 0},
		{"the next", data[0], edged.Held, 2},
		{"again", data[0], edged.Duplicate, 2},
		{"after the hole", data[2], edged.Held, 3},
	} {
		if l := b.deliver(step.block)[0]; l.Outcome != step.want || l.Head != step.head {
			t.Errorf("%s: %v, head %d; want %v, %d", step.what, l.Outcome, l.Head, step.want, step.head)
		}
	}
	if _, err := b.Stream("s"); err == nil {
		t.Error("the stream is there before its definition")
	}
	b.deliver(catalog...)
	if got := texts(b.read("s")); !slices.Equal(got, []string{"0", "1", "2"}) {
		t.Errorf("then it holds %v", got)
	}
	if l := a.deliver(data[0])[0]; l.Outcome != edged.Duplicate {
		t.Errorf("an own block comes back: %v", l.Outcome)
	}
	if st := b.Stats(); st.Landings[edged.Damaged] != 3 || st.EventsIngested != 4 {
		t.Errorf("counted %+v", st)
	}
}
