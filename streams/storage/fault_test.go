package storage

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/edgedhq/edged"
)

// faulty is a file system whose faults a test turns on.
type faulty struct {
	vfs.FS
	mem   *vfs.MemFS
	fault atomic.Pointer[func(errorfs.Op) error]
}

func newFaulty() *faulty {
	f := &faulty{mem: vfs.NewCrashableMem()}
	f.FS = errorfs.Wrap(f.mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if fault := f.fault.Load(); fault != nil {
			return (*fault)(op)
		}
		return nil
	}))
	return f
}

func (f *faulty) set(fault func(errorfs.Op) error) { f.fault.Store(&fault) }

// TestFailedSync lets one fsync fail, of each kind that an append meets: the process is told
// once, nothing is called durable after it, and the next start has all that was.
func TestFailedSync(t *testing.T) {
	for _, c := range []struct {
		name   string
		suffix string
		kinds  []errorfs.OpKind
	}{
		{"fsync of the log", ".log", []errorfs.OpKind{errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo}},
		{"write of the log", ".log", []errorfs.OpKind{errorfs.OpFileWrite}},
		{"fsync of a table", ".sst", []errorfs.OpKind{errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo}},
		{"fsync of a blob", ".blob", []errorfs.OpKind{errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo}},
		{"fsync of the manifest", "MANIFEST-", []errorfs.OpKind{errorfs.OpFileSync, errorfs.OpFileSyncData}},
	} {
		t.Run(c.name, func(t *testing.T) {
			failedSync(t, func(op errorfs.Op) bool {
				for _, k := range c.kinds {
					if op.Kind == k && strings.Contains(op.Path, c.suffix) {
						return true
					}
				}
				return false
			})
		})
	}
}

func failedSync(t *testing.T, hits func(errorfs.Op) bool) {
	fs, c := newFaulty(), newClock()
	var fatal atomic.Int32
	opts := testOptions(t, c)
	opts.Fatal = func(error) { fatal.Add(1) }
	s := open(t, fs, c, opts)
	ended := make(chan error, 1)
	go func() { ended <- s.Run(context.Background()) }()
	w := newWriter(s, logOf(t, s, "s", 0))
	w.size = 1 << 10
	w.write(t, 10)
	var fired atomic.Bool
	fs.set(func(op errorfs.Op) error {
		if hits(op) && !fired.Swap(true) {
			return syscall.EIO
		}
		return nil
	})
	wrote := make(chan struct{})
	go func() { // ends by Goexit when the store fails
		defer close(wrote)
		for range 10_000 {
			w.write(t, 100)
		}
	}()
	<-wrote
	err := <-ended
	if !errors.Is(err, syscall.EIO) {
		t.Fatalf("run ended with %v, want the fault", err)
	}
	if n := fatal.Load(); n != 1 {
		t.Fatalf("fatal was told %d times, want 1", n)
	}
	if err := s.Writable(); !errors.Is(err, edged.Unavailable) {
		t.Fatalf("writable: %v, want unavailable", err)
	}
	durable := w.log.Durable()
	if err := s.Close(); !errors.Is(err, syscall.EIO) {
		t.Fatalf("close: %v, want the fault", err)
	}

	image := fs.mem.CrashClone(vfs.CrashCloneCfg{})
	next := open(t, image, c, testOptions(t, c))
	defer next.Close()
	l := logOf(t, next, "s", 0)
	if l.Durable().Head < durable.Head {
		t.Fatalf("head %d after the fault, %d was called durable", l.Durable().Head, durable.Head)
	}
	check(t, next, l)
}

