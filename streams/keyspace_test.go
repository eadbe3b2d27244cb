package streams_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams"
	"github.com/edgedhq/edged/streams/storage"
)

// pairs are keys and values in turn; an empty value deletes.
func pairs(text ...string) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		for i := 0; i < len(text); i += 2 {
			var value []byte
			if text[i+1] != "" {
				value = []byte(text[i+1])
			}
			if !yield([]byte(text[i]), value) {
				return
			}
		}
	}
}

func publication(stream string, drafts ...edged.Draft) *edged.Publication {
	return &edged.Publication{Stream: stream, Drafts: drafts}
}

// TestCommit puts keys and events of several streams at once, one of them new, one event held.
func TestCommit(t *testing.T) {
	b := open(t, vfs.NewMem(), newClock(), streams.Options{})
	k, ctx := b.Lend(storage.Functions), context.Background()
	held := edged.Draft{ID: []byte("a"), Data: []byte("1")}
	b.append("out", held)
	late := b.follow(edged.Query{Stream: "late", Await: true})
	err := k.Commit(ctx, pairs("position", "1", "cell", "x"),
		publication("out", held, edged.Draft{Data: []byte("2")}), publication("late", single("3")...))
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Commit(ctx, pairs("position", "2", "cell", ""), publication("out", single("4")...), publication("out", single("5")...)); err != nil {
		t.Fatal(err)
	}
	if err := k.Commit(ctx, pairs(), publication("out")); err != nil {
		t.Fatal(err)
	}
	if got := texts(b.read("out")); !slices.Equal(got, []string{"1", "2", "4", "5"}) {
		t.Errorf("out holds %v", got)
	}
	if events, _ := drain(t, late, 1<<20, 10); !slices.Equal(texts(events), []string{"3"}) {
		t.Errorf("a reader who waited for late got %v", texts(events))
	}
	for key, want := range map[string]string{"position": "2", "cell": ""} {
		if got, err := k.Get([]byte(key)); string(got) != want || err != nil {
			t.Errorf("%s: %q, %v", key, got, err)
		}
	}
}

// TestFresh takes a publisher at its word that no id is held: none is looked for, or remembered.
func TestFresh(t *testing.T) {
	b := open(t, vfs.NewMem(), newClock(), streams.Options{})
	k, ctx := b.Lend(storage.Functions), context.Background()
	b.append("out", edged.Draft{ID: []byte("a"), Data: []byte("1")})
	fresh := publication("out", edged.Draft{ID: []byte("a"), Data: []byte("2")}, edged.Draft{ID: []byte("b"), Data: []byte("3")})
	fresh.Fresh = true
	if err := k.Commit(ctx, pairs(), fresh); err != nil {
		t.Fatal(err)
	}
	b.append("out", edged.Draft{ID: []byte("c"), Data: []byte("4")}, edged.Draft{ID: []byte("a"), Data: []byte("1")})
	if got := texts(b.read("out")); !slices.Equal(got, []string{"1", "2", "3", "4"}) {
		t.Errorf("out holds %v", got)
	}
}

// TestCommitRefused refuses one of two publications, in every way there is: nothing of either is
// stored, nor any key, and what comes next is.
func TestCommitRefused(t *testing.T) {
	b := open(t, vfs.NewMem(), newClock(), streams.Options{PendingBytesMax: 1 << 12})
	k := b.Lend(storage.Functions)
	b.append("out", edged.Draft{ID: []byte("a"), Data: []byte("1")})
	ended, end := context.WithCancel(context.Background())
	end()
	for _, c := range []struct {
		name string
		ctx  context.Context
		pub  *edged.Publication
		want error
	}{
		{"no such hidden stream", context.Background(), publication("$f.x", single("2")...), edged.StreamNotFound},
		{"an id with other data", context.Background(), publication("out", edged.Draft{ID: []byte("a"), Data: []byte("2")}), edged.IdempotencyMismatch},
		{"too much", context.Background(), publication("out", single(strings.Repeat("x", 1<<12))...), edged.Overloaded},
		{"ack beyond the disk", context.Background(), &edged.Publication{Stream: "out", Drafts: single("2"), Ack: edged.Memory()}, nil},
		{"given up", ended, publication("out", single("2")...), edged.AckTimeout},
	} {
		err := k.Commit(c.ctx, pairs("position", "1"), publication("other", edged.Draft{ID: []byte("b"), Data: []byte(c.name)}), c.pub)
		if c.ctx == ended && err == nil {
			continue // it was stored before that was seen
		}
		if err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.ctx == ended {
			continue // it may be stored
		}
		if got, err := k.Get([]byte("position")); got != nil || err != nil {
			t.Errorf("%s: a position %q, %v", c.name, got, err)
		}
		if info, err := b.Stream("other"); err == nil && info.Events > 0 {
			t.Errorf("%s: the other publication is stored", c.name)
		}
	}
	if got := texts(b.read("out")); got[0] != "1" || len(got) > 2 {
		t.Errorf("out holds %v", got)
	}
	if n := b.Stats().PendingBytes; n != 0 {
		t.Errorf("%d bytes are pending for ever", n)
	}
}

