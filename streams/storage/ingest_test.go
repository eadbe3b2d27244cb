package storage

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
)

// origin is another node's log, as its origin seals it.
type origin struct {
	name   edged.LogName
	head   edged.Head
	build  block.Builder
	blocks []block.Block
}

func newOrigin(label string, stream string) *origin {
	o := &origin{name: edged.LogName{Stream: stream, Generation: 1, Origin: edged.Origin{Label: label}}}
	copy(o.name.Origin.ID[:], label)
	o.head.Log = o.name.ID()
	return o
}

// seal makes the next block.
func (o *origin) seal(at edged.Timestamp, count, size int) block.Block {
	o.build.Start(block.Place{Log: o.head.Log, First: o.head.Head + 1, HLC: at, Prev: o.head.Chain})
	for i := range count {
		o.build.Add(&edged.Draft{Data: payload(o.name, o.head.Head+1+edged.Sequence(i), size)})
	}
	b := o.build.Seal(block.None)
	o.head.Head, o.head.Chain = b.Header().Last(), b.Chain()
	o.blocks = append(o.blocks, b)
	return b
}

// at is a stamp so long after the tests' wall clock starts.
func at(after time.Duration) edged.Timestamp {
	return edged.Timestamp{Wall: newClock().Now().Add(after).UnixNano()}
}

// sealed makes n blocks a millisecond apart.
func sealed(o *origin, n int) []block.Block {
	for range n {
		o.seal(at(time.Duration(len(o.blocks))*time.Millisecond), 1+len(o.blocks)%3, 20)
	}
	return o.blocks
}

