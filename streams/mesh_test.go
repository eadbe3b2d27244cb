package streams_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams"
)

// peer is a node of a mesh whose links are the test.
type peer struct {
	*bench
	mu    sync.Mutex
	heads map[edged.LogID]edged.Head // as the watcher was told
}

// mesh opens n nodes that know nothing of each other.
func mesh(t *testing.T, n int, opts streams.Options) []*peer {
	t.Helper()
	peers := make([]*peer, n)
	for i := range peers {
		peers[i] = &peer{heads: make(map[edged.LogID]edged.Head)}
		peers[i].bench = openWatched(t, vfs.NewMem(), newClock(), opts, peers[i].moved)
	}
	return peers
}

func (p *peer) moved(heads []edged.Head) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, h := range heads {
		p.heads[h.Log] = h
	}
}

// parcel is a block on its way.
type parcel struct {
	name edged.LogName
	edged.Packed
}

// lacks gives what p holds and q does not, in the order of the logs.
func (p *peer) lacks(t *testing.T, q *peer) (parcels []parcel) {
	t.Helper()
	p.mu.Lock()
	heads := slices.SortedFunc(maps.Values(p.heads), func(a, b edged.Head) int {
		return slices.Compare(a.Log[:], b.Log[:])
	})
	p.mu.Unlock()
	for _, h := range heads {
		theirs, _ := q.HeadOf(h.Log)
		if theirs.Head >= h.Head {
			continue
		}
		blocks, err := p.ReadBlocks(h.Log, theirs.Head+1, 1<<30, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range blocks {
			parcels = append(parcels, parcel{h.Name, b})
		}
	}
	return parcels
}

// deliver ingests blocks at a node and gives what became of them.
func (p *peer) deliver(parcels ...parcel) []edged.Landing {
	landings := make([]edged.Landing, len(parcels))
	var group sync.WaitGroup
	for i, x := range parcels {
		group.Add(1)
		p.Ingest(context.Background(), x.name, slices.Clone(x.Bytes), func(l edged.Landing) {
			landings[i] = l
			group.Done()
		})
	}
	group.Wait()
	return landings
}

// settle carries everything everywhere.
func settle(t *testing.T, peers []*peer) {
	t.Helper()
	for moving := true; moving; {
		moving = false
		for _, p := range peers {
			for _, q := range peers {
				for _, l := range q.deliver(p.lacks(t, q)...) {
					moving = moving || l.Outcome == edged.Held
				}
			}
		}
	}
}

// TestNodesConverge lets three nodes publish, define, delete and restart, carries their blocks in
// any order, some twice and some late, and lets readers move between them: in the end all hold the
// same, and each reader has had each event once.
func TestNodesConverge(t *testing.T) {
	for seed := range uint64(30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { converge(t, rand.New(rand.NewPCG(seed, 3))) })
	}
}

// nomad is a reader that moves between nodes.
type nomad struct {
	reader
	at int // the node
}

func converge(t *testing.T, r *rand.Rand) {
	opts := streams.Options{RingBytesMax: 1 + r.IntN(2)*4096}
	peers := mesh(t, 3, opts)
	nomads := make([]*nomad, 4)
	for i := range nomads {
		nomads[i] = &nomad{reader{query: edged.Query{Stream: "kept", Await: true}}, i % 3}
		nomads[i].enter(t, peers[i%3].bench)
	}
	published := 0
	for step := range 150 {
		i := r.IntN(len(peers))
		p, q, x := peers[i], peers[r.IntN(len(peers))], nomads[r.IntN(len(nomads))]
		switch r.IntN(14) {
		case 0, 1, 2:
			p.define(t, r)
		case 3, 4:
			x.take(t, 1+r.IntN(30))
		case 5:
			x.leave(t)
			x.at = i
			x.enter(t, p.bench)
		case 6:
			p.restart(t, opts, i, nomads)
		case 7, 8, 9:
			parcels := p.lacks(t, q)
			r.Shuffle(len(parcels), func(i, j int) { parcels[i], parcels[j] = parcels[j], parcels[i] })
			q.deliver(parcels[:r.IntN(len(parcels)+1)]...)
		case 10:
			p.append("other", single(fmt.Sprint("other ", step))...)
		default:
			for range 1 + r.IntN(3) {
				p.append("kept", single(fmt.Sprint("event ", published))...)
				published++
			}
		}
	}
	settle(t, peers)
	for _, x := range nomads {
		for x.take(t, 100) {
		}
		checkOnce(t, x.events, published)
		x.feed.Close()
	}
	for _, p := range peers {
		same(t, peers[0], p)
	}
}

