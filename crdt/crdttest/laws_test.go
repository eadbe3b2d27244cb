package crdttest

import (
	"flag"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	cases  = flag.Uint64("laws.cases", 10_000, "cases of each type")                                     // read-only
	seed   = flag.Uint64("laws.seed", 0, "the seed of one case to run, of each type that -run names")    // read-only
	within = flag.Duration("laws.within", 0, "end after this time a type, however many cases; 0: never") // read-only
)

// TestLaws runs the cases of each type, on all cores.
func TestLaws(t *testing.T) {
	for _, s := range Subjects() {
		t.Run(s.Type.Name(), func(t *testing.T) {
			if *seed != 0 {
				if f := s.Check(*seed); f != nil {
					t.Fatal(f)
				}
				return
			}
			ran, f := runAll(s)
			if f != nil {
				t.Fatal(f)
			}
			t.Logf("%d cases", ran)
		})
	}
}

// runAll runs seeds from 1 on, until a case fails, all are done, or the time is over.
func runAll(s *Subject) (ran uint64, found *Failure) {
	var next atomic.Uint64
	var failed atomic.Pointer[Failure]
	var all sync.WaitGroup
	began := time.Now()
	want := *cases
	if raced {
		want /= 20 // each takes ten times as long, and nothing is shared
	}
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for failed.Load() == nil && (*within == 0 || time.Since(began) < *within) {
				n := next.Add(1)
				if n > want {
					return
				}
				if f := s.Check(n); f != nil {
					failed.CompareAndSwap(nil, f)
				}
			}
		})
	}
	all.Wait()
	return min(next.Load(), want), failed.Load()
}

// TestDeltaSize is T6.
func TestDeltaSize(t *testing.T) {
	for _, s := range Subjects() {
		t.Run(s.Type.Name(), func(t *testing.T) {
			if err := s.CheckDelta(100, 10); err != nil {
				t.Error(err)
			}
		})
	}
}
