package crdttest

import (
	"runtime"
	"testing"
)

// allocated is the number of bytes of memory that f takes.
func allocated(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

// TestSpoiltBytesTakeLittle is the bound on memory of T12.
func TestSpoiltBytesTakeLittle(t *testing.T) {
	for _, s := range Subjects() {
		t.Run(s.Type.Name(), func(t *testing.T) {
			for seed := range uint64(300) {
				attacks, err := s.Attacks(seed)
				if err != nil {
					t.Fatal(err)
				}
				for _, a := range attacks {
					if n := allocated(a.Take); n > 16*len(a.In)+64<<10 {
						t.Fatalf("seed %d: %d bytes of %s took %d bytes: %x", seed, len(a.In), a.As, n, a.In)
					}
				}
			}
		})
	}
}

// TestManyDots is T12 for records and removals of very many dots.
func TestManyDots(t *testing.T) {
	records, requests := 100, 100
	if *cases > 100_000 {
		records, requests = 1000, 1000
	}
	for _, s := range Subjects() {
		t.Run(s.Type.Name(), func(t *testing.T) {
			c, err := s.NewCrowd(records, requests)
			if err != nil {
				t.Fatal(err)
			}
			for _, clearFirst := range []bool{false, true} {
				n := allocated(func() { err = c.Fold(clearFirst) })
				if err != nil {
					t.Fatal(err)
				}
				if n > 64*c.Bytes+1<<20 {
					t.Errorf("%d bytes of deltas took %d bytes", c.Bytes, n)
				}
			}
		})
	}
}
