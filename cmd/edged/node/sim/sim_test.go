package sim

import (
	"flag"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

var (
	seeds  = flag.Int("sim.seeds", 30, "how many seeds to run")
	seed   = flag.Uint64("sim.seed", 0, "the one seed to run, with its trace; 0 for many")
	stop   = flag.Bool("sim.stop", false, "stop at the first violation")
	traced = flag.Bool("sim.trace", false, "print the trace of the one seed")
)

// rare are the paths that a set of seeds has to take; some of them only by luck, so that a small
// set is let off.
func rare(seeds int) []string {
	const many = 200
	var lucky []string
	if seeds >= many {
		lucky = []string{"mint: another node lives under this identity", "landing: sealed"}
	}
	return append(lucky, []string{
		"mint: new directory", "mint: shown before the disk had it", "mint: a clock that jumped",
		"mint: a peer holds later events of ours",
		"fork", "gap jump", "report: lagging", "landing: sparse", "digest of depth 2", "clone refused",
		"landing: deleted", "landing: damaged", "landing: refused", "retired",
		"truncated", "join of an empty node", "join of a node that holds something", "removal before what it removes",
		"record of another type", "rights transferred",
	}...)
}

func TestSeeds(t *testing.T) {
	if *seed != 0 {
		one(t, *seed)
		return
	}
	counts := runAll(t)
	if t.Failed() && *stop {
		return
	}
	for _, what := range rare(*seeds) {
		if counts[what] == 0 {
			t.Errorf("no seed came to %q", what)
		}
	}
	if testing.Verbose() {
		t.Log(counts)
	}
}

// runAll runs the seeds on all cores, each by itself, and adds up what they count.
func runAll(t *testing.T) map[string]int {
	var next atomic.Uint64
	var all sync.WaitGroup
	results := make(chan Result)
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for s := next.Add(1); s <= uint64(*seeds) && !(*stop && t.Failed()); s = next.Add(1) {
				r, err := Run(s, nil)
				if err != nil {
					t.Errorf("%v\nagain: go test ./cmd/edged/node/sim -sim.seed=%d -sim.trace", err, s)
				}
				results <- r
			}
		})
	}
	go func() {
		all.Wait()
		close(results)
	}()
	counts := map[string]int{}
	for r := range results {
		for what, n := range r.Counts {
			counts[what] += n
		}
	}
	return counts
}

func one(t *testing.T, seed uint64) {
	log := os.Stdout
	if !*traced {
		log = nil
	}
	r, err := runTo(seed, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", r)
}

func runTo(seed uint64, log *os.File) (Result, error) {
	if log == nil {
		return Run(seed, nil)
	}
	return Run(seed, log)
}

func TestOneSeedGivesOneTrace(t *testing.T) {
	for s := range uint64(10) {
		s += 4
		first, err := Run(s, nil)
		again, errAgain := Run(s, nil)
		if first.Trace != again.Trace {
			t.Errorf("seed %d gave traces %x (%v) and %x (%v)", s, first.Trace, err, again.Trace, errAgain)
		}
	}
}
