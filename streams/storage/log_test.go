package storage

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
)

// submit stages something by itself and waits until it is durable.
func submit(s *Store, stage func(*Group)) {
	done := make(chan struct{})
	s.Submit(&once{stage, func() { close(done) }})
	<-done
}

// started opens a store in memory and runs it until the test ends.
func started(t testing.TB) (*Store, *wallClock) {
	c := newClock()
	s := open(t, vfs.NewMem(), c, testOptions(t, c))
	stop := run(t, s)
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, c
}

func TestRetire(t *testing.T) {
	s, _ := started(t)
	w := newWriter(s, logOf(t, s, "s", 0))
	w.write(t, 10, 10, 10, 10)
	all, err := s.Read(w.log, 1, 1<<20, nil)
	if err != nil || len(all) != 4 {
		t.Fatalf("%d blocks, %v, want 4", len(all), err)
	}
	if at, err := s.SeekBytes(w.log, int64(len(all[0].Bytes()))+1); at != 21 || err != nil {
		t.Errorf("seek past one block and a byte: %d, %v, want 21", at, err)
	}
	if at, err := s.SeekBytes(w.log, 1<<20); at != 41 || err != nil {
		t.Errorf("seek past all: %d, %v, want 41", at, err)
	}
	submit(s, func(g *Group) { g.Retire(w.log, 21) })
	check(t, s, w.log)
	if state := w.log.Durable(); state.Start != 21 || state.Head != 40 {
		t.Fatalf("%+v, want 21 to 40", state)
	}
	submit(s, func(g *Group) { g.Retire(w.log, 11) }) // never back
	if got, err := s.Read(w.log, 1, 1, nil); err != nil || len(got) != 1 || got[0].Header().First != 21 {
		t.Fatalf("read from a retired event: %v, %v, want the block at 21", got, err)
	}
	submit(s, func(g *Group) { g.Retire(w.log, 1000) })
	if state := w.log.Durable(); state.Start != 41 || state.Head != 40 || state.Bytes != 0 {
		t.Fatalf("%+v, want nothing held after 40", state)
	}
	if got, err := s.Read(w.log, 1, 1, nil); err != nil || len(got) != 0 {
		t.Fatalf("read of an empty log: %v, %v", got, err)
	}
	w.write(t, 5)
	check(t, s, w.log)
	if got := w.blocks[0].Header().Prev; got != all[3].Chain() {
		t.Error("the chain does not go on over what is retired")
	}
}

