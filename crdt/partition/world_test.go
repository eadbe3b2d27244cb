package partition

import (
	"bytes"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
)

// shelf is a store in memory that can go back to what it was.
type shelf map[string][]byte

func (s shelf) Get(key []byte) ([]byte, error) { return s[string(key)], nil }

func (s shelf) Scan(from, to []byte, each func(key, value []byte) bool) error {
	for _, key := range slices.Sorted(maps.Keys(s)) {
		if key >= string(from) && (to == nil || key < string(to)) && !each([]byte(key), s[key]) {
			break
		}
	}
	return nil
}

func (s shelf) write(b *Batch) {
	for key, value := range b.Puts() {
		if value == nil {
			delete(s, string(key))
		} else {
			s[string(key)] = bytes.Clone(value)
		}
	}
}

func (s shelf) drop(from, to []byte) {
	maps.DeleteFunc(s, func(key string, _ []byte) bool { return key >= string(from) && key < string(to) })
}

// record is one event of a log.
type record struct {
	at    crdt.Place
	key   string
	delta []byte
}

func typeOf(t testing.TB, name string) crdt.Type {
	kind, ok := crdt.TypeOf(name)
	if !ok {
		t.Fatalf("no type %q", name)
	}
	return kind
}

// keysOf are n keys of one partition, in order.
func keysOf(number edged.Partition, n int) (keys []string) {
	for i := 0; len(keys) < n; i++ {
		key := "k" + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676))
		if edged.PartitionOf(key, edged.CollectionPartitions) == number {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// replica is a node's partition with the store that it is kept in.
type replica struct {
	t      testing.TB
	origin edged.Origin
	shelf  shelf
	*Partition
}

const number = 3

func newReplica(t testing.TB, kind string, id byte) *replica {
	r := &replica{t: t, origin: edged.Origin{ID: edged.OriginID{id}, Label: string(rune('a' + id))}, shelf: shelf{}}
	r.Partition = &Partition{Place: Place{Prefix: []byte("c\x00"), Number: number, Type: typeOf(t, kind)}}
	r.open()
	return r
}

func (r *replica) open() {
	p, err := Open(r.Place, r.shelf)
	if err != nil {
		r.t.Fatal(err)
	}
	r.Partition = p
}

func (r *replica) flush() {
	if b := r.Flush(); b != nil {
		r.shelf.write(b)
		r.Flushed(true)
	}
}

func (r *replica) fold(all ...record) {
	for _, x := range all {
		if _, err := r.Fold(x.at, x.key, r.Type.Name(), x.delta); err != nil {
			r.t.Fatal(err)
		}
	}
}

// update makes a record of the replica's own origin, and folds it.
func (r *replica) update(wall int64, key string, ops ...crdt.Op) (record, bool) {
	at := crdt.Place{Dot: crdt.Dot{Origin: r.origin.ID, Sequence: r.Folded(r.origin.ID) + 1}, HLC: edged.Timestamp{Wall: wall}}
	w, err := r.Begin(at, key, r.Limits)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := w.Do(ops); errors.Is(err, edged.LimitReached) {
		return record{}, false
	} else if err != nil {
		r.t.Fatal(err)
	}
	delta := w.AppendDelta(nil)
	if len(delta) == 0 {
		return record{}, false
	}
	r.Meet(r.origin)
	made := record{at, key, delta}
	r.fold(made)
	shown := w.Entry(key)
	if e, ok, _ := r.Entry(key); ok && !bytes.Equal(e.JSON(), shown.JSON()) {
		r.t.Fatalf("the working copy shows %s, the value is %s", shown.JSON(), e.JSON())
	}
	return made, true
}

func (r *replica) digest() (map[edged.Origin]edged.Sequence, edged.Sum) {
	r.flush()
	vector, sum, err := r.Place.Digest(r.shelf.Scan)
	if err != nil {
		r.t.Fatal(err)
	}
	return vector, sum
}

// parts gives the replica's state in small parts.
func (r *replica) parts(bytesMax int) (all [][]byte) {
	r.flush()
	var after []byte
	for {
		part, next, err := r.Place.Part(r.shelf.Scan, after, bytesMax)
		if err != nil {
			r.t.Fatal(err)
		}
		all = append(all, part)
		if next == nil {
			return all
		}
		after = bytes.Clone(next)
	}
}

// randomOps are operations of a type.
func randomOps(rng *rand.Rand, kind string) []crdt.Op {
	item := []byte{'"', 'a' + byte(rng.IntN(4)), '"'}
	if rng.IntN(8) == 0 {
		return []crdt.Op{{Verb: crdt.Clear}}
	}
	switch kind {
	case "counter", "bounded_counter":
		return []crdt.Op{{Verb: crdt.Increment, Number: rng.Int64N(9) - 4}}
	case "map":
		field := string(item[1:2])
		return [][]crdt.Op{
			{{Verb: crdt.Put, Fields: []string{field}, Items: [][]byte{item}}},
			{{Verb: crdt.Raise, Fields: []string{field}, Numbers: []int64{rng.Int64N(9) - 4}}},
			{{Verb: crdt.Remove, Fields: []string{field}}},
		}[rng.IntN(3)]
	case "hyperloglog", "topk":
		return []crdt.Op{{Verb: crdt.Observe, Items: [][]byte{item}}}
	case "quantiles":
		return []crdt.Op{{Verb: crdt.Observe, Floats: []float64{rng.Float64()}}}
	case "register":
		return []crdt.Op{{Verb: crdt.Assign, Items: [][]byte{item}}}
	case "flag":
		return []crdt.Op{{Verb: crdt.Enable + crdt.Verb(rng.IntN(2))}}
	}
	return []crdt.Op{{Verb: crdt.Add + crdt.Verb(rng.IntN(2)), Items: [][]byte{item}}}
}
