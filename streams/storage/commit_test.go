package storage

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// TestStalledDisk stages for those who hurry while an fsync does not return, and calls nothing
// durable before it does, in order.
func TestStalledDisk(t *testing.T) {
	fs, c := newFaulty(), newClock()
	s := open(t, fs, c, testOptions(t, c))
	stop := run(t, s)
	release := make(chan struct{})
	fs.set(func(op errorfs.Op) error {
		if strings.HasSuffix(op.Path, ".log") && (op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData) {
			<-release
		}
		return nil
	})
	var mu sync.Mutex
	var durable []int
	var all sync.WaitGroup
	const n = 10
	for i := range n {
		staged := make(chan struct{})
		all.Add(1)
		s.Submit(&once{
			stage: func(g *Group) {
				g.Set(Lent, []byte{byte(i)}, nil)
				close(staged)
			},
			durable: func() {
				mu.Lock()
				defer mu.Unlock()
				durable = append(durable, i)
				all.Done()
			},
		})
		s.Hurry()
		<-staged
	}
	mu.Lock()
	if len(durable) != 0 {
		t.Errorf("%v durable while the disk stalls", durable)
	}
	mu.Unlock()
	if s.stats.waiting() <= 0 {
		t.Error("nobody says that an fsync is waited for")
	}
	close(release)
	all.Wait()
	if !slices.IsSorted(durable) || len(durable) != n {
		t.Errorf("durable in the order %v", durable)
	}
	if err := errors.Join(stop(), s.Close()); err != nil {
		t.Error(err)
	}
}

// TestDrain ends Run with work waiting: it is done first.
func TestDrain(t *testing.T) {
	c := newClock()
	s := open(t, vfs.NewMem(), c, testOptions(t, c))
	w := newWriter(s, logOf(t, s, "s", 0))
	w.counts = []int{3}
	s.Submit(w)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Run(ctx); err != nil {
		t.Fatal(err)
	}
	select {
	case <-w.done:
	default:
		t.Fatal("what was submitted is not durable")
	}
	check(t, s, w.log)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestEmptyGroup tells a Stager that stages nothing that all before it is durable.
func TestEmptyGroup(t *testing.T) {
	s, _ := started(t)
	w := newWriter(s, logOf(t, s, "s", 0))
	w.counts = []int{3}
	s.Submit(w)
	submit(s, func(*Group) {})
	if head := w.log.Durable().Head; head != 3 {
		t.Errorf("head %d, want 3", head)
	}
}

// TestBigGroup takes the way of a batch too large for a table in memory.
func TestBigGroup(t *testing.T) {
	s, _ := started(t)
	w := newWriter(s, logOf(t, s, "s", 0))
	w.size = 100 << 10
	w.write(t, 10, 10, 10)
	check(t, s, w.log)
	if st := s.Stats(); st.Blocks != 3 || st.Bytes < 3_000_000 || st.Groups != 1 {
		t.Errorf("%+v, want 3 blocks in 1 group", st)
	}
}

// TestExit runs a node whose disk fails in a process of its own.
func TestExit(t *testing.T) {
	if dir := os.Getenv("EDGED_TEST_EXIT"); dir != "" {
		failIn(t, dir)
		return
	}
	dir := filepath.Join(t.TempDir(), "data")
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestExit$")
	cmd.Env = append(os.Environ(), "EDGED_TEST_EXIT="+dir)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 74 {
		t.Fatalf("%v, want exit code 74\n%s", err, out)
	}
	reason, err := os.ReadFile(filepath.Join(dir, "reason"))
	if err != nil || !strings.Contains(string(reason), syscall.EIO.Error()) {
		t.Fatalf("reason %q, %v, want the fault", reason, err)
	}
}

func failIn(t *testing.T, dir string) {
	c := newClock()
	opts := testOptions(t, c)
	opts.Fatal = nil
	failing := errorfs.Wrap(vfs.Default, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if strings.HasSuffix(op.Path, ".log") && op.Kind == errorfs.OpFileSyncData {
			return syscall.EIO
		}
		return nil
	}))
	s, err := Open(failing, dir, c, opts)
	if err != nil {
		t.Fatal(err)
	}
	run(t, s)
	newWriter(s, logOf(t, s, "s", 0)).write(t, 1)
}

// TestFailedRead makes each read of a value fail: it concerns what is read, and nothing else.
func TestFailedRead(t *testing.T) {
	fs, c := newFaulty(), newClock()
	opts := testOptions(t, c)
	opts.CacheBytes = 1
	s := open(t, fs, c, opts)
	stop := run(t, s)
	w := newWriter(s, logOf(t, s, "s", 0))
	w.size = 4000
	w.write(t, 10, 10)
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	fs.set(func(op errorfs.Op) error {
		if strings.HasSuffix(op.Path, ".blob") && op.Kind == errorfs.OpFileReadAt {
			return syscall.EIO
		}
		return nil
	})
	_, err := s.Read(w.log, 1, 1<<20, nil)
	var corrupt *CorruptError
	if !errors.As(err, &corrupt) || corrupt.First != 1 || corrupt.Next != 11 || !errors.Is(err, syscall.EIO) {
		t.Fatalf("read: %v, want events 1 to 10 called damaged", err)
	}
	w.write(t, 1)
	fs.set(func(errorfs.Op) error { return nil })
	check(t, s, w.log)
	if err := errors.Join(stop(), s.Close()); err != nil {
		t.Error(err)
	}
}

// TestTidy gives back the room of what is retired without anything more being written.
func TestTidy(t *testing.T) {
	s, _ := started(t)
	a, b := newWriter(s, logOf(t, s, "a", 0)), newWriter(s, logOf(t, s, "b", 0))
	a.size, b.size = 16<<10, 1<<10
	for range 40 {
		a.write(t, 10)
		b.write(t, 1)
	}
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	submit(s, func(g *Group) { g.Retire(a.log, a.log.Staged().Head+1) })
	if left := s.db.Metrics().BlobFiles.ReferencedValueSize; left < 6<<20 {
		t.Fatalf("%d bytes of values before, want all that was written", left)
	}
	s.room.full.Store(true)
	s.tidy(t.Context())
	if left := s.db.Metrics().BlobFiles.ReferencedValueSize; left > 1<<20 {
		t.Errorf("%d bytes of values left", left)
	}
	check(t, s, a.log)
	check(t, s, b.log)
}

// TestCommitAllocates bounds what a group costs the collector, beside its blocks.
func TestCommitAllocates(t *testing.T) {
	s, _ := started(t)
	l := logOf(t, s, "s", 0)
	a := &appender{log: l, body: 100, blocks: 1, data: make([]byte, 100), done: make(chan struct{}, 1)}
	n := testing.AllocsPerRun(200, func() {
		s.Submit(a)
		<-a.done
	})
	if n > 8 {
		t.Errorf("%v allocations a group", n)
	}
}
