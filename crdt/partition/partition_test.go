package partition

import (
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
)

func kinds() []string {
	return []string{"counter", "register", "set", "flag", "map", "bounded_counter", "hyperloglog", "quantiles", "topk"}
}

func TestEachRecordOnce(t *testing.T) {
	a := newReplica(t, "counter", 1)
	key := keysOf(number, 1)[0]
	var log []record
	for i := range 4 {
		x, _ := a.update(int64(i), key, crdt.Op{Verb: crdt.Increment, Number: 10})
		log = append(log, x)
	}
	b := newReplica(t, "counter", 2)
	fold := func(x record, typeName string) Fate {
		fate, err := b.Fold(x.at, x.key, typeName, x.delta)
		if err != nil {
			t.Fatal(err)
		}
		return fate
	}
	torn := log[2]
	torn.delta = torn.delta[:len(torn.delta)-1]
	for i, step := range []struct {
		x    record
		kind string
		want Fate
	}{
		{log[1], "counter", Waits},
		{log[0], "counter", Folded},
		{log[0], "counter", Known},
		{log[1], "set", Skipped},
		{log[1], "counter", Known},
		{torn, "counter", Skipped},
		{log[3], "counter", Folded},
	} {
		if got := fold(step.x, step.kind); got != step.want {
			t.Errorf("step %d: fate %d, want %d", i, got, step.want)
		}
	}
	if got := b.Folded(a.origin.ID); got != 4 {
		t.Errorf("folded up to %d, want 4", got)
	}
	foreign := record{crdt.Place{Dot: crdt.Dot{Origin: a.origin.ID, Sequence: 5}}, keysOf(number+1, 1)[0], log[0].delta}
	if got := fold(foreign, "counter"); got != Skipped {
		t.Errorf("a key of another partition: fate %d", got)
	}
	e, _, _ := b.Entry(key)
	if string(e.JSON()) != "40" || e.Last.Sequence != 4 || b.Keys() != 1 {
		t.Errorf("value %s, last touched by %d, %d keys", e.JSON(), e.Last.Sequence, b.Keys())
	}
}

func TestWhatIsNotFlushedIsFoldedAgain(t *testing.T) {
	for _, kind := range kinds() {
		rng := rand.New(rand.NewPCG(1, 2))
		keys := keysOf(number, 6)
		a, b := newReplica(t, kind, 1), newReplica(t, kind, 2)
		var log []record
		for i := range 300 {
			if x, made := a.update(int64(i), keys[rng.IntN(len(keys))], randomOps(rng, kind)...); made {
				log = append(log, x)
			}
			switch rng.IntN(10) {
			case 0: // crash
				b.open()
			case 1:
				b.flush()
			case 2: // a batch that fails, while more comes
				if out := b.Flush(); out != nil {
					b.fold(log[b.Folded(a.origin.ID):]...)
					b.Flushed(false)
				}
			case 3: // a crash after a batch that the store has
				if out := b.Flush(); out != nil {
					b.fold(log[b.Folded(a.origin.ID):]...)
					b.shelf.write(out)
					b.open()
				}
			default:
				b.fold(log[b.Folded(a.origin.ID):]...)
			}
		}
		b.fold(log[b.Folded(a.origin.ID):]...)
		wantVector, want := a.digest()
		b.Meet(a.origin)
		gotVector, got := b.digest()
		if got != want || !maps.Equal(gotVector, wantVector) {
			t.Errorf("%s: the states differ after crashes: %v, want %v", kind, gotVector, wantVector)
		}
		keysHeld, bytesHeld := b.Keys(), b.Bytes()
		b.open()
		if b.Keys() != a.Keys() || b.Keys() != keysHeld || b.Bytes() != bytesHeld || b.Bytes() != a.Bytes() {
			t.Errorf("%s: %d keys of %d bytes, stored as %d of %d; the other has %d of %d", kind,
				keysHeld, bytesHeld, b.Keys(), b.Bytes(), a.Keys(), a.Bytes())
		}
	}
}

