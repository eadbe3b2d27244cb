package storage

import (
	"bytes"
	"fmt"
	"iter"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

func pairs(text ...string) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		for i := 0; i < len(text); i += 2 {
			var value []byte
			if text[i+1] != "nil" {
				value = []byte(text[i+1])
			}
			if !yield([]byte(text[i]), value) {
				return
			}
		}
	}
}

// dump is what a scan meets.
func dump(t *testing.T, scan func(from, to []byte, each func(key, value []byte) bool) error, from, to []byte) (all string) {
	t.Helper()
	if err := scan(from, to, func(key, value []byte) bool {
		all += fmt.Sprintf("%s=%s ", key, value)
		return len(all) < 20
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestKeyspace(t *testing.T) {
	c := newClock()
	s := open(t, vfs.NewMem(), c, testOptions(t, c))
	defer s.Close()
	k, other := s.Lend(Lent), s.Lend(Lent+1)
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	do(k.Write(pairs("a", "1", "b", "2", "c", "3", "d", "4", "e", "5")))
	do(other.Write(pairs("b", "another's")))
	pinned, release, err := k.Pin()
	do(err)
	do(k.Write(pairs("a", "one", "b", "nil")))
	do(k.Drop([]byte("c"), []byte("e")))
	if v, err := k.Get([]byte("b")); v != nil || err != nil {
		t.Errorf("deleted: %q, %v", v, err)
	}
	if got := dump(t, k.Scan, nil, nil); got != "a=one e=5 " {
		t.Errorf("now %q", got)
	}
	if got := dump(t, pinned, []byte("b"), []byte("d")); got != "b=2 c=3 " {
		t.Errorf("pinned %q", got)
	}
	if got := dump(t, pinned, nil, nil); got != "a=1 b=2 c=3 d=4 e=5 " {
		t.Errorf("pinned and cut short: %q", got)
	}
	do(release())
	if got := dump(t, other.Scan, nil, nil); got != "b=another's " {
		t.Errorf("the other space %q", got)
	}
}

// TestGather writes with a group what was gathered ahead of it, and nothing of what no group takes.
func TestGather(t *testing.T) {
	s, _ := started(t)
	k := s.Lend(Functions)
	if err := k.Write(pairs("a", "1", "b", "2")); err != nil {
		t.Fatal(err)
	}
	taken, err := k.Gather(pairs("a", "nil", "c", "3"))
	if err != nil {
		t.Fatal(err)
	}
	left, err := k.Gather(pairs("b", "nil"))
	if err != nil {
		t.Fatal(err)
	}
	if got := dump(t, k.Scan, nil, nil); got != "a=1 b=2 " {
		t.Errorf("before the group %q", got)
	}
	submit(s, func(g *Group) { g.Write(taken) })
	for _, w := range []*Writes{taken, left} {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
	if got := dump(t, k.Scan, nil, nil); got != "b=2 c=3 " {
		t.Errorf("after it %q", got)
	}
}

// TestKeyspacePowerCut loses power after writes: each is there whole or not at all, none without
// those before it, and all that came before a group that was made durable.
func TestKeyspacePowerCut(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 3))
		fs, c := vfs.NewCrashableMem(), newClock()
		s := open(t, fs, c, testOptions(t, c))
		stop := run(t, s)
		k := s.Lend(Lent)
		synced, last := 0, 1+r.IntN(30)
		for i := 1; i <= last; i++ {
			text := fmt.Sprint(i)
			if err := k.Write(pairs("x", text, fmt.Sprint("y", i), text, "z", text)); err != nil {
				t.Fatal(err)
			}
			if r.IntN(10) == 0 {
				submit(s, func(g *Group) { g.Set(Lent+1, []byte(text), nil) })
				synced = i
			}
		}
		image := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 25 * r.IntN(5), RNG: r})
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		again := open(t, image, c, testOptions(t, c)).Lend(Lent)
		x, errX := again.Get([]byte("x"))
		z, errZ := again.Get([]byte("z"))
		if errX != nil || errZ != nil || !bytes.Equal(x, z) {
			t.Fatalf("seed %d: %q beside %q, %v, %v", seed, x, z, errX, errZ)
		}
		held := 0
		for i := 1; i <= last; i++ {
			if y, err := again.Get(fmt.Append(nil, "y", i)); err != nil {
				t.Fatal(err)
			} else if y != nil {
				if held++; held != i {
					t.Fatalf("seed %d: write %d is there, one before it is not", seed, i)
				}
			}
		}
		if string(x) != fmt.Sprint(held) && held > 0 || held < synced {
			t.Fatalf("seed %d: %d writes held, the last says %q, and %d came before a durable group", seed, held, x, synced)
		}
		if err := again.store.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