// define changes the definition of a stream that readers do not follow.
func (p *peer) define(t *testing.T, r *rand.Rand) {
	t.Helper()
	var err error
	switch ctx := context.Background(); r.IntN(3) {
	case 0:
		_, _, err = p.PutStream(ctx, edged.Stream{Name: "other", Partitions: 1 + r.IntN(4)})
	case 1:
		_, _, err = p.PutStream(ctx, edged.Stream{Name: "other", Description: fmt.Sprint(r.Int())})
	default:
		err = p.DeleteStream(ctx, "other")
	}
	if err != nil && !errors.Is(err, edged.Conflict) && !errors.Is(err, edged.StreamNotFound) {
		t.Fatal(err)
	}
}

// restart stops a node and opens it again; its readers come back by their cursors.
func (p *peer) restart(t *testing.T, opts streams.Options, at int, nomads []*nomad) {
	t.Helper()
	for _, x := range nomads {
		if x.at == at {
			x.leave(t)
		}
	}
	p.stop()
	p.bench = openWatched(t, p.fs, p.clock, opts, p.moved)
	for _, x := range nomads {
		if x.at == at {
			x.enter(t, p.bench)
		}
	}
}

// checkOnce wants n events, each once, a log's in order.
func checkOnce(t *testing.T, events []seen, n int) {
	t.Helper()
	if len(events) != n {
		t.Fatalf("a reader had %d events, %d were published", len(events), n)
	}
	heads := make(map[edged.LogKey]edged.Sequence)
	for _, e := range events {
		if heads[e.key]++; heads[e.key] != e.seq {
			t.Fatalf("sequence %d of a log came where %d was due", e.seq, heads[e.key])
		}
	}
}

// same wants two nodes to hold and to show the same.
func same(t *testing.T, p, q *peer) {
	t.Helper()
	if p.Sums(0) != q.Sums(0) {
		t.Error("the digests differ")
	}
	mine, err := p.List("", 100)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := q.List("", 100)
	if err != nil || len(mine) != len(theirs) {
		t.Fatalf("%d streams and %d, %v", len(mine), len(theirs), err)
	}
	for i := range mine {
		a, b := mine[i], theirs[i]
		if !reflect.DeepEqual(a.Stream, b.Stream) || a.Events != b.Events {
			t.Errorf("one node shows %+v with %d events, another %+v with %d", a.Stream, a.Events, b.Stream, b.Events)
		}
		da, err := p.Digest(a.Name)
		if err != nil {
			t.Fatal(err)
		}
		if db, err := q.Digest(a.Name); err != nil || !reflect.DeepEqual(da, db) {
			t.Errorf("%s: %v and %v, %v", a.Name, da, db, err)
		}
	}
}

func TestRetryAtAnotherNode(t *testing.T) {
	peers := mesh(t, 2, streams.Options{})
	draft := edged.Draft{ID: []byte("id"), Data: []byte("1")}
	b := peers[1]
	b.append("s", edged.Draft{ID: []byte("other"), Data: []byte("0")}) // its ids are in memory by now
	for _, stream := range []string{"s", "t"} {
		peers[0].append(stream, draft)
	}
	settle(t, peers)
	for _, stream := range []string{"s", "t"} {
		if rec := b.append(stream, draft); rec.Duplicates != 1 || rec.Count != 0 {
			t.Errorf("a retry in %s: %+v", stream, rec)
		}
	}
}

func TestDeletionArrives(t *testing.T) {
	peers := mesh(t, 2, streams.Options{})
	a, b := peers[0], peers[1]
	a.append("s", single("1")...)
	settle(t, peers)
	f := b.follow(edged.Query{Stream: "s"})
	drain(t, f, 1<<20, 10)
	a.append("s", single("2")...)
	late := a.lacks(t, b)
	if err := a.DeleteStream(context.Background(), "s"); err != nil {
		t.Fatal(err)
	}
	b.append("s", single("3")...) // of a generation that is no more
	settle(t, peers)
	got, err := f.Next(nil, 1<<20, 10)
	for err == nil && got[0].Notice == nil {
		got, err = f.Next(nil, 1<<20, 10)
	}
	if err != nil || got[0].Notice.Op != "deleted" {
		t.Fatalf("%+v, %v; want the notice deleted", got, err)
	}
	if l := b.deliver(late...)[0]; l.Outcome != edged.Deleted {
		t.Errorf("a late block: %v", l.Outcome)
	}
	b.append("s", single("4")...)
	settle(t, peers)
	for _, p := range peers {
		if got := texts(p.read("s")); !slices.Equal(got, []string{"4"}) {
			t.Errorf("held %v", got)
		}
	}
	same(t, a, b)
}
