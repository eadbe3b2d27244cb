package streams_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams"
)

// TestStableOrder publishes at three nodes and raises their frontiers as far as each holds
// everything: their readers in stable order end with one order, and none is ever taken by surprise.
func TestStableOrder(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { stableOrder(t, rand.New(rand.NewPCG(seed, 4))) })
	}
}

func stableOrder(t *testing.T, r *rand.Rand) {
	peers := mesh(t, 3, streams.Options{})
	var feeds []edged.Feed
	had := make([][]seen, len(peers))
	woken := make([]chan struct{}, len(peers))
	for i, p := range peers {
		woken[i] = make(chan struct{}, 1)
		p.Stable(0)
		f, err := p.Follow(edged.Query{Stream: "s", Await: true, Stable: true}, func() {
			select {
			case woken[i] <- struct{}{}:
			default:
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(f.Close)
		feeds = append(feeds, f)
	}
	read := func(i int) {
		events, _ := drain(t, feeds[i], 1<<20, 1+r.IntN(20))
		had[i] = append(had[i], events...)
	}
	const n = 60
	for step := range n {
		peers[r.IntN(3)].append("s", single(fmt.Sprint(step))...)
		if r.IntN(8) > 0 {
			continue
		}
		frontier := int64(1<<63 - 1)
		for _, p := range peers {
			wall, err := p.Promise(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			frontier = min(frontier, wall)
		}
		i := r.IntN(3)
		for _, p := range peers {
			if p != peers[i] {
				peers[i].deliver(p.lacks(t, peers[i])...)
			}
		}
		peers[i].Stable(frontier)
		read(r.IntN(3))
	}
	settle(t, peers)
	for i, p := range peers {
		p.clock.advance(time.Hour)
		last, err := p.Promise(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		p.Stable(last)
		for read(i); len(had[i]) < n; read(i) {
			<-woken[i]
		}
		if !slices.Equal(had[i], had[0]) || p.Stats().EventsLate > 0 {
			t.Errorf("node %d gave another order than node 0, %d events late", i, p.Stats().EventsLate)
		}
	}
}

func TestLateEventsAreCounted(t *testing.T) {
	peers := mesh(t, 2, streams.Options{})
	peers[0].append("s", single("early")...)
	peers[1].clock.advance(time.Second)
	f := peers[1].follow(edged.Query{Stream: "s", Await: true, Stable: true})
	peers[1].append("s", single("late")...)
	drain(t, f, 1<<20, 10)
	settle(t, peers)
	events, _ := drain(t, f, 1<<20, 10)
	if got := texts(events); !slices.Equal(got, []string{"early"}) || peers[1].Stats().EventsLate != 1 {
		t.Fatalf("%v, %d late", got, peers[1].Stats().EventsLate)
	}
}

// acks answers as it is told.
type acks struct {
	mu         sync.Mutex
	possible   error
	reached    error
	asked      []edged.Head
	replicated edged.Sequence
}

func (a *acks) Possible(edged.Ack) error { return a.possible }

func (a *acks) Reached(_ context.Context, _ edged.Ack, logs []edged.Head) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, logs...)
	return a.reached
}

func (a *acks) Replicated(edged.Head) edged.Sequence { return a.replicated }

func TestAckLevels(t *testing.T) {
	a := &acks{possible: edged.Refuse(edged.LevelUnreachable, "nobody is there")}
	peers := mesh(t, 2, streams.Options{Acks: a})
	p, q := peers[0], peers[1]
	publish := func(data string, ids ...string) (edged.Receipt, error) {
		pub := &edged.Publication{Stream: "s", Ack: edged.Regions(2)}
		for _, id := range ids {
			pub.Drafts = append(pub.Drafts, edged.Draft{ID: []byte(id), Data: []byte(data)})
		}
		return p.Append(context.Background(), pub)
	}
	if _, err := publish("1", "a"); !errors.Is(err, edged.LevelUnreachable) {
		t.Fatalf("with nobody there: %v", err)
	}
	if _, err := p.Stream("s"); !errors.Is(err, edged.StreamNotFound) {
		t.Fatalf("a refused publication left something behind: %v", err)
	}
	a.possible = nil
	q.append("s", edged.Draft{ID: []byte("b"), Data: []byte("1")})
	settle(t, peers)
	a.reached = context.DeadlineExceeded
	_, err := publish("1", "a", "b", "a")
	var refusal *edged.Refusal
	if !errors.As(err, &refusal) || refusal.Kind != edged.AckTimeout || refusal.Reached != "disk" {
		t.Fatalf("when the level is not reached: %v", err)
	}
	a.reached, a.asked = nil, nil
	rec, err := publish("1", "a", "b")
	if err != nil || rec.Duplicates != 2 {
		t.Fatalf("a retry: %+v, %v", rec, err)
	}
	origins := map[edged.OriginID]bool{}
	for _, h := range a.asked {
		if h.Name.Stream != "s" || h.Log != h.Name.ID() || h.Head != 1 {
			t.Errorf("asked for %+v", h)
		}
		origins[h.Name.Origin.ID] = true
	}
	if len(origins) != 2 {
		t.Errorf("the first copies are of %d origins", len(origins))
	}
}

func TestRetentionKeepsWhatOthersLack(t *testing.T) {
	a := &acks{replicated: 2}
	p := mesh(t, 1, streams.Options{Acks: a, RetireEvery: time.Millisecond})[0]
	keep := edged.Retention{Age: time.Hour}
	if _, _, err := p.PutStream(context.Background(), edged.Stream{Name: "s", Retention: keep}); err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		p.append("s", single(fmt.Sprint(i))...)
	}
	p.clock.advance(2 * time.Hour)
	for p.Stats().Retirements == 0 {
		time.Sleep(time.Millisecond) // the sweep has a ticker of its own
	}
	if got := texts(p.read("s")); !slices.Equal(got, []string{"2", "3"}) {
		t.Fatalf("held %v", got)
	}
}

func TestGate(t *testing.T) {
	b := open(t, vfs.NewMem(), newClock(), streams.Options{Gated: true})
	ended, end := context.WithCancel(context.Background())
	end()
	pub := &edged.Publication{Stream: "s", Drafts: single("1")}
	if _, err := b.Append(ended, pub); !errors.Is(err, edged.Starting) {
		t.Fatalf("before it opens: %v", err)
	}
	b.append("$mesh", single(`{"node":{}}`)...)
	waits := make(chan error, 1)
	go func() {
		_, err := b.Append(context.Background(), pub)
		waits <- err
	}()
	b.Open()
	if err := <-waits; err != nil {
		t.Fatal(err)
	}
	b.Refuse(edged.IdentityConflict)
	if _, err := b.Append(context.Background(), pub); !errors.Is(err, edged.IdentityConflict) {
		t.Fatalf("refused: %v", err)
	}
	b.Refuse(nil)
	b.append("s", single("2")...)
}

func TestHiddenStreams(t *testing.T) {
	b := open(t, vfs.NewMem(), newClock(), streams.Options{RefuseUnknown: true})
	b.append("$mesh", single(`{"node":{}}`)...)
	if got := b.read("$mesh"); len(got) != 1 {
		t.Fatalf("%d records", len(got))
	}
	if list, err := b.List("", 10); err != nil || len(list) != 0 {
		t.Fatalf("listed: %+v, %v", list, err)
	}
}

// TestMint changes the origin under load: everything stays readable, dense in each log.
func TestMint(t *testing.T) {
	fs, clock := vfs.NewMem(), newClock()
	b := open(t, fs, clock, streams.Options{})
	f := b.follow(edged.Query{Stream: "s", Await: true})
	before := b.Origin()
	const n = 200
	half := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		for i := range n {
			b.append("s", edged.Draft{ID: fmt.Append(nil, i), Data: fmt.Append(nil, i)})
			if i == n/2 {
				close(half)
			}
		}
	})
	<-half
	origin, err := b.Mint(context.Background(), "test", true)
	if err != nil || origin == before || b.Origin() != origin {
		t.Fatalf("%v after %v, %v", origin, before, err)
	}
	group.Wait()
	if rec := b.append("s", edged.Draft{ID: []byte("0"), Data: []byte("0")}); rec.Duplicates != 1 || rec.Origin != origin {
		t.Fatalf("a retry: %+v", rec)
	}
	if _, _, err := b.PutStream(context.Background(), edged.Stream{Name: "s", Description: "new"}); err != nil {
		t.Fatal(err)
	}
	events, _ := drain(t, f, 1<<20, 100)
	checkOnce(t, events, n)
	b.stop()
	b = open(t, fs, clock, streams.Options{})
	checkOnce(t, b.read("s"), n)
	if b.Origin() != origin {
		t.Fatal("another origin after the restart")
	}
}