func TestNothingIsKeptOfWhatIsRemoved(t *testing.T) {
	key := keysOf(number, 1)[0]
	set := newReplica(t, "set", 1)
	set.update(1, key, crdt.Op{Verb: crdt.Add, Items: [][]byte{[]byte(`"x"`)}})
	set.flush()
	set.update(2, key, crdt.Op{Verb: crdt.Clear})
	set.flush()
	if len(set.shelf) != 1 || set.Keys() != 0 || set.Bytes() != 0 {
		t.Errorf("a removed set leaves %d records, %d keys, %d bytes", len(set.shelf), set.Keys(), set.Bytes())
	}
	counter := newReplica(t, "counter", 1)
	counter.update(1, key, crdt.Op{Verb: crdt.Increment, Number: 5})
	counter.update(2, key, crdt.Op{Verb: crdt.Clear})
	counter.flush()
	if e, ok, _ := counter.Entry(key); !ok || !e.Absent() || counter.Keys() != 0 {
		t.Error("a counter that was reset must be absent, and keep its rows")
	}
}

func TestScanSeesWhatIsNotFlushed(t *testing.T) {
	p := newReplica(t, "register", 1)
	keys := keysOf(number, 40)
	assign := func(i int, text string) {
		p.update(int64(i), keys[i], crdt.Op{Verb: crdt.Assign, Items: [][]byte{[]byte(`"` + text + `"`)}})
	}
	for i := 0; i < 40; i += 2 {
		assign(i, "old")
	}
	p.flush()
	for i := 0; i < 40; i += 3 {
		assign(i, "new")
	}
	out := p.Flush() // some are on their way, some newer than those
	assign(3, "newest")
	assign(39, "newest")
	var got, want []string
	for i, key := range keys {
		switch {
		case i == 3 || i == 39:
			want = append(want, key+`"newest"`)
		case i%3 == 0:
			want = append(want, key+`"new"`)
		case i%2 == 0:
			want = append(want, key+`"old"`)
		}
	}
	each := func(e Entry) bool {
		got = append(got, e.Key+string(e.JSON()))
		return true
	}
	if err := p.Scan("", "", each); err != nil || strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("scan gives %q, want %q (%v)", got, want, err)
	}
	p.shelf.write(out)
	p.Flushed(true)
	got, want = nil, want[2:5]
	from, to := strings.Split(want[0], `"`)[0], strings.Split(want[2], `"`)[0]+"\x00"
	if err := p.Scan(from, to, each); err != nil || strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("scan gives %q, want %q (%v)", got, want, err)
	}
	got = nil
	_ = p.Scan("", "", func(e Entry) bool { got = append(got, e.Key); return len(got) < 5 })
	if len(got) != 5 {
		t.Errorf("a scan that is ended goes on: %d", len(got))
	}
}

func TestRaiseMovesPastWhatNobodyHolds(t *testing.T) {
	p := newReplica(t, "counter", 1)
	gone := edged.OriginID{9}
	p.Raise(gone, 7)
	p.Raise(gone, 5)
	p.flush()
	p.open()
	if p.Folded(gone) != 7 || p.Stored()[gone] != 7 {
		t.Errorf("vector at %d", p.Folded(gone))
	}
}

// What was read for an update is not read again when it is folded, nor what was just flushed.
func TestKeysThatChangeOftenAreReadOnce(t *testing.T) {
	p := newReplica(t, "counter", 1)
	key := keysOf(number, 1)[0]
	one := crdt.Op{Verb: crdt.Increment, Number: 1}
	reads := &countingReader{Reader: p.shelf}
	p.read = reads
	for i := range 10 {
		p.update(int64(i), key, one)
		if reads.gets != 1 {
			t.Fatalf("after %d updates there were %d reads", i+1, reads.gets)
		}
		p.flush()
	}
	p.Flush() // finds nothing, and forgets
	p.update(11, key, one)
	if e, _, _ := p.Entry(key); reads.gets != 2 || string(e.JSON()) != "11" {
		t.Errorf("%d reads, value %s", reads.gets, e.JSON())
	}
}

func TestAKeyThatWasOnlyReadIsNotThere(t *testing.T) {
	p := newReplica(t, "counter", 1)
	key := keysOf(number, 1)[0]
	if _, err := p.Begin(crdt.Place{Dot: crdt.Dot{Origin: p.origin.ID, Sequence: 1}}, key, p.Limits); err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := p.Entry(key); ok {
		t.Error("an update that has only begun is seen")
	}
	p.flush()
	if len(p.shelf) > 0 {
		t.Errorf("%d records are stored", len(p.shelf))
	}
}

type countingReader struct {
	Reader
	gets int
}

func (r *countingReader) Get(key []byte) ([]byte, error) {
	r.gets++
	return r.Reader.Get(key)
}
