package expr

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"testing"
)

// allocated is the number of bytes of memory that f takes.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// FuzzRead feeds bytes that are no values: what is read is written again as it was.
func FuzzRead(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 30 {
		f.Add(Append(nil, someValue(r)))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var v Value
		var rest []byte
		var err error
		if n := allocated(func() { v, rest, err = Read(in) }); n > 4*uint64(len(in))+64<<10 {
			t.Fatalf("%d bytes of input took %d bytes", len(in), n)
		}
		if err == nil && !bytes.Equal(Append(nil, v), in[:len(in)-len(rest)]) {
			t.Fatalf("%x was read as %s", in, show(v))
		}
	})
}

// FuzzReadKey does so with keys.
func FuzzReadKey(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 30 {
		f.Add(AppendKey(nil, someValue(r)))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var v Value
		var rest []byte
		var err error
		if n := allocated(func() { v, rest, err = ReadKey(in) }); n > 4*uint64(len(in))+64<<10 {
			t.Fatalf("%d bytes of input took %d bytes", len(in), n)
		}
		if err == nil && !bytes.Equal(AppendKey(nil, v), in[:len(in)-len(rest)]) {
			t.Fatalf("%x was read as %s", in, show(v))
		}
	})
}

// FuzzExtract holds extraction to encoding/json, on any bytes.
func FuzzExtract(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		f.Add(someJSON(r, nil, 4))
	}
	x := extractorOf(f, somePaths...)
	dst := make([]Value, len(somePaths))
	f.Fuzz(func(t *testing.T, in []byte) {
		n := allocated(func() { x.Extract(in, dst, new(Arena)) })
		if most := uint64(4*len(somePaths)*len(in) + 64<<10); n > most {
			t.Fatalf("%d bytes of input took %d bytes", len(in), n)
		}
		checkExtract(t, x, in)
	})
}