func TestSeekTime(t *testing.T) {
	s, c := started(t)
	w := newWriter(s, logOf(t, s, "s", 0))
	if at, err := s.SeekTime(w.log, 0); at != 1 || err != nil {
		t.Errorf("empty: %d, %v, want 1", at, err)
	}
	base := c.Now()
	for i := range 50 {
		c.set(base.Add(time.Duration(i) * time.Second))
		w.write(t, 1+i%7)
	}
	submit(s, func(g *Group) { g.Retire(w.log, 11) }) // blocks 0 to 3 hold 1+2+3+4
	blocks, err := s.Read(w.log, 1, 1<<20, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, half := range []int64{-1, 0, 1} {
		for i := range 52 {
			wall := base.UnixNano() + int64(i)*1e9 + half
			want := w.log.Durable().Head + 1
			for _, b := range blocks {
				if h := b.Header(); h.HLC.Wall >= wall {
					want = h.First
					break
				}
			}
			if at, err := s.SeekTime(w.log, wall); at != want || err != nil {
				t.Fatalf("at %d%+d: %d, %v, want %d", i, half, at, err, want)
			}
		}
	}
}

func TestDropLogs(t *testing.T) {
	s, _ := started(t)
	name := func(stream string, gen edged.Generation) edged.LogName {
		return edged.LogName{Stream: stream, Generation: gen, Origin: s.Origin()}
	}
	var writers []*writer
	for _, n := range []edged.LogName{name("a", 1), name("a", 2), name("ab", 1), name("b", 1)} {
		l, err := s.Log(n)
		if err != nil {
			t.Fatal(err)
		}
		writers = append(writers, newWriter(s, l))
		writers[len(writers)-1].write(t, 3)
	}
	fresh, err := s.Log(edged.LogName{Stream: "a", Generation: 1, Partition: 1, Origin: s.Origin()})
	if err != nil {
		t.Fatal(err)
	}
	w := newWriter(s, fresh)
	w.counts = []int{2}
	submit(s, func(g *Group) { // the log's first block, and its end, in one group
		w.Stage(g)
		g.DropLogs("a", 1)
	})
	if left, err := s.Logs("a", 1); err != nil || len(left) != 0 {
		t.Errorf("%d logs left, %v", len(left), err)
	}
	for _, l := range []*Log{writers[0].log, fresh} {
		if got, err := s.Read(l, 1, 1, nil); err != nil || len(got) != 0 {
			t.Errorf("%v: %d blocks left, %v", l.Name(), len(got), err)
		}
	}
	for _, w := range writers[1:] {
		check(t, s, w.log)
		w.write(t, 1)
	}
}

func TestSpaces(t *testing.T) {
	s, _ := started(t)
	value := func(b []byte, err error) string { return fmt.Sprintf("%q %v", b, err) }
	submit(s, func(g *Group) {
		for _, k := range []string{"a", "b", "c", "d"} {
			g.Set(Streams, []byte(k), []byte("S"+k))
			g.Set(Lent+1, []byte(k), []byte("L"+k))
		}
		g.Set(Lent+1, nil, []byte("empty key"))
	})
	submit(s, func(g *Group) {
		g.Delete(Streams, []byte("b"))
		g.DeleteRange(Lent+1, []byte("c"), nil)
	})
	for _, c := range []struct {
		space Space
		key   string
		want  string
	}{
		{Streams, "a", `"Sa" <nil>`}, {Streams, "b", `"" <nil>`}, {Streams, "d", `"Sd" <nil>`},
		{Lent + 1, "", `"empty key" <nil>`}, {Lent + 1, "b", `"Lb" <nil>`}, {Lent + 1, "d", `"" <nil>`}, {Lent, "a", `"" <nil>`},
	} {
		if got := value(s.Get(c.space, []byte(c.key))); got != c.want {
			t.Errorf("get %q %q: %s, want %s", byte(c.space), c.key, got, c.want)
		}
	}
	if b, err := s.Get(Streams, []byte("b")); b != nil || err != nil {
		t.Errorf("an absent key: %v, %v, want nil", b, err)
	}
	for _, c := range []struct{ from, to, want string }{{"", "", "acd"}, {"b", "", "cd"}, {"", "d", "ac"}, {"c", "d", "c"}} {
		from, to := []byte(c.from), []byte(c.to)
		if c.to == "" {
			to = nil
		}
		var got bytes.Buffer
		rows := s.Scan(Streams, from, to)
		for k, v := range rows.All() {
			got.Write(k)
			if string(v) != "S"+string(k) {
				t.Errorf("%q has %q", k, v)
			}
		}
		if got.String() != c.want || rows.Err() != nil {
			t.Errorf("scan %q to %q: %q, %v, want %q", c.from, c.to, got.String(), rows.Err(), c.want)
		}
	}
}

// TestOneObject holds that everybody who asks for a log gets the same object, and that objects
// nobody holds cost nothing.
func TestOneObject(t *testing.T) {
	s, _ := started(t)
	a, b := logOf(t, s, "s", 0), logOf(t, s, "s", 0)
	if a != b {
		t.Fatal("two objects for one log")
	}
	for p := range edged.Partition(1000) {
		logOf(t, s, "many", p)
	}
	for range 100 {
		runtime.GC()
		s.logs.mu.Lock()
		n := len(s.logs.open)
		s.logs.mu.Unlock()
		if n == 1 {
			break
		}
		runtime.Gosched()
	}
	s.logs.mu.Lock()
	if n := len(s.logs.open); n != 1 {
		t.Errorf("%d logs are open, want 1", n)
	}
	s.logs.mu.Unlock()
	runtime.KeepAlive(a)
}

// TestWrongBlock panics: a block that does not follow would break a log for ever.
func TestWrongBlock(t *testing.T) {
	s, _ := started(t)
	l := logOf(t, s, "s", 0)
	w := newWriter(s, l)
	w.write(t, 2)
	for name, place := range map[string]block.Place{
		"gap":        {Log: l.ID(), First: 4, HLC: l.Durable().Newest.Plus(9), Prev: l.Durable().Chain},
		"again":      {Log: l.ID(), First: 1, HLC: l.Durable().Newest.Plus(9)},
		"chain":      {Log: l.ID(), First: 3, HLC: l.Durable().Newest.Plus(9)},
		"stamp":      {Log: l.ID(), First: 3, HLC: l.Durable().Newest, Prev: l.Durable().Chain},
		"other's id": {Log: edged.LogID{1}, First: 3, HLC: l.Durable().Newest.Plus(9), Prev: l.Durable().Chain},
	} {
		submit(s, func(g *Group) {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: taken", name)
				}
			}()
			var b block.Builder
			b.Start(place)
			b.Add(&edged.Draft{Data: []byte("x")})
			g.PutBlock(l, b.Seal(block.None))
		})
	}
	check(t, s, l)
}

func FuzzRecords(f *testing.F) {
	f.Add(appendRecord(nil, State{Start: 3, Head: 9, Newest: edged.Timestamp{Wall: 7, Logical: 1}, Bytes: 100}, "eu-1"))
	f.Add(nodeRecord{node: "abc", inode: 7, clean: true}.append(nil))
	f.Add(Sealed{Reason: "exposed"}.append(nil))
	f.Fuzz(func(t *testing.T, in []byte) {
		if s, label, err := parseRecord(in); err == nil {
			again, l, err := parseRecord(appendRecord(nil, s, label))
			if err != nil || again != s || l != label {
				t.Errorf("%+v %q came back as %+v %q, %v", s, label, again, l, err)
			}
		}
		if r, err := parseNode(in); err == nil {
			if again, err := parseNode(r.append(nil)); err != nil || again != r {
				t.Errorf("%+v came back as %+v, %v", r, again, err)
			}
		}
		var key [10]byte
		if z, err := parseSealed(key[:], in); err == nil {
			if again, err := parseSealed(key[:], z.append(nil)); err != nil || again != z {
				t.Errorf("%+v came back as %+v, %v", z, again, err)
			}
		}
		_, _, _ = parseLog(in, in)
	})
}
