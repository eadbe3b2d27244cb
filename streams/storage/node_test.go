package storage

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/edgedhq/edged"
)

func TestJudge(t *testing.T) {
	me := identity{node: "me", inode: 7}
	const now = int64(1_800_000_000e9)
	hour := int64(time.Hour)
	for _, c := range []struct {
		name    string
		before  *nodeRecord
		ceiling int64
		want    verdict
	}{
		{"new or lost directory", nil, 0, verdict{mint: true, why: "new"}},
		{"clean", &nodeRecord{node: "me", inode: 7, clean: true}, now, verdict{}},
		{"clean, exposed left behind", &nodeRecord{node: "me", inode: 7, clean: true, exposed: true}, now, verdict{}},
		{"unclean", &nodeRecord{node: "me", inode: 7}, now + 1e9, verdict{}},
		{"unclean and exposed", &nodeRecord{node: "me", inode: 7, exposed: true}, now, verdict{mint: true, seal: true, why: "exposed"}},
		{"copied", &nodeRecord{node: "me", inode: 8, clean: true}, now, verdict{mint: true, why: "copied"}},
		{"copied, unclean and exposed", &nodeRecord{node: "me", inode: 8, exposed: true}, now, verdict{mint: true, why: "copied"}},
		{"foreign", &nodeRecord{node: "you", inode: 7, clean: true}, now, verdict{mint: true, why: "foreign"}},
		{"ceiling an hour ahead", &nodeRecord{node: "me", inode: 7, clean: true}, now + hour, verdict{}},
		{"ceiling further ahead", &nodeRecord{node: "me", inode: 7, clean: true}, now + hour + 1, verdict{mint: true, seal: true, why: "clock", jump: true}},
		{"copied, ceiling far ahead", &nodeRecord{node: "me", inode: 8}, now + 2*hour, verdict{mint: true, why: "copied", jump: true}},
	} {
		if got := judge(c.before, me, c.ceiling, now); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// lose gives the image that a crash leaves of a store that was neither run to its end nor closed.
func lose(t *testing.T, mem *vfs.MemFS) *vfs.MemFS {
	t.Helper()
	return mem.CrashClone(vfs.CrashCloneCfg{})
}

// TestUncleanStop keeps the origin after a crash, unless something was shown ahead of its fsync.
func TestUncleanStop(t *testing.T) {
	mem, c := vfs.NewCrashableMem(), newClock()
	s := open(t, mem, c, testOptions(t, c))
	stop := run(t, s)
	w := newWriter(s, logOf(t, s, "s", 0))
	w.write(t, 5)
	unexposed := lose(t, mem)
	w.more = func(g *Group) {
		if g.ShowableEarly(edged.Timestamp{Wall: 1}) {
			t.Error("showable before anything is exposed")
		}
	}
	w.write(t, 1)
	if err := s.Expose(); err != nil {
		t.Fatal(err)
	}
	w.more = func(g *Group) {
		if at := w.blocks[0].Header().HLC; !g.ShowableEarly(at) {
			t.Errorf("%v not showable, and the ceiling on disk is %d", at, s.ceiling.durable.Load())
		}
		if far := (edged.Timestamp{Wall: c.Now().UnixNano() + 2e9}); g.ShowableEarly(far) {
			t.Errorf("%v is showable, above the ceiling", far)
		}
	}
	w.write(t, 5)
	exposed, origin, head := lose(t, mem), s.Origin(), w.log.Durable().Head
	nonce := s.BootNonce()
	if err := errors.Join(stop(), s.Close()); err != nil {
		t.Fatal(err)
	}

	kept := open(t, unexposed, newClock(), testOptions(t, c))
	defer kept.Close()
	if kept.Origin() != origin || kept.BootNonce() == nonce || len(kept.SelfSealed()) != 0 {
		t.Errorf("unclean: origin %v, want %v kept and another nonce", kept.Origin(), origin)
	}
	minted := open(t, exposed, newClock(), testOptions(t, c))
	defer minted.Close()
	sealed := minted.SelfSealed()
	if minted.Origin().ID == origin.ID || len(sealed) != 1 || sealed[0].Origin != origin || minted.NodeID() != s.NodeID() {
		t.Errorf("exposed: origin %v, sealed %v, want a new one and %v sealed", minted.Origin(), sealed, origin)
	}
	l, err := minted.Log(w.log.Name())
	if err != nil || !l.Sealed() || l.Durable().Head != head {
		t.Errorf("exposed: old log at %+v, %v, want %d, sealed", l.Durable(), err, head)
	}
	clean := open(t, mem, newClock(), testOptions(t, c))
	defer clean.Close()
	if clean.Origin() != origin || clean.Stats().Minted != "" {
		t.Errorf("clean: origin %v, want %v", clean.Origin(), origin)
	}
}

// TestCeiling restarts under clocks that go back, and looks at the stamps.
func TestCeiling(t *testing.T) {
	mem, c := vfs.NewCrashableMem(), newClock()
	s := open(t, mem, c, testOptions(t, c))
	stop := run(t, s)
	w := newWriter(s, logOf(t, s, "s", 0))
	w.write(t, 5)
	durable := s.ceiling.durable.Load()
	if want := c.Now().UnixNano() + ceilingAhead; durable != want {
		t.Errorf("ceiling %d, want %d", durable, want)
	}
	c.pass(400 * time.Millisecond)
	if w.write(t, 5); s.ceiling.durable.Load() != durable {
		t.Error("ceiling moved within half a second")
	}
	c.pass(200 * time.Millisecond)
	if w.write(t, 5); s.ceiling.durable.Load() <= durable {
		t.Error("ceiling not renewed")
	}
	c.set(time.Unix(0, 0)) // while it runs: stamps do not care
	w.write(t, 5)
	last := w.blocks[0].Header().HLC.Plus(4)
	crashed := lose(t, mem)
	if err := errors.Join(stop(), s.Close()); err != nil {
		t.Fatal(err)
	}

	back := newClock()
	back.pass(-30 * time.Minute)
	after := open(t, crashed, back, testOptions(t, back))
	defer after.Close()
	ceiling := edged.Timestamp{Wall: s.ceiling.durable.Load()}
	if at := stampOne(t, after); at.Compare(ceiling) <= 0 {
		t.Errorf("stamp %v after a crash, the ceiling was %v", at, ceiling)
	}
	back = newClock()
	back.pass(-30 * time.Minute)
	again := open(t, mem, back, testOptions(t, back))
	defer again.Close()
	if at := stampOne(t, again); at.Compare(last) <= 0 || at.Wall > last.Wall {
		t.Errorf("stamp %v after a clean stop, want just after %v", at, last)
	}
}

// stampOne appends one event and gives its stamp.
func stampOne(t *testing.T, s *Store) edged.Timestamp {
	t.Helper()
	stop := run(t, s)
	w := newWriter(s, logOf(t, s, "s", 0))
	w.write(t, 1)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	return w.blocks[0].Header().HLC
}

// TestClockJumped starts with the wall clock back from ten years ahead, or in 1970: the ceiling
// is not believed, the old origin is sealed.
func TestClockJumped(t *testing.T) {
	for name, wall := range map[string]time.Time{
		"back from +10 years": time.Unix(1_800_000_000, 0).AddDate(-10, 0, 0),
		"1970":                time.Unix(0, 0),
	} {
		mem, c := vfs.NewMem(), newClock()
		s := open(t, mem, c, testOptions(t, c))
		stampOne(t, s)
		origin := s.Origin()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		late := newClock()
		late.set(wall)
		s = open(t, mem, late, testOptions(t, late))
		if sealed := s.SelfSealed(); s.Origin().ID == origin.ID || len(sealed) != 1 || sealed[0].Reason != "clock" {
			t.Errorf("%s: origin %v, sealed %v, want a new one", name, s.Origin(), sealed)
		}
		if at := stampOne(t, s); at.Wall != wall.UnixNano() {
			t.Errorf("%s: stamp %v, want the wall clock's", name, at)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, mem, late, testOptions(t, late))
		if n := len(s.SelfSealed()); n != 1 {
			t.Errorf("%s: %d sealed after one more start, want 1", name, n)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpenTwice(t *testing.T) {
	c := newClock()
	for name, disk := range map[string]vfs.FS{"memory": vfs.NewMem(), "disk": vfs.Default} {
		dir := filepath.Join(t.TempDir(), "data")
		s, err := Open(disk, dir, c, testOptions(t, c))
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, err = Open(disk, dir, newClock(), testOptions(t, c))
		if !errors.Is(err, edged.Conflict) || !strings.Contains(err.Error(), "process "+strconv.Itoa(os.Getpid())) {
			t.Errorf("%s: second open: %v, want a refusal that names this process", name, err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("%s: refused after %v", name, took)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if s, err = Open(disk, dir, c, testOptions(t, c)); err != nil {
			t.Fatalf("%s: open after close: %v", name, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCopiedDirectory starts from a copy beside the original, and from one whose key is another.
func TestCopiedDirectory(t *testing.T) {
	c := newClock()
	first := filepath.Join(t.TempDir(), "first")
	s, err := Open(vfs.Default, first, c, testOptions(t, c))
	if err != nil {
		t.Fatal(err)
	}
	stampOne(t, s)
	info, err := os.Stat(filepath.Join(first, "identity"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("identity: %v, %v, want it private", info.Mode(), err)
	}
	origin, node := s.Origin(), s.NodeID()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(copied, os.DirFS(first)); err != nil {
		t.Fatal(err)
	}
	for _, start := range []struct {
		dir    string
		minted string
		change func()
	}{
		{first, "", func() {}},
		{copied, "copied", func() {}},
		{copied, "", func() {}},
		{copied, "foreign", func() {
			if err := os.Remove(filepath.Join(copied, "identity")); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		start.change()
		s, err := Open(vfs.Default, start.dir, c, testOptions(t, c))
		if err != nil {
			t.Fatal(err)
		}
		if why := s.Stats().Minted; why != start.minted {
			t.Errorf("%s: minted for %q, want %q", filepath.Base(start.dir), why, start.minted)
		}
		if start.dir == copied && s.Origin().ID == origin.ID || start.dir == first && s.Origin() != origin {
			t.Errorf("%s: origin %v, the first was %v", filepath.Base(start.dir), s.Origin(), origin)
		}
		if other := start.minted == "foreign"; other == (s.NodeID() == node) {
			t.Errorf("%s: node %s, the first was %s", filepath.Base(start.dir), s.NodeID(), node)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDamagedIdentity(t *testing.T) {
	mem, c := vfs.NewMem(), newClock()
	if err := makeDir(mem, "data"); err != nil {
		t.Fatal(err)
	}
	if err := writeFile(mem, "data", "data/identity", []byte("deadbeef\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(mem, "data", c, testOptions(t, c)); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Fatalf("open: %v, want a word about the identity", err)
	}
	if err := mem.Remove("data/identity"); err != nil {
		t.Fatal(err)
	}
	s := open(t, mem, c, testOptions(t, c))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := mem.Stat("data/identity"); errors.Is(err, fs.ErrNotExist) {
		t.Fatal("no identity was made")
	}
}
