package storage

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/edgedhq/edged"
)

// powerCuts is how many images of a crash TestPowerCuts looks at; EDGED_POWER_CUTS overrules it.
func powerCuts(t testing.TB) int {
	if n, err := strconv.Atoi(os.Getenv("EDGED_POWER_CUTS")); err == nil {
		return n
	}
	if testing.Short() {
		return 25
	}
	return 60
}

// acknowledged is what a crash must not take: the states that were called durable, and the
// newest stamp that anybody saw.
type acknowledged struct {
	logs   map[edged.LogName]State
	newest edged.Timestamp
	origin edged.Origin
}

// busy is a store under load: each writer appends to its own log as long as there is fuel, and
// now and then retires from its start.
type busy struct {
	store   *Store
	clock   *wallClock
	writers []*writer
	stop    func() error
	fuel    chan struct{} // one token a write; closed to end
	all     sync.WaitGroup
}

func load(t *testing.T, fs vfs.FS, c *wallClock, writers int) *busy {
	b := &busy{store: open(t, fs, c, testOptions(t, c)), clock: c, fuel: make(chan struct{}, 256)}
	b.stop = run(t, b.store)
	for i := range writers {
		w := newWriter(b.store, logOf(t, b.store, fmt.Sprintf("s%d", i%2), edged.Partition(i)))
		w.size = 40 << (3 * (i % 3))
		b.writers = append(b.writers, w)
	}
	for i, w := range b.writers {
		random := rand.New(rand.NewPCG(uint64(i), 7))
		b.all.Go(func() { b.append(t, w, random) })
	}
	return b
}

func (b *busy) append(t *testing.T, w *writer, random *rand.Rand) {
	n := 0
	for range b.fuel {
		n++
		b.clock.pass(time.Duration(random.IntN(3)) * time.Millisecond)
		w.more = func(g *Group) {
			key := []byte(w.log.Name().Stream + strconv.Itoa(int(w.log.Name().Partition)))
			g.Set(Dedupe, key, []byte(strconv.FormatUint(uint64(w.log.Staged().Head), 10)))
			if n%50 == 49 {
				g.Retire(w.log, w.blocks[0].Header().First)
			}
		}
		w.write(t, 1+random.IntN(5), 1+random.IntN(20))
	}
}

// refuel lets the writers write so many times more.
func (b *busy) refuel(writes int) {
	for range writes {
		b.fuel <- struct{}{}
	}
}

func (b *busy) acknowledged() acknowledged {
	a := acknowledged{logs: make(map[edged.LogName]State), origin: b.store.Origin()}
	for _, w := range b.writers {
		state := w.log.Durable()
		a.logs[w.log.Name()] = state
		if a.newest.Compare(state.Newest) < 0 {
			a.newest = state.Newest
		}
	}
	return a
}

func (b *busy) end(t *testing.T) {
	close(b.fuel)
	b.all.Wait()
	if err := b.stop(); err != nil {
		t.Error(err)
	}
	if err := b.store.Close(); err != nil {
		t.Error(err)
	}
}

