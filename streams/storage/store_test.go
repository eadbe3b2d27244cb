package storage

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
)

// wallClock is a hybrid clock over a wall time that tests set.
type wallClock struct {
	mu   sync.Mutex
	wall time.Time
	last edged.Timestamp
}

func newClock() *wallClock { return &wallClock{wall: time.Unix(1_800_000_000, 0)} }

func (c *wallClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wall
}

func (c *wallClock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wall = t
}

func (c *wallClock) pass(d time.Duration) { c.set(c.Now().Add(d)) }

func (c *wallClock) Stamp(n int) edged.Timestamp {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := edged.Timestamp{Wall: c.wall.UnixNano()}
	if at.Compare(c.last) <= 0 {
		at = c.last.Plus(1)
	}
	c.last = at.Plus(n - 1)
	return at
}

func (c *wallClock) Observe(at edged.Timestamp) bool {
	if at.Wall > c.Now().Add(500*time.Millisecond).UnixNano() {
		return false
	}
	c.Restore(at)
	return true
}

func (c *wallClock) Restore(at edged.Timestamp) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last.Compare(at) < 0 {
		c.last = at
	}
}

// testOptions fail the test on a failed disk.
func testOptions(t testing.TB, c *wallClock) Options {
	return Options{
		Label: "eu-1", Now: c.Now, MinFree: -1, MemTableBytes: 1 << 20,
		Fatal: func(err error) { t.Errorf("fatal: %v", err) },
	}
}

// open opens a store that the test closes.
func open(t testing.TB, fs vfs.FS, c *wallClock, o Options) *Store {
	t.Helper()
	s, err := Open(fs, "data", c, o)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return s
}

// run starts the store's machine; stop ends it and waits.
func run(t testing.TB, s *Store) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	return func() error {
		cancel()
		return <-done
	}
}

// writer appends to one log.
type writer struct {
	store   *Store
	log     *Log
	builder block.Builder
	more    func(*Group) // staged in the same group
	counts  []int        // events of each block to append
	size    int          // bytes of an event
	blocks  []block.Block
	done    chan struct{}
}

func newWriter(s *Store, l *Log) *writer {
	return &writer{store: s, log: l, size: 16, done: make(chan struct{}, 1)}
}

func (w *writer) Stage(g *Group) {
	w.blocks = w.blocks[:0]
	for _, n := range w.counts {
		state := w.log.Staged()
		w.builder.Start(block.Place{Log: w.log.ID(), First: state.Head + 1, HLC: g.Stamp(n), Prev: state.Chain})
		for i := range n {
			d := edged.Draft{Data: payload(w.log.Name(), state.Head+1+edged.Sequence(i), w.size)}
			w.builder.Add(&d)
		}
		b := w.builder.Seal(block.None)
		w.blocks = append(w.blocks, b)
		g.PutBlock(w.log, b)
	}
	if w.more != nil {
		w.more(g)
	}
}

func (w *writer) Durable() { w.done <- struct{}{} }

// payload is what an event of a log carries: a function of its place.
func payload(name edged.LogName, seq edged.Sequence, size int) []byte {
	b := fmt.Appendf(make([]byte, 0, size), "%s/%d/%d/", name.Stream, name.Partition, seq)
	for len(b) < size {
		b = append(b, byte(len(b))^byte(seq))
	}
	return b
}

// write appends blocks of so many events each, and waits until they are durable.
func (w *writer) write(t testing.TB, counts ...int) {
	t.Helper()
	w.counts = counts
	w.store.Submit(w)
	select {
	case <-w.done:
	case <-w.store.failure.ctx.Done():
		runtime.Goexit()
	}
}

func logOf(t testing.TB, s *Store, stream string, p edged.Partition) *Log {
	t.Helper()
	l, err := s.Log(edged.LogName{Stream: stream, Generation: 1, Partition: p, Origin: s.Origin()})
	if err != nil {
		t.Fatalf("log of %s/%d: %v", stream, p, err)
	}
	return l
}

// check reads a log whole and compares it with its state and with what every event must carry.
func check(t testing.TB, s *Store, l *Log) {
	t.Helper()
	state := l.Durable()
	blocks, err := s.Read(l, state.Start, 1<<30, nil)
	if err != nil {
		t.Fatalf("read %v: %v", l.Name(), err)
	}
	next, chain, bytes := state.Start, block.Chain{}, int64(0)
	var newest edged.Timestamp
	for i, b := range blocks {
		h := b.Header()
		if h.First != next {
			t.Fatalf("%v: block at %d, want %d", l.Name(), h.First, next)
		}
		if (i > 0 || next == 1) && h.Prev != chain {
			t.Fatalf("%v: block %d does not chain", l.Name(), h.First)
		}
		if h.HLC.Compare(newest) <= 0 {
			t.Fatalf("%v: block %d is stamped %v after %v", l.Name(), h.First, h.HLC, newest)
		}
		next, chain, newest = h.Last()+1, b.Chain(), h.HLC.Plus(h.Count-1)
		bytes += int64(len(b.Bytes()))
	}
	got := State{Start: state.Start, Head: next - 1, Chain: chain, Newest: newest, Bytes: bytes}
	if len(blocks) == 0 {
		got.Chain, got.Newest = state.Chain, state.Newest
	}
	if got != state {
		t.Fatalf("%v: blocks say %+v, record says %+v", l.Name(), got, state)
	}
}

func TestAppendReadReopen(t *testing.T) {
	fs, c := vfs.NewMem(), newClock()
	s := open(t, fs, c, testOptions(t, c))
	stop := run(t, s)
	w := newWriter(s, logOf(t, s, "orders", 0))
	for range 20 {
		w.write(t, 3, 1, 10)
		c.pass(time.Millisecond)
	}
	if got := w.log.Durable().Head; got != 280 {
		t.Fatalf("head %d, want 280", got)
	}
	check(t, s, w.log)
	blocks, err := s.Read(w.log, 20, 1, nil)
	if err != nil || len(blocks) != 1 || blocks[0].Header().First != 19 {
		t.Fatalf("read from 20: %v, %v", blocks, err)
	}
	origin, before := s.Origin(), w.log.Durable()
	if err := errors.Join(stop(), s.Close()); err != nil {
		t.Fatal(err)
	}

	s = open(t, fs, c, testOptions(t, c))
	defer s.Close()
	if s.Origin() != origin {
		t.Fatalf("origin %v after a clean stop, want %v", s.Origin(), origin)
	}
	l := logOf(t, s, "orders", 0)
	if l.Durable() != before {
		t.Fatalf("state %+v, want %+v", l.Durable(), before)
	}
	check(t, s, l)
	all, err := s.Logs("orders", 1)
	if err != nil || len(all) != 1 || all[0] != l {
		t.Fatalf("logs: %v, %v, want the one object", all, err)
	}
	if other, err := s.Logs("order", 1); err != nil || len(other) != 0 {
		t.Fatalf("logs of another stream: %v, %v", other, err)
	}
}
