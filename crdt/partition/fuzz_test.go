package partition

import (
	"bytes"
	"runtime"
	"testing"

	"github.com/edgedhq/edged/crdt"
)

// allocated is the number of bytes of memory that f takes.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Parts come from other nodes: what does not parse is refused, and cheaply; what does comes back as
// it is.
func FuzzStage(f *testing.F) {
	r := newReplica(f, "set", 1)
	for i, key := range keysOf(number, 5) {
		r.update(int64(i), key, crdt.Op{Verb: crdt.Add, Items: [][]byte{[]byte(`"x"`), []byte(`"y"`)}})
	}
	for _, part := range r.parts(60) {
		f.Add(part)
	}
	f.Add([]byte{version, 1, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, part []byte) {
		p := newReplica(t, "set", 2)
		var b *Batch
		var err error
		stage := func() uint64 { return allocated(func() { b, _, err = p.Stage(part) }) }
		if n := min(stage(), stage(), stage()); n > 64*uint64(len(part))+64<<10 {
			t.Fatalf("%d bytes of input took %d bytes", len(part), n)
		}
		if err != nil {
			return
		}
		for key, value := range b.Puts() {
			if !bytes.Contains(part, key[len(p.Prefix)+1:]) || !bytes.Contains(part, value) {
				t.Fatalf("staged what the part does not hold: %q", key)
			}
		}
	})
}

func TestStageRefusesWhatIsCutOff(t *testing.T) {
	r := newReplica(t, "set", 1)
	keys := keysOf(number, 2)
	r.update(1, keys[0], crdt.Op{Verb: crdt.Add, Items: [][]byte{[]byte(`"x"`)}})
	part := r.parts(1 << 10)[0]
	p := newReplica(t, "set", 2)
	whole := 0
	for n := range part {
		if _, theirs, err := p.Stage(part[:n]); err == nil {
			whole++
			if !theirs.Covers(crdt.Dot{Origin: r.origin.ID, Sequence: 1}) {
				t.Error("a vector that was cut off")
			}
		}
	}
	if whole != 1 { // before the only entry
		t.Errorf("%d prefixes of a part are taken for parts", whole)
	}
}

func BenchmarkFold(b *testing.B) {
	for _, kind := range kinds() {
		b.Run(kind, func(b *testing.B) {
			w := newWorld(b, kind, 1, 1)
			a := w.replicas[0]
			w.keys = keysOf(number, 200)
			for i := range 5000 {
				if x, made := a.update(int64(i), w.keys[w.rng.IntN(len(w.keys))], randomOps(w.rng, kind)...); made {
					w.logs[a.origin.ID] = append(w.logs[a.origin.ID], x)
				}
			}
			log := w.logs[a.origin.ID]
			b.ReportAllocs()
			n := len(log)
			var p *replica
			for b.Loop() {
				if n == len(log) {
					n, p = 0, newReplica(b, kind, 2)
				}
				p.fold(log[n])
				n++
			}
		})
	}
}

func BenchmarkBegin(b *testing.B) {
	p := newReplica(b, "counter", 1)
	key := keysOf(number, 1)[0]
	op := []crdt.Op{{Verb: crdt.Increment, Number: 1}}
	p.update(1, key, op...)
	at := crdt.Place{Dot: crdt.Dot{Origin: p.origin.ID, Sequence: 2}}
	b.ReportAllocs()
	for b.Loop() {
		w, _ := p.Begin(at, key, p.Limits)
		_ = w.Do(op)
		_ = w.AppendDelta(nil)
	}
}