// TestCommitAlone waits for no fsync when nothing is published.
func TestCommitAlone(t *testing.T) {
	fs := &slowFS{FS: vfs.NewMem()}
	b := open(t, fs, newClock(), streams.Options{})
	k := b.Lend(storage.Functions)
	release := fs.hold(t)
	if err := k.Commit(context.Background(), pairs("position", "1")); err != nil {
		t.Fatal(err)
	}
	if got, err := k.Get([]byte("position")); string(got) != "1" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	release()
}

// TestCommitBesideEarly commits to a stream to which others publish at memory in the same group: a
// live reader has each event once, in order.
func TestCommitBesideEarly(t *testing.T) {
	q, fs := onSlowDisk(t)
	k := q.Lend(storage.Functions)
	q.append("s", single("first")...)
	f := q.follow(edged.Query{Stream: "s"})
	var events []seen
	for i := range 50 {
		more, _ := drain(t, f, 1<<20, 1000)
		events = append(events, more...)
		release := fs.hold(t)
		q.early("other") // now the disk is busy: what comes next shares a group
		var group sync.WaitGroup
		group.Go(func() { q.early("s") })
		group.Go(func() {
			if err := k.Commit(context.Background(), pairs("n", fmt.Sprint(i)), publication("s", single("both")...)); err != nil {
				t.Error(err)
			}
		})
		q.early("other")
		release()
		group.Wait()
	}
	q.append("s", single("last")...)
	more, _ := drain(t, f, 1<<20, 1000)
	events = append(events, more...)
	for i, e := range events {
		if e.seq != edged.Sequence(i+1) {
			t.Fatalf("event %d came as number %d", e.seq, i+1)
		}
	}
	if len(events) != 102 {
		t.Errorf("%d events, want 102", len(events))
	}
}

// TestCommitPowerCuts cuts the power at any operation of the disk: the position says how many of
// the outputs are there, exactly, in each stream, and nothing committed is lost.
func TestCommitPowerCuts(t *testing.T) {
	for seed := range uint64(*crashes) {
		r := rand.New(rand.NewPCG(seed, 5))
		disk, clock := vfs.NewCrashableMem(), newClock()
		c := &cutter{disk: disk, left: 1 << 20, random: r}
		b := open(t, errorfs.Wrap(disk, errorfs.InjectorFunc(c.op)), clock, streams.Options{})
		c.cutIn(r.IntN(100))
		k, before := b.Lend(storage.Functions), 0
		for n := 1; !c.over(); n++ {
			if err := commitNumber(k, n); err != nil {
				t.Fatal(err)
			}
			c.mu.Lock()
			if c.after == nil {
				before = n
			}
			c.mu.Unlock()
		}
		b.stop()
		again := open(t, c.after, clock, streams.Options{})
		was := again.Lend(storage.Functions)
		position, err := was.Get([]byte("position"))
		if err != nil {
			t.Fatal(err)
		}
		held := 0
		if _, err := fmt.Sscan(string(position), &held); position != nil && err != nil || held < before {
			t.Fatalf("seed %d: position %q, %v, and %d was committed", seed, position, err, before)
		}
		for _, stream := range []string{"out", "late"} {
			info, err := again.Stream(stream)
			if held > 0 && err != nil || info.Events != int64(held) {
				t.Fatalf("seed %d: position %d, and %d events in %s, %v", seed, held, info.Events, stream, err)
			}
		}
		if last, err := was.Get(fmt.Append(nil, "cell ", held)); held > 0 && (string(last) != "folded" || err != nil) {
			t.Fatalf("seed %d: position %d without its cell, %v", seed, held, err)
		}
		if err := commitNumber(was, held+1); err != nil {
			t.Fatal(err)
		}
		again.stop()
	}
}

func commitNumber(k *streams.Keyspace, n int) error {
	return k.Commit(context.Background(), pairs("position", fmt.Sprint(n), fmt.Sprint("cell ", n), "folded"),
		publication("out", single(fmt.Sprint(n))...), publication("late", single(fmt.Sprint(n))...))
}

// cutter takes the image that a power cut at one of a disk's operations leaves.
type cutter struct {
	mu     sync.Mutex
	disk   *vfs.MemFS
	left   int
	random *rand.Rand
	after  *vfs.MemFS
}

func (c *cutter) op(errorfs.Op) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left--; c.left < 0 && c.after == nil {
		c.after = c.disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: c.random.IntN(101), RNG: c.random})
	}
	return nil
}

func (c *cutter) cutIn(operations int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left = operations
}

func (c *cutter) over() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.after != nil
}