// TestSkip gives up events that nobody holds: readers of every kind are told.
func TestSkip(t *testing.T) {
	peers := mesh(t, 2, streams.Options{})
	p, q := peers[0], peers[1]
	for i := range 5 {
		p.append("s", single(fmt.Sprint(i))...)
	}
	var data []parcel
	for _, x := range p.lacks(t, q) {
		if x.name.Stream == "s" {
			data = append(data, x)
		} else {
			q.deliver(x)
		}
	}
	live := q.follow(edged.Query{Stream: "s"})
	q.deliver(data[0], data[4])
	events, _ := drain(t, live, 1<<20, 10)
	next, err := p.ReadBlocks(data[3].name.ID(), 5, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	prev := chainBefore(next[0].Bytes)
	if err := q.Skip(context.Background(), data[0].name, 4, prev, "lost"); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]edged.Feed{"live": live, "fresh": q.follow(edged.Query{Stream: "s"})} {
		more, notices := drain(t, f, 1<<20, 10)
		if name == "live" {
			more = append(events, more...)
		}
		if got := texts(more); !slices.Equal(got, []string{"0", "4"}) {
			t.Errorf("%s: %v", name, got)
		}
		if len(notices) != 1 || notices[0].From != 2 || notices[0].To != 4 || notices[0].Reason != "lost" {
			t.Errorf("%s: notices %+v", name, notices)
		}
	}
	if q.Stats().GapsBy["lost"] != 2 {
		t.Errorf("counted %v", q.Stats().GapsBy)
	}
}