func (o *origin) log(t testing.TB, s *Store) *Log {
	t.Helper()
	l, err := s.Log(o.name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// ingest hands a log's blocks in, in one group, and gives the outcomes.
func ingest(s *Store, l *Log, blocks ...block.Block) (outcomes []edged.Outcome) {
	submit(s, func(g *Group) {
		for _, b := range blocks {
			was := l.Staged().Head
			outcome, moved := g.Ingest(l, b)
			for _, m := range moved {
				if m.Header().First != was+1 {
					panic("blocks that are no run")
				}
				was = m.Header().Last()
			}
			if was != l.Staged().Head {
				panic("the head moved by other blocks than were given")
			}
			outcomes = append(outcomes, outcome)
		}
	})
	return outcomes
}

// fresh is the block as it comes from the wire.
func fresh(t testing.TB, b block.Block) block.Block {
	t.Helper()
	again, err := block.Parse(slices.Clone(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return again
}

func TestIngest(t *testing.T) {
	const held, dup, sparse, crowded = edged.Held, edged.Duplicate, edged.Sparse, edged.Crowded
	for _, c := range []struct {
		name  string
		order []int // of blocks 0 to 11
		want  []edged.Outcome
		head  int // in blocks
	}{
		{"in order", []int{0, 1, 2}, []edged.Outcome{held, held, held}, 3},
		{"again", []int{0, 0, 1, 0}, []edged.Outcome{held, dup, held, dup}, 2},
		{"a hole that closes", []int{0, 2, 3, 1}, []edged.Outcome{held, sparse, sparse, held}, 4},
		{"from the end", []int{3, 2, 1, 0}, []edged.Outcome{sparse, sparse, sparse, held}, 4},
		{"waiting again", []int{2, 2, 0, 1, 2}, []edged.Outcome{sparse, sparse, held, held, dup}, 3},
		{"four stretches", []int{1, 3, 5, 7, 9, 8, 0}, []edged.Outcome{sparse, sparse, sparse, sparse, crowded, sparse, held}, 2},
		{"stretches join", []int{1, 3, 5, 7, 2, 9, 0}, []edged.Outcome{sparse, sparse, sparse, sparse, sparse, sparse, held}, 4},
	} {
		for _, together := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/%v", c.name, together), func(t *testing.T) {
				s, _ := started(t)
				o := newOrigin("us", "s")
				blocks, l := sealed(o, 12), o.log(t, s)
				var got []edged.Outcome
				var batch []block.Block
				for _, i := range c.order {
					batch = append(batch, fresh(t, blocks[i]))
				}
				if together {
					got = ingest(s, l, batch...)
				} else {
					for _, b := range batch {
						got = append(got, ingest(s, l, b)...)
					}
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("outcomes %v, want %v", got, c.want)
				}
				if want := blocks[c.head-1].Header().Last(); l.Durable().Head != want {
					t.Errorf("head %d, want %d", l.Durable().Head, want)
				}
				check(t, s, l)
			})
		}
	}
}

// TestFork freezes a log for good, whatever the way in which the other history comes.
func TestFork(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(o *origin) block.Block // after three of o's blocks
	}{
		{"another block in its place", func(o *origin) block.Block {
			other := newOrigin("us", "s")
			sealed(other, 1)
			return other.seal(at(time.Hour), 2, 9)
		}},
		{"blocks cut otherwise", func(o *origin) block.Block {
			other := newOrigin("us", "s")
			other.seal(at(0), 2, 20)
			return other.seal(at(time.Second), 1, 20)
		}},
		{"next, with another chain", func(o *origin) block.Block {
			other := newOrigin("us", "s")
			other.seal(at(0), int(o.head.Head), 20)
			return other.seal(at(time.Second), 1, 20)
		}},
	} {
		for _, together := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/%v", c.name, together), func(t *testing.T) {
				fs, clock := vfs.NewMem(), newClock()
				s := open(t, fs, clock, testOptions(t, clock))
				stop := run(t, s)
				o := newOrigin("us", "s")
				blocks, l := slices.Clone(sealed(o, 3)), o.log(t, s)
				fork := c.make(o)
				beyond := sealed(o, 6)[4]
				if together {
					if got := ingest(s, l, append(blocks, beyond, fork)...); got[4] != edged.Forked {
						t.Fatalf("outcomes %v", got)
					}
				} else {
					ingest(s, l, append(blocks, beyond)...)
					if got := ingest(s, l, fork); got[0] != edged.Forked {
						t.Fatalf("outcome %v", got)
					}
				}
				leftOut(t, s)
				if s.Stats().BeyondBytes != 0 || s.Stats().Forks != 1 {
					t.Errorf("%+v", s.Stats())
				}
				if err := errors.Join(stop(), s.Close()); err != nil {
					t.Fatal(err)
				}
				s = open(t, fs, clock, testOptions(t, clock))
				stop = run(t, s)
				l = o.log(t, s)
				if got := ingest(s, l, o.blocks[3]); got[0] != edged.Forked || !l.Durable().Forked {
					t.Errorf("after a restart: %v, %+v", got, l.Durable())
				}
				if all, err := s.Read(l, 1, 1<<20, nil); err != nil || len(all) != 3 {
					t.Errorf("%d blocks, %v, want the three that were held", len(all), err)
				}
				leftOut(t, s)
				if err := errors.Join(stop(), s.Close()); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

// leftOut says that no log is in the digest.
func leftOut(t *testing.T, s *Store) {
	t.Helper()
	if sums := s.Sums(0); sums != [edged.Shards]edged.Sum{} {
		t.Error("a frozen log is in the digest")
	}
	if heads, err := s.ListHeads(0, nil, edged.LogID{}, 9); err != nil || len(heads) != 0 {
		t.Errorf("a frozen log is listed: %v, %v", heads, err)
	}
}

// TestBadSeam drops what waits when it does not chain to what closes the hole before it.
func TestBadSeam(t *testing.T) {
	for _, together := range []bool{true, false} {
		s, _ := started(t)
		o, other := newOrigin("us", "s"), newOrigin("us", "s")
		blocks := sealed(o, 8)
		other.seal(at(0), int(blocks[2].Header().Last()), 5)
		other.seal(at(time.Second), blocks[3].Header().Count, 5)
		l := o.log(t, s)
		order := []block.Block{blocks[0], other.blocks[1], blocks[4], blocks[6], blocks[2], blocks[1]}
		var got []edged.Outcome
		if together {
			got = ingest(s, l, order...)
		} else {
			for _, b := range order {
				got = append(got, ingest(s, l, b)...)
			}
		}
		const held, sparse = edged.Held, edged.Sparse
		if want := []edged.Outcome{held, sparse, sparse, sparse, sparse, held}; !slices.Equal(got, want) {
			t.Fatalf("outcomes %v, want %v", got, want)
		}
		if head := l.Durable().Head; head != blocks[2].Header().Last() || s.Stats().BeyondBytes != 0 {
			t.Fatalf("head %d, %d bytes beyond it", head, s.Stats().BeyondBytes)
		}
		rows := s.Scan(spaceBlocks, nil, nil)
		n := 0
		for range rows.All() {
			n++
		}
		if n != 3 || rows.Err() != nil {
			t.Errorf("%d blocks on disk, %v, want 3", n, rows.Err())
		}
		for _, outcome := range ingest(s, l, blocks[3:]...) {
			if outcome != held {
				t.Errorf("the right blocks: %v", outcome)
			}
		}
		check(t, s, l)
	}
}

// TestOverlap lets a block that holds go over others that waited in its place.
func TestOverlap(t *testing.T) {
	s, _ := started(t)
	o, other := newOrigin("us", "s"), newOrigin("us", "s")
	long := o.seal(at(0), 10, 20)
	after := o.seal(at(time.Second), 1, 20)
	other.seal(at(0), 2, 5)
	within := other.seal(at(time.Millisecond), 3, 5)
	l := o.log(t, s)
	ingest(s, l, within)
	ingest(s, l, after)
	if got := ingest(s, l, long); got[0] != edged.Held || l.Durable().Head != 11 {
		t.Fatalf("%v, %+v", got, l.Durable())
	}
	check(t, s, l)
	if n := s.Stats().BeyondBytes; n != 0 {
		t.Errorf("%d bytes beyond", n)
	}
}

func TestCrowded(t *testing.T) {
	s, _ := started(t)
	var held int64
	for i := range 10 {
		o := newOrigin(fmt.Sprintf("us%d", i), "s")
		o.seal(at(0), 1, 1)
		for n := range 9 {
			o.seal(at(time.Duration(n+1)*time.Second), 1, 1<<20)
		}
		for _, outcome := range ingest(s, o.log(t, s), o.blocks[1:]...) {
			if outcome == edged.Sparse {
				held++
			}
		}
	}
	if n := s.Stats().BeyondBytes; n > storeBeyondMax || held != 63 { // 7 of a log, 63 of all
		t.Errorf("%d blocks of 1 MiB wait, %d bytes", held, n)
	}
}

// TestShuffled hands blocks in, in any order, in groups of any size, with repeats and restarts,
// and holds the store to a plain model.
func TestShuffled(t *testing.T) {
	for seed := range uint64(30) {
		shuffled(t, seed)
	}
}

func shuffled(t *testing.T, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 5))
	fs, clock := vfs.NewMem(), newClock()
	s := open(t, fs, clock, testOptions(t, clock))
	stop := run(t, s)
	o := newOrigin("us", "s")
	blocks, l := sealed(o, 40), o.log(t, s)
	waits := make(map[int]bool)
	head := 0 // blocks held
	for step := 0; head < len(blocks); step++ {
		var batch []block.Block
		var want []edged.Outcome
		for range 1 + random.IntN(6) {
			i := min(len(blocks)-1, max(0, head-2+random.IntN(12)))
			batch = append(batch, fresh(t, blocks[i]))
			want = append(want, expect(waits, &head, i))
		}
		got := ingest(s, l, batch...)
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d, step %d: %v, want %v", seed, step, got, want)
		}
		state := l.Durable()
		if head > 0 && state.Head != blocks[head-1].Header().Last() {
			t.Fatalf("seed %d, step %d: head %d, want %d blocks", seed, step, state.Head, head)
		}
		check(t, s, l)
		if at, err := s.SeekTime(l, 1<<62); err != nil || at != state.Head+1 {
			t.Fatalf("seed %d, step %d: seek past all: %d, %v", seed, step, at, err)
		}
		if random.IntN(10) == 0 {
			if err := errors.Join(stop(), s.Close()); err != nil {
				t.Fatal(err)
			}
			s = open(t, fs, clock, testOptions(t, clock))
			stop = run(t, s)
			l = o.log(t, s)
			clear(waits)
			rows := s.Scan(spaceBeyond, nil, nil)
			for range rows.All() {
				t.Fatalf("seed %d, step %d: marked as waiting after a restart", seed, step)
			}
		}
	}
	if s.Stats().BeyondBytes != 0 {
		t.Errorf("seed %d: %d bytes beyond", seed, s.Stats().BeyondBytes)
	}
	if err := errors.Join(stop(), s.Close()); err != nil {
		t.Fatal(err)
	}
}

