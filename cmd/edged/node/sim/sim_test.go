package sim

import (
	"flag"
	"os"
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
	counts := map[string]int{}
	for s := range uint64(*seeds) {
		r, err := Run(s+1, nil)
		if err != nil {
			t.Errorf("%v\nagain: go test ./cmd/edged/node/sim -sim.seed=%d -sim.trace", err, s+1)
			if *stop {
				return
			}
		}
		for what, n := range r.Counts {
			counts[what] += n
		}
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
		first, err := Run(s+1, nil)
		again, errAgain := Run(s+1, nil)
		if first.Trace != again.Trace {
			t.Errorf("seed %d gave traces %x (%v) and %x (%v)", s+1, first.Trace, err, again.Trace, errAgain)
		}
	}
}