// chainBefore reads the chain value of the block before from a header.
func chainBefore(raw []byte) edged.Chain { return edged.Chain(raw[76:92]) }

// TestCursorAhead holds cursors that this node has not learnt yet: of events, of a generation.
func TestCursorAhead(t *testing.T) {
	peers := mesh(t, 2, streams.Options{})
	p, q := peers[0], peers[1]
	p.append("s", single("old")...)
	settle(t, peers)
	if err := p.DeleteStream(context.Background(), "s"); err != nil {
		t.Fatal(err)
	}
	rec := p.append("s", single("1")...)
	c, err := edged.ParseCursor(string(rec.AppendCursor(nil)))
	if err != nil {
		t.Fatal(err)
	}
	f := q.follow(edged.Query{Stream: "s", Start: edged.Start{Kind: edged.AtCursor, Cursor: c}})
	if events, notices := drain(t, f, 1<<20, 10); len(events)+len(notices) > 0 {
		t.Fatalf("%v, %v before anything came", events, notices)
	}
	p.append("s", single("2")...)
	settle(t, peers)
	if events, _ := drain(t, f, 1<<20, 10); !slices.Equal(texts(events), []string{"2"}) {
		t.Fatalf("then %v", texts(events))
	}
	if err := q.Await(context.Background(), c); err != nil {
		t.Fatal(err)
	}
}

// TestCursorBeyondTheEnd holds a cursor over events that went with a crash of their origin.
func TestCursorBeyondTheEnd(t *testing.T) {
	peers := mesh(t, 2, streams.Options{})
	p, q := peers[0], peers[1]
	rec := p.append("s", single("1")...)
	settle(t, peers)
	rec.Spans[0].Last = 3 // as if two more had been shown
	c, err := edged.ParseCursor(string(rec.AppendCursor(nil)))
	if err != nil {
		t.Fatal(err)
	}
	woken := make(chan struct{}, 8)
	q.Stable(0)
	if _, err := q.Promise(context.Background()); err != nil { // behind it the frontier stands
		t.Fatal(err)
	}
	f, err := q.Follow(edged.Query{Stream: "s", Start: edged.Start{Kind: edged.AtCursor, Cursor: c}}, func() { woken <- struct{}{} })
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if events, notices := drain(t, f, 1<<20, 10); len(events)+len(notices) > 0 {
		t.Fatalf("%v, %v while more could come", events, notices)
	}
	old, end := p.Origin(), rec.HLC.Wall+1
	if _, err := p.Mint(context.Background(), "test", true); err != nil {
		t.Fatal(err)
	}
	p.append("$mesh", single(fmt.Sprintf(`{"seal":{"origin":%q,"at":%d,"reason":"test"}}`, old, end))...)
	settle(t, peers)
	q.Stable(end + 1)
	for {
		<-woken
		if _, notices := drain(t, f, 1<<20, 10); len(notices) > 0 {
			if notices[0].From != 2 || notices[0].To != 3 || notices[0].Reason != "lost" {
				t.Fatalf("%+v", notices)
			}
			return
		}
	}
}

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
