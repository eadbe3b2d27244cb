package partition

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
)

// world is some replicas that update at once, and all the records that they make.
type world struct {
	kind     string
	rng      *rand.Rand
	keys     []string
	logs     map[edged.OriginID][]record
	replicas []*replica
}

func newWorld(t testing.TB, kind string, seed uint64, replicas int) *world {
	w := &world{kind: kind, rng: rand.New(rand.NewPCG(seed, 7)), keys: keysOf(number, 8), logs: map[edged.OriginID][]record{}}
	for i := range replicas {
		w.replicas = append(w.replicas, newReplica(t, kind, byte(i+1)))
	}
	return w
}

// step lets one replica update, or hear some of another's log.
func (w *world) step(wall int64) {
	r := w.replicas[w.rng.IntN(len(w.replicas))]
	if w.rng.IntN(3) > 0 {
		if x, made := r.update(wall, w.keys[w.rng.IntN(len(w.keys))], randomOps(w.rng, w.kind)...); made {
			w.logs[r.origin.ID] = append(w.logs[r.origin.ID], x)
		}
		return
	}
	from := w.replicas[w.rng.IntN(len(w.replicas))]
	w.hear(r, from, w.rng.IntN(4))
}

func (w *world) hear(r, from *replica, most int) {
	log := w.logs[from.origin.ID][r.Folded(from.origin.ID):]
	r.Meet(from.origin)
	r.fold(log[:min(most, len(log))]...)
}

// heal lets all hear all.
func (w *world) heal() {
	for _, r := range w.replicas {
		for _, from := range w.replicas {
			w.hear(r, from, 1<<30)
		}
	}
}

func (w *world) check(t *testing.T, about string) {
	t.Helper()
	wantVector, want := w.replicas[0].digest()
	for _, r := range w.replicas[1:] {
		if vector, sum := r.digest(); sum != want || !maps.Equal(vector, wantVector) || r.Keys() != w.replicas[0].Keys() {
			t.Errorf("%s %s: %s has %v and %d keys, want %v and %d, equal sums: %v", w.kind, about, r.origin.Label,
				vector, r.Keys(), wantVector, w.replicas[0].Keys(), sum == want)
		}
	}
}

// join takes over another's state; the node crashes at the write with the given number, and is
// opened again. It says how many writes there were.
func (r *replica) join(parts [][]byte, crashAt int) (writes int) {
	crashed := func() bool {
		writes++
		return writes == crashAt
	}
	write := func(b *Batch) bool {
		lost := crashed()
		if !lost {
			r.shelf.write(b)
		}
		return !lost
	}
	r.flush()
	from, to := r.Staged()
	var theirs *Theirs
	for i := 0; i < len(parts); i++ {
		b, first, err := r.Stage(parts[i])
		if err != nil {
			r.t.Fatal(err)
		}
		if first != nil {
			theirs = first
		}
		if !write(b) { // what is staged is left over: from the beginning
			r.open()
			if r.Joining() {
				r.t.Fatal("a join without its marker")
			}
			r.shelf.drop(from, to)
			i = -1
		}
	}
	for begun := false; !begun; {
		b, err := r.Join(theirs)
		if err != nil {
			r.t.Fatal(err)
		}
		if begun = write(b); !begun {
			r.Forsake()
		}
	}
	for r.Joining() {
		b, stepped, _, err := r.Step(2)
		if err != nil {
			r.t.Fatal(err)
		}
		if write(b) {
			stepped()
		} else {
			r.open()
		}
	}
	r.shelf.drop(from, to)
	return writes
}

func TestJoinIsFoldingAll(t *testing.T) {
	for _, kind := range kinds() {
		for seed := range uint64(60) {
			w := newWorld(t, kind, seed, 3)
			for i := range 80 {
				w.step(int64(i))
				if w.rng.IntN(12) == 0 {
					to, from := w.replicas[w.rng.IntN(3)], w.replicas[w.rng.IntN(3)]
					if to != from {
						to.join(from.parts(60), w.rng.IntN(12))
					}
				}
			}
			w.heal()
			w.check(t, fmt.Sprint("seed ", seed))
		}
	}
}

// Whatever the write at which the node dies, it ends up where it would have without.
func TestJoinGoesOnAfterACrash(t *testing.T) {
	for crashAt := range 20 {
		w := newWorld(t, "set", 5, 2)
		for i := range 60 {
			w.step(int64(i))
		}
		a, b := w.replicas[0], w.replicas[1]
		if writes := a.join(b.parts(60), crashAt); writes < crashAt && crashAt < 10 {
			t.Fatalf("only %d writes: make the join longer", writes)
		}
		if a.Folded(b.origin.ID) != edged.Sequence(len(w.logs[b.origin.ID])) {
			t.Fatal("the vector does not cover what was taken over")
		}
		for _, key := range w.keys {
			mine, _, _ := a.Entry(key)
			if theirs, held, _ := b.Entry(key); held && place(mine.Last).before(theirs.Last) {
				t.Errorf("%s was last touched at %v, and there at %v", key, mine.Last, theirs.Last)
			}
		}
		if len(a.shelf) > 1+len(w.keys) {
			t.Fatalf("%d records are left of %d keys", len(a.shelf), len(w.keys))
		}
		w.heal()
		w.check(t, fmt.Sprint("crash at ", crashAt))
	}
}

func TestNothingIsFoldedDuringAJoin(t *testing.T) {
	w := newWorld(t, "counter", 1, 2)
	a, b := w.replicas[0], w.replicas[1]
	x, _ := b.update(1, w.keys[0], crdt.Op{Verb: crdt.Increment, Number: 1})
	parts := b.parts(1 << 10)
	batch, theirs, err := a.Stage(parts[0])
	if err != nil {
		t.Fatal(err)
	}
	a.shelf.write(batch)
	marker, err := a.Join(theirs)
	if err != nil {
		t.Fatal(err)
	}
	a.shelf.write(marker)
	if fate, _ := a.Fold(x.at, x.key, "counter", x.delta); fate != Waits {
		t.Errorf("a record is folded in the middle of a join: %d", fate)
	}
	if _, _, err := a.Place.Part(a.shelf.Scan, nil, 1<<10); err == nil {
		t.Error("a state in the middle of a join is given away")
	}
	if _, _, err := a.Place.Digest(a.shelf.Scan); err == nil {
		t.Error("a state in the middle of a join has a digest")
	}
	if _, err := a.Join(theirs); err == nil {
		t.Error("two joins at once")
	}
}