// expect is Ingest on numbers.
func expect(waits map[int]bool, head *int, i int) edged.Outcome {
	switch {
	case i < *head:
		return edged.Duplicate
	case waits[i]:
		return edged.Sparse
	case i == *head:
		for *head++; waits[*head]; *head++ {
			delete(waits, *head)
		}
		return edged.Held
	}
	waits[i] = true
	stretches := 0
	for n := range waits {
		if !waits[n-1] {
			stretches++
		}
	}
	if stretches > stretchesMax {
		delete(waits, i)
		return edged.Crowded
	}
	return edged.Sparse
}

func TestSkip(t *testing.T) {
	s, _ := started(t)
	o := newOrigin("us", "s")
	blocks, l := sealed(o, 10), o.log(t, s)
	ingest(s, l, blocks[0], blocks[1], blocks[5], blocks[7])
	last := blocks[4].Header().Last()
	var moved []block.Block
	submit(s, func(g *Group) { moved = g.Skip(l, last, blocks[4].Chain(), "retired") })
	if len(moved) != 1 || l.Durable().Head != blocks[5].Header().Last() || l.Durable().Start != 1 {
		t.Fatalf("%d blocks moved, %+v", len(moved), l.Durable())
	}
	from := blocks[2].Header().First
	gaps, err := s.Gaps(l)
	if want := []Gap{{from, last, "retired"}}; err != nil || !slices.Equal(gaps, want) {
		t.Errorf("gaps %v, %v, want %v", gaps, err, want)
	}
	if h := l.Position(); h.Start != last+1 || h.Head != l.Durable().Head {
		t.Errorf("%+v, want a start after the gap", h)
	}
	if got := ingest(s, l, blocks[3], blocks[0]); got[0] != edged.Duplicate || got[1] != edged.Duplicate {
		t.Errorf("from the gap, and before it: %v", got)
	}
	packed, err := s.ReadPacked(l, from, 1, nil)
	if err != nil || len(packed) != 1 || packed[0].First != last+1 {
		t.Errorf("read from the gap: %v, %v", packed, err)
	}
	submit(s, func(g *Group) { // over one that waits; nothing held before
		g.Retire(l, l.Staged().Head+1)
		moved = g.Skip(l, blocks[8].Header().Last(), blocks[8].Chain(), "lost")
	})
	if state := l.Durable(); len(moved) != 0 || state.Start != blocks[9].Header().First || s.Stats().BeyondBytes != 0 {
		t.Errorf("%d moved, %+v, %d bytes beyond", len(moved), state, s.Stats().BeyondBytes)
	}
	if got := ingest(s, l, blocks[9]); got[0] != edged.Held {
		t.Errorf("after the gap: %v", got)
	}
	if all, err := s.Read(l, 1, 1<<20, nil); err != nil || len(all) != 1 {
		t.Errorf("%d blocks, %v", len(all), err)
	}
	submit(s, func(g *Group) { g.DropLogs("s", 1) })
	if gaps, err := s.Gaps(l); err != nil || len(gaps) != 0 {
		t.Errorf("gaps of a dropped log: %v, %v", gaps, err)
	}
	if found, err := s.Find(l.ID()); found != nil || err != nil {
		t.Errorf("a dropped log is found: %v, %v", found, err)
	}
	if got := ingest(s, l, blocks[9]); got[0] != edged.Deleted || s.Sums(0) != [edged.Shards]edged.Sum{} {
		t.Errorf("a dropped log: %v, or it is in the digest", got)
	}
}

