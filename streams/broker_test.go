package streams_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt/hlc"
	"github.com/edgedhq/edged/streams"
	"github.com/edgedhq/edged/streams/storage"
)

// testClock is wall time that a test moves.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Microsecond)
	return c.now
}

func (c *testClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// bench is a broker over a store, run until the test ends or stop is called.
type bench struct {
	*streams.Broker
	t     *testing.T
	fs    vfs.FS
	clock *testClock
	store *storage.Store
	stop  func()
}

func newClock() *testClock {
	return &testClock{now: time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)}
}

func open(t *testing.T, fs vfs.FS, clock *testClock, opts streams.Options) *bench {
	t.Helper()
	return openWatched(t, fs, clock, opts, nil)
}

// openWatched is open with a watcher of the heads.
func openWatched(t *testing.T, fs vfs.FS, clock *testClock, opts streams.Options, moved func([]edged.Head)) *bench {
	t.Helper()
	store, err := storage.Open(fs, "data", hlc.New(clock.Now), storage.Options{Label: "eu-1", Now: clock.Now, MinFree: -1})
	if err != nil {
		t.Fatal(err)
	}
	opts.Now = clock.Now
	broker, err := streams.New(store, opts)
	if err != nil {
		t.Fatal(err)
	}
	broker.WatchHeads(moved)
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { _ = store.Run(ctx) })
	group.Go(func() { _ = broker.Run(ctx) })
	b := &bench{Broker: broker, t: t, fs: fs, clock: clock, store: store}
	b.stop = sync.OnceFunc(func() {
		cancel()
		group.Wait()
		if err := store.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	t.Cleanup(b.stop)
	return b
}

func single(data string) []edged.Draft { return []edged.Draft{{Data: []byte(data)}} }

func (b *bench) append(stream string, drafts ...edged.Draft) edged.Receipt {
	b.t.Helper()
	rec, err := b.Append(context.Background(), &edged.Publication{Stream: stream, Drafts: drafts})
	if err != nil {
		b.t.Fatalf("append to %s: %v", stream, err)
	}
	return rec
}

// seen is one event as a reader had it.
type seen struct {
	key edged.LogKey
	seq edged.Sequence
	at  edged.Timestamp
	id  string
	dat string
}

// drain reads a feed until it has caught up.
func drain(t *testing.T, f edged.Feed, bytesMax, eventsMax int) (events []seen, notices []edged.Notice) {
	t.Helper()
	for {
		got, err := f.Next(nil, bytesMax, eventsMax)
		if err != nil {
			t.Fatalf("next: %v", err)
		}
		if len(got) == 0 {
			return events, notices
		}
		n := 0
		for _, d := range got {
			if d.Notice != nil {
				notices = append(notices, *d.Notice)
				continue
			}
			n += d.Len()
			for i, e := range d.Run.Events(d.From, d.To) {
				if d.Picks == nil || slices.Contains(d.Picks, int32(i)) {
					events = append(events, seen{
						edged.LogKey{Origin: e.Origin.ID, Partition: e.Partition}, e.Sequence, e.HLC,
						string(e.AppendID(nil)), string(e.Data),
					})
				}
			}
		}
		if n > eventsMax {
			t.Fatalf("%d events in one call, at most %d asked for", n, eventsMax)
		}
	}
}

func (b *bench) follow(q edged.Query) edged.Feed {
	b.t.Helper()
	f, err := b.Follow(q, func() {})
	if err != nil {
		b.t.Fatalf("follow %+v: %v", q, err)
	}
	b.t.Cleanup(f.Close)
	return f
}

func (b *bench) read(stream string) []seen {
	b.t.Helper()
	f, err := b.Follow(edged.Query{Stream: stream}, func() {})
	if err != nil {
		b.t.Fatal(err)
	}
	defer f.Close()
	events, _ := drain(b.t, f, 1<<20, 1<<20)
	return events
}

func texts(events []seen) (all []string) {
	for _, e := range events {
		all = append(all, e.dat)
	}
	return all
}

func TestAppendThenRead(t *testing.T) {
	b := open(t, vfs.NewMem(), newClock(), streams.Options{})
	first := b.append("orders", edged.Draft{Data: []byte("1"), Key: []byte("k")}, edged.Draft{Data: []byte("2")})
	if first.Count != 2 || len(first.Spans) != 1 || first.Spans[0] != (edged.Span{First: 1, Last: 2}) {
		t.Fatalf("receipt %+v", first)
	}
	if got := b.read("orders"); got[1].at != first.HLC {
		t.Fatalf("the receipt says %v, the last event %v", first.HLC, got[1].at)
	}
	second := b.append("orders", edged.Draft{Data: []byte("3")})
	if got := texts(b.read("orders")); !slices.Equal(got, []string{"1", "2", "3"}) {
		t.Fatalf("read %v", got)
	}
	c, err := edged.ParseCursor(string(first.AppendCursor(nil)))
	if err != nil {
		t.Fatal(err)
	}
	f := b.follow(edged.Query{Stream: "orders", Start: edged.Start{Kind: edged.AtCursor, Cursor: c}})
	events, _ := drain(t, f, 1<<20, 100)
	if !slices.Equal(texts(events), []string{"3"}) || events[0].at != second.HLC {
		t.Fatalf("after the first receipt: %+v, want event 3 at %v", events, second.HLC)
	}
}

func TestUnknownStream(t *testing.T) {
	b := open(t, vfs.NewMem(), newClock(), streams.Options{RefuseUnknown: true})
	_, err := b.Append(context.Background(), &edged.Publication{Stream: "x", Drafts: single("1")})
	if !errors.Is(err, edged.StreamNotFound) {
		t.Fatalf("append: %v", err)
	}
	if _, err := b.Follow(edged.Query{Stream: "x"}, func() {}); !errors.Is(err, edged.StreamNotFound) {
		t.Fatalf("follow: %v", err)
	}
	woken := make(chan struct{}, 1)
	f, err := b.Follow(edged.Query{Stream: "x", Await: true}, func() { woken <- struct{}{} })
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if events, _ := drain(t, f, 1<<20, 10); len(events) != 0 {
		t.Fatalf("%d events of nothing", len(events))
	}
	if _, made, err := b.PutStream(context.Background(), edged.Stream{Name: "x", Partitions: 4}); err != nil || !made {
		t.Fatalf("put: made %v, %v", made, err)
	}
	<-woken
	b.append("x", edged.Draft{Data: []byte("1"), Key: []byte("a")})
	for range 10 {
		if events, _ := drain(t, f, 1<<20, 10); len(events) == 1 {
			return
		}
		<-woken
	}
	t.Fatal("the feed never got the event")
}

func TestDefinitions(t *testing.T) {
	fs, clock, ctx := vfs.NewMem(), newClock(), context.Background()
	b := open(t, fs, clock, streams.Options{})
	info, made, err := b.PutStream(ctx, edged.Stream{Name: "s", Partitions: 3, Description: "d"})
	if err != nil || !made || info.Generation != 1 || info.Partitions != 3 {
		t.Fatalf("put: %+v %v %v", info, made, err)
	}
	if _, made, err = b.PutStream(ctx, edged.Stream{Name: "s", Description: "e"}); err != nil || made {
		t.Fatalf("again: %v %v", made, err)
	}
	if _, _, err = b.PutStream(ctx, edged.Stream{Name: "s", Partitions: 4}); !errors.Is(err, edged.Conflict) {
		t.Fatalf("other partitions: %v", err)
	}
	b.append("s", single("1")...)
	b.append("t", single("1")...)
	if err := b.DeleteStream(ctx, "s"); err != nil {
		t.Fatal(err)
	}
	if err := b.DeleteStream(ctx, "s"); !errors.Is(err, edged.StreamNotFound) {
		t.Fatalf("deleted twice: %v", err)
	}
	b.stop()
	b = open(t, fs, clock, streams.Options{})
	if _, err := b.Stream("s"); !errors.Is(err, edged.StreamNotFound) {
		t.Fatalf("after restart: %v", err)
	}
	if list, err := b.List("", 10); err != nil || len(list) != 1 || list[0].Events != 1 || b.Stats().StreamsActive > 1 {
		t.Fatalf("idle streams listed: %+v, %d objects, %v", list, b.Stats().StreamsActive, err)
	}
	rec := b.append("s", single("2")...)
	if rec.Spans[0].First != 1 {
		t.Fatalf("a new generation starts at %d", rec.Spans[0].First)
	}
	if got := texts(b.read("s")); !slices.Equal(got, []string{"2"}) {
		t.Fatalf("the new generation holds %v", got)
	}
	before := edged.Cursor{Stream: "s", Generation: 1}
	_, err = b.Follow(edged.Query{Stream: "s", Start: edged.Start{Kind: edged.AtCursor, Cursor: before}}, func() {})
	if !errors.Is(err, edged.CursorExpired) || !strings.Contains(err.Error(), "what it is of has been deleted") {
		t.Fatalf("a cursor from before: %v", err)
	}
	list, err := b.List("", 10)
	if err != nil || len(list) != 2 || list[0].Name != "s" || list[0].Generation != 2 || list[1].Name != "t" || list[1].Events != 1 {
		t.Fatalf("list: %+v %v", list, err)
	}
	if list, _ = b.List("s", 10); len(list) != 1 || list[0].Name != "t" {
		t.Fatalf("second page: %+v", list)
	}
}

func TestDeleteEndsFeeds(t *testing.T) {
	b := open(t, vfs.NewMem(), newClock(), streams.Options{})
	b.append("s", single("1")...)
	f := b.follow(edged.Query{Stream: "s"})
	drain(t, f, 1<<20, 10)
	if err := b.DeleteStream(context.Background(), "s"); err != nil {
		t.Fatal(err)
	}
	got, err := f.Next(nil, 1<<20, 10)
	if err != nil || len(got) != 1 || got[0].Notice == nil || got[0].Notice.Op != "deleted" {
		t.Fatalf("%+v, %v; want the notice deleted", got, err)
	}
	if _, err := f.Next(nil, 1<<20, 10); !errors.Is(err, edged.StreamNotFound) {
		t.Fatalf("then %v", err)
	}
}

func TestDedupe(t *testing.T) {
	fs, clock := vfs.NewMem(), newClock()
	b := open(t, fs, clock, streams.Options{})
	draft := func(id, data string) edged.Draft { return edged.Draft{ID: []byte(id), Data: []byte(data)} }
	b.append("s", draft("a", "1"), draft("b", "2"))
	check := func(when string, stored, duplicates int, drafts ...edged.Draft) {
		t.Helper()
		rec := b.append("s", drafts...)
		if rec.Count != stored || rec.Duplicates != duplicates {
			t.Fatalf("%s: %d stored, %d duplicates; want %d, %d", when, rec.Count, rec.Duplicates, stored, duplicates)
		}
	}
	check("retry", 0, 2, draft("a", "1"), draft("b", "2"))
	check("half new", 1, 1, draft("b", "2"), draft("c", "3"))
	check("twice in one", 1, 1, draft("d", "4"), draft("d", "4"))
	_, err := b.Append(context.Background(), &edged.Publication{Stream: "s", Drafts: []edged.Draft{draft("e", "5"), draft("a", "other")}})
	if !errors.Is(err, edged.IdempotencyMismatch) {
		t.Fatalf("other data: %v", err)
	}
	check("refused whole", 1, 0, draft("e", "5"))
	b.stop()
	b = open(t, fs, clock, streams.Options{})
	check("after a restart", 0, 1, draft("a", "1"))
	clock.advance(30 * time.Minute)
	check("after the window", 1, 0, draft("a", "1"))
	if got := len(b.read("s")); got != 6 {
		t.Fatalf("%d events held, want 6", got)
	}
}

func TestRetention(t *testing.T) {
	clock := newClock()
	b := open(t, vfs.NewMem(), clock, streams.Options{RetireEvery: time.Millisecond})
	if _, _, err := b.PutStream(context.Background(), edged.Stream{Name: "s", Retention: edged.Retention{Age: time.Hour}}); err != nil {
		t.Fatal(err)
	}
	old := b.append("s", single("old")...)
	cursor, _ := edged.ParseCursor(string(old.AppendCursor(nil)))
	cursor.Vector = edged.Vector{}
	clock.advance(2 * time.Hour)
	b.append("s", single("new")...)
	for b.Stats().Retirements == 0 {
		time.Sleep(time.Millisecond) // the sweep has a ticker of its own
	}
	if got := texts(b.read("s")); !slices.Equal(got, []string{"new"}) {
		t.Fatalf("held %v", got)
	}
	_, err := b.Follow(edged.Query{Stream: "s", Start: edged.Start{Kind: edged.AtCursor, Cursor: cursor}}, func() {})
	var refusal *edged.Refusal
	if !errors.As(err, &refusal) || refusal.Kind != edged.CursorExpired || refusal.Earliest == "" {
		t.Fatalf("an old cursor: %v", err)
	}
	f := b.follow(edged.Query{Stream: "s", Start: edged.Start{Kind: edged.AtCursorOrGap, Cursor: cursor}})
	events, notices := drain(t, f, 1<<20, 10)
	if len(events) != 1 || len(notices) != 1 || notices[0].From != 1 || notices[0].To != 1 || notices[0].Reason != "retired" || f.Resume() != "gap" {
		t.Fatalf("events %v, notices %+v, resume %s", events, notices, f.Resume())
	}
}

func TestMatch(t *testing.T) {
	b := open(t, vfs.NewMem(), newClock(), streams.Options{})
	live := map[string]edged.Query{
		"a1 a2":    {Stream: "s", Match: edged.Match{Keys: []string{"a"}}},
		"a1 b1 a2": {Stream: "s", Match: edged.Match{Keys: []string{"a", "b"}}},
		"ab1":      {Stream: "s", Match: edged.Match{KeyPrefix: "ab"}},
		"b1":       {Stream: "s", Match: edged.Match{Types: []string{"t"}}},
	}
	var drafts []edged.Draft
	for _, d := range [][3]string{{"a", "", "a1"}, {"b", "t", "b1"}, {"ab", "", "ab1"}, {"a", "", "a2"}} {
		drafts = append(drafts, edged.Draft{Key: []byte(d[0]), Type: []byte(d[1]), Data: []byte(d[2])})
	}
	b.append("s", drafts...)
	for want, q := range live {
		for limit := 1; limit < 4; limit++ {
			events, _ := drain(t, b.follow(q), 1<<20, limit)
			if got := fmt.Sprint(texts(events)); got != "["+want+"]" {
				t.Errorf("%+v by %d: %s, want [%s]", q.Match, limit, got, want)
			}
		}
	}
}