// TestPowerCuts takes images of the file system under load, with some of what was not synced,
// and opens each: all that was called durable is there, every log is a prefix, and stamps go on.
func TestPowerCuts(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 1))
	fs, c := vfs.NewCrashableMem(), newClock()
	b := load(t, fs, c, 6)
	defer b.end(t)
	for i := range powerCuts(t) {
		percent := i % 5 * 25
		b.refuel(20 + random.IntN(20))
		before := b.acknowledged()
		image := fs.CrashClone(vfs.CrashCloneCfg{
			UnsyncedDataPercent: percent, RNG: rand.New(rand.NewPCG(seed, uint64(i))),
		})
		if t.Run(fmt.Sprintf("%d/%d%%", i, percent), func(t *testing.T) { recovered(t, image, before, c.Now()) }); t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// once is a Stager made of two funcs.
type once struct {
	stage   func(*Group)
	durable func()
}

func (o *once) Stage(g *Group) {
	if o.stage != nil {
		o.stage(g)
	}
}

func (o *once) Durable() {
	if o.durable != nil {
		o.durable()
	}
}

// recovered opens an image and holds it to what was acknowledged.
func recovered(t *testing.T, fs vfs.FS, before acknowledged, wall time.Time) {
	c := newClock()
	c.set(wall)
	s := open(t, fs, c, testOptions(t, c))
	if s.Origin() != before.origin {
		t.Errorf("origin %v became %v; nothing was shown early", before.origin, s.Origin())
	}
	for name, was := range before.logs {
		l, err := s.Log(name)
		if err != nil {
			t.Fatal(err)
		}
		now := l.Durable()
		if now.Head < was.Head || now.Start < was.Start || now.Newest.Compare(was.Newest) < 0 {
			t.Errorf("%v: %+v was durable, %+v is left", name, was, now)
		}
		check(t, s, l)
		held, err := s.Get(Dedupe, []byte(name.Stream+strconv.Itoa(int(name.Partition))))
		if err != nil || now.Head > 0 && string(held) != strconv.FormatUint(uint64(now.Head), 10) {
			t.Errorf("%v: head %d, and the key of its batch says %q, %v", name, now.Head, held, err)
		}
	}
	stop := run(t, s)
	for name := range before.logs {
		l, _ := s.Log(name)
		newest := l.Durable().Newest
		w := newWriter(s, l)
		w.write(t, 2)
		if at := w.blocks[0].Header().HLC; at.Compare(before.newest) <= 0 || at.Compare(newest) <= 0 {
			t.Errorf("%v: stamped %v, and %v was seen before the crash", name, at, before.newest)
		}
		check(t, s, l)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestCrashInOpen crashes while a store is opened, at any operation, and again while the image
// of that is, five deep. One new origin at most comes of it.
func TestCrashInOpen(t *testing.T) {
	fs, c := vfs.NewCrashableMem(), newClock()
	b := load(t, fs, c, 3)
	if err := b.store.Expose(); err != nil {
		t.Fatal(err)
	}
	b.refuel(300)
	before := b.acknowledged()
	image := fs.CrashClone(vfs.CrashCloneCfg{})
	b.end(t)
	rounds := 20
	if testing.Short() {
		rounds = 8
	}
	for round := range rounds {
		random := rand.New(rand.NewPCG(uint64(round), 3))
		now := image.CrashClone(vfs.CrashCloneCfg{})
		for range 5 {
			now = crashInOpen(t, now, c, random)
		}
		s := open(t, now, c, testOptions(t, c))
		if n := len(s.SelfSealed()); s.Origin().ID == before.origin.ID || n != 1 {
			t.Fatalf("round %d: origin %v, %d sealed, want a new one and one sealed", round, s.Origin(), n)
		}
		if z := s.SelfSealed()[0]; z.Origin != before.origin || z.Reason != "exposed" || z.At.Compare(before.newest) < 0 {
			t.Fatalf("round %d: sealed %+v, want %v at %v or later", round, z, before.origin, before.newest)
		}
		for name, was := range before.logs {
			l, err := s.Log(name)
			if err != nil || l.Durable().Head < was.Head || !l.Sealed() {
				t.Fatalf("round %d: %v: %+v, %v, want %+v or more, sealed", round, name, l.Durable(), err, was)
			}
			check(t, s, l)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// crashInOpen opens an image and gives the image of a crash at a random operation of that.
func crashInOpen(t *testing.T, fs *vfs.MemFS, c *wallClock, random *rand.Rand) *vfs.MemFS {
	var mu sync.Mutex
	var after *vfs.MemFS
	left := random.IntN(150)
	cut := vfs.CrashCloneCfg{UnsyncedDataPercent: random.IntN(101), RNG: random}
	step := func(n int) {
		mu.Lock()
		defer mu.Unlock()
		if left -= n; left < 0 && after == nil {
			after = fs.CrashClone(cut)
		}
	}
	s := open(t, errorfs.Wrap(fs, errorfs.InjectorFunc(func(errorfs.Op) error {
		step(1)
		return nil
	})), c, testOptions(t, c))
	step(1 << 20) // at the latest, when it is open
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return after
}