// TestIngestOwn never changes a log that this node appends to.
func TestIngestOwn(t *testing.T) {
	s, _ := started(t)
	w := newWriter(s, logOf(t, s, "s", 0))
	w.write(t, 3)
	before := w.log.Durable()
	held := w.blocks[0]
	other := &origin{name: w.log.Name(), head: edged.Head{Log: w.log.ID()}}
	other.seal(at(time.Second), 3, 50)
	other.seal(at(2*time.Second), 1, 1)
	got := ingest(s, w.log, held, other.blocks[0], other.blocks[1])
	if want := []edged.Outcome{edged.Duplicate, edged.Forked, edged.Refused}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if w.log.Durable() != before {
		t.Errorf("%+v became %+v", before, w.log.Durable())
	}
	w.write(t, 1)
}

// TestDamagedByOrigin refuses what no origin seals, and freezes nothing.
func TestDamagedByOrigin(t *testing.T) {
	s, _ := started(t)
	o := newOrigin("us", "s")
	l := o.log(t, s)
	o.head.Chain = edged.Chain{1}
	first := o.seal(at(0), 1, 1)
	again := newOrigin("us", "s")
	good := again.seal(at(time.Second), 1, 1)
	early := again.seal(at(time.Second-1), 1, 1)
	const damaged = edged.Damaged
	want := []edged.Outcome{damaged, edged.Held, damaged}
	if got := ingest(s, l, first, good, early); !slices.Equal(got, want) || l.Durable().Forked {
		t.Errorf("%v, want %v; forked %v", got, want, l.Durable().Forked)
	}
}