// TestDiskFull goes through a full disk: by the watch, which sees it first, and by a write that
// finds no room, which gets the ballast's.
func TestDiskFull(t *testing.T) {
	fs, c := newFaulty(), newClock()
	var free atomic.Int64
	free.Store(1 << 30)
	opts := testOptions(t, c)
	opts.MinFree = 8 << 20
	opts.Free = func() (int64, error) { return free.Load(), nil }
	s := open(t, fs, c, opts)
	defer s.Close()
	stop := run(t, s)
	defer stop()
	w := newWriter(s, logOf(t, s, "s", 0))
	w.write(t, 10)
	s.look()
	if _, err := fs.Stat("data/ballast"); err != nil {
		t.Fatalf("no ballast: %v", err)
	}

	free.Store(4 << 20)
	s.look()
	if err := s.Writable(); !errors.Is(err, edged.DiskFull) {
		t.Fatalf("writable: %v, want disk full", err)
	}
	check(t, s, w.log)
	free.Store(8<<20 + 1)
	if s.look(); s.Writable() == nil {
		t.Fatal("accepts again at the very bound")
	}
	free.Store(1 << 30)
	s.look()
	if err := s.Writable(); err != nil {
		t.Fatalf("writable: %v, want nil once there is room", err)
	}

	var refused atomic.Int32
	fs.set(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpFileWrite && strings.HasSuffix(op.Path, ".log") && refused.Add(1) == 1 {
			return syscall.ENOSPC
		}
		return nil
	})
	w.write(t, 10)
	if refused.Load() < 2 {
		t.Fatal("the write that found no room was not tried again")
	}
	if err := s.Writable(); !errors.Is(err, edged.DiskFull) {
		t.Fatalf("writable: %v, want disk full", err)
	}
	if _, err := fs.Stat("data/ballast"); err == nil {
		t.Fatal("ballast still there")
	}
	s.look()
	if err := s.Writable(); err != nil {
		t.Fatalf("writable: %v, want nil", err)
	}
	if s.look(); !s.room.ballast.Load() {
		t.Fatal("no new ballast")
	}
	check(t, s, w.log)
}

func TestMaxBytes(t *testing.T) {
	c := newClock()
	opts := testOptions(t, c)
	opts.MaxBytes = 1
	s := open(t, vfs.NewMem(), c, opts)
	defer s.Close()
	if s.look(); !errors.Is(s.Writable(), edged.DiskFull) {
		t.Fatalf("writable: %v, want disk full", s.Writable())
	}
}

// TestDamage flips bytes in each file of a stopped node. What comes back is right or refused.
func TestDamage(t *testing.T) {
	mem, c := vfs.NewCrashableMem(), newClock()
	s := open(t, mem, c, testOptions(t, c))
	stop := run(t, s)
	w := newWriter(s, logOf(t, s, "s", 0))
	w.size = 2000
	for range 40 {
		w.write(t, 2)
	}
	name := w.log.Name()
	if err := errors.Join(stop(), s.Close()); err != nil {
		t.Fatal(err)
	}
	files, err := mem.List("data/db")
	if err != nil {
		t.Fatal(err)
	}
	damaged := 0
	for _, file := range files {
		for _, at := range []float64{0.02, 0.3, 0.5, 0.9} {
			image := mem.CrashClone(vfs.CrashCloneCfg{})
			if !flip(t, image, "data/db/"+file, at) {
				continue
			}
			damaged += readDamaged(t, image, c, name)
		}
	}
	if damaged == 0 {
		t.Fatal("no damage was met on reading")
	}
}

func flip(t *testing.T, fs *vfs.MemFS, path string, at float64) bool {
	info, err := fs.Stat(path)
	if err != nil || info.IsDir() || info.Size() == 0 {
		return false
	}
	f, err := fs.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	offset := int64(at * float64(info.Size()))
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, offset); err != nil {
		return false
	}
	b[0] ^= 0x10
	if _, err := f.WriteAt(b, offset); err != nil {
		t.Fatal(err)
	}
	return true
}

// readDamaged reads a damaged log through and tells how many damaged places it met.
func readDamaged(t *testing.T, fs vfs.FS, c *wallClock, name edged.LogName) (damaged int) {
	s, err := Open(fs, "data", c, testOptions(t, c))
	if err != nil {
		return 1 // refused whole
	}
	defer s.Close()
	l, err := s.Log(name)
	if err != nil {
		return 1
	}
	head := l.Durable().Head
	for next := edged.Sequence(1); next <= head; {
		blocks, err := s.Read(l, next, 1<<30, nil)
		for _, b := range blocks {
			for _, e := range b.Events(name, 0, b.Header().Count) {
				if want := payload(name, e.Sequence, 2000); string(e.Data) != string(want) {
					t.Fatalf("event %d is not what was written", e.Sequence)
				}
			}
			next = b.Header().Last() + 1
		}
		var corrupt *CorruptError
		if errors.As(err, &corrupt) {
			damaged++
			if corrupt.First != next || corrupt.Next <= next {
				t.Fatalf("at %d: %v", next, err)
			}
			next = corrupt.Next
		} else if err != nil {
			t.Fatalf("read: %v", err)
		} else if len(blocks) == 0 {
			t.Fatalf("log ends at %d of %d without a word", next-1, head)
		}
	}
	return damaged
}
