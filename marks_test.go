package edged

import (
	"math/rand/v2"
	"testing"
)

func TestMarksAreTheCursorsOfTheBase(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		c := Cursor{Stream: "orders"[:rnd.IntN(7)], Generation: Generation(rnd.Uint64() >> rnd.IntN(64)), Vector: Vector{}}
		for range rnd.IntN(40) {
			c.Vector[LogKey{OriginID{byte(rnd.IntN(4))}, Partition(rnd.IntN(300))}] = Sequence(rnd.Uint64())
		}
		base := c.Base()
		k := LogKey{OriginID{byte(rnd.IntN(4)), 7}, Partition(rnd.Uint32() >> rnd.IntN(32))}
		marks := base.Along(k)
		for range 3 {
			s := Sequence(rnd.Uint64() >> rnd.IntN(64))
			got, want := string(marks.AppendAt([]byte("x"), s)), "x"+string(base.AppendAt(nil, k, s))
			if got != want {
				t.Fatalf("event %d of %v after %v: got %s, want %s", s, k, c, got, want)
			}
		}
	}
}

func TestMarksAllocateNothing(t *testing.T) {
	marks := Cursor{Stream: "orders", Generation: 1, Vector: Vector{{}: 7}}.Base().Along(LogKey{})
	room := make([]byte, 0, 200)
	if n := testing.AllocsPerRun(100, func() { marks.AppendAt(room, 1<<40) }); n != 0 {
		t.Errorf("a cursor takes %v allocations", n)
	}
}

func BenchmarkMarks(b *testing.B) {
	marks := Cursor{Stream: "orders", Generation: 1, Vector: Vector{{}: 7}}.Base().Along(LogKey{})
	room := make([]byte, 0, 200)
	for b.Loop() {
		marks.AppendAt(room, 1_000_000)
	}
}

func BenchmarkBaseAppendAt(b *testing.B) {
	base := Cursor{Stream: "orders", Generation: 1, Vector: Vector{{}: 7}}.Base()
	room := make([]byte, 0, 200)
	for b.Loop() {
		base.AppendAt(room, LogKey{}, 1_000_000)
	}
}
