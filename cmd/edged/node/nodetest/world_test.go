package nodetest

import (
	"flag"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgedhq/edged/loadtest/history"
	"github.com/edgedhq/edged/replication/link/linktest"
	"github.com/edgedhq/edged/streams/storage/storagetest"
)

var (
	seeds   = flag.Int("seeds", 1, "how many seeds each scenario runs")                   // read-only
	oneSeed = flag.Uint64("seed", 0, "the one seed to run; 0 for as -seeds says")         // read-only
	full    = flag.Bool("full", false, "let long faults last as long as the design says") // read-only
	logs    = flag.Bool("logs", false, "show the nodes' logs")                            // read-only
)

// calm is the network without faults.
func calm() linktest.Faults {
	return linktest.Faults{Delay: 20 * time.Millisecond, Jitter: 5 * time.Millisecond}
}

// world is some nodes, and what their clients saw.
type world struct {
	t       *testing.T
	net     *linktest.Network
	places  []*place
	streams []string
	roamers []*roamer
	loads   []*traffic
	split   bool     // the scenario ends with nodes that differ, as they should
	gone    []string // origins that nobody writes under any more, and that are not sealed
	log     *slog.Logger
	began   time.Time
	scans   int
	inodes  uint64

	collections []string
	tracked     []*tracked
	hands       int64

	mu      sync.Mutex
	random  *rand.Rand
	checker *history.Checker
	trouble []string // what no history tells
}

// run runs a scenario with nodes in regions, once a seed, and checks how it ends.
func run(t *testing.T, regions []string, scenario func(*world)) {
	first, n := uint64(1), *seeds
	if *oneSeed != 0 {
		first, n = *oneSeed, 1
	}
	for seed := first; seed < first+uint64(n); seed++ {
		t.Run(fmt.Sprint("seed", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, seed, regions)
				defer w.close()
				if scenario(w); !w.split {
					w.settle()
				}
			})
		})
	}
}

func newWorld(t *testing.T, seed uint64, regions []string) *world {
	out := io.Discard
	if *logs {
		out = t.Output()
	}
	w := &world{
		t: t, net: linktest.New(seed), streams: []string{orders}, began: time.Now(),
		log:    slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelInfo})),
		random: rand.New(rand.NewPCG(seed, 1)), checker: history.New(),
	}
	w.net.SetAll(calm())
	for i, region := range regions {
		w.places = append(w.places, &place{
			w: w, name: string(rune('a' + i)), region: region,
			mesh: fmt.Sprintf("10.0.0.%d:7946", i+1), disk: w.newDisk(),
		})
	}
	return w
}

// newDisk gives an empty disk.
func (w *world) newDisk() *storagetest.Disk {
	w.inodes++
	return storagetest.New(w.inodes)
}

// close stops what runs, and waits for goroutines that end by their own clocks.
func (w *world) close() {
	for _, r := range w.roamers {
		r.stop()
		r.done.Wait()
	}
	for _, l := range w.loads {
		l.end()
	}
	w.heal()
	for _, p := range w.places {
		p.end()
	}
	time.Sleep(2 * time.Minute)
}

// startAll runs all nodes and waits until each replicates with all others.
func (w *world) startAll() {
	w.t.Helper()
	for _, p := range w.places {
		p.start()
	}
	w.meet(15 * time.Second)
}

// meet waits until each node that runs replicates with all others that do.
func (w *world) meet(limit time.Duration) {
	w.t.Helper()
	running := w.running()
	w.within(limit, "the nodes to meet", func() bool {
		for _, p := range running {
			if !p.meets(len(running) - 1) {
				return false
			}
		}
		return true
	})
}

func (w *world) running() (all []*place) {
	for _, p := range w.places {
		if p.now() != nil {
			all = append(all, p)
		}
	}
	return all
}

// join are the addresses by which a node finds the others: those of one or two others.
func (w *world) join(p *place) (all []string) {
	for _, q := range w.places {
		if q != p && len(all) < 2 {
			all = append(all, q.mesh)
		}
	}
	return all
}

// within asks every 100 ms until the answer is yes.
func (w *world) within(limit time.Duration, what string, ask func() bool) time.Duration {
	w.t.Helper()
	began := time.Now()
	for !ask() {
		if time.Since(began) > limit {
			w.t.Fatalf("waited %v for %s", limit, what)
		}
		time.Sleep(100 * time.Millisecond)
	}
	return time.Since(began)
}

// part cuts the network between two groups of nodes.
func (w *world) part(a, b []*place) {
	for _, p := range a {
		for _, q := range b {
			w.net.Cut(p.mesh, q.mesh)
		}
	}
}

// isolate cuts every node off from all others.
func (w *world) isolate() { w.part(w.places, w.places) }

// heal takes all faults off the network.
func (w *world) heal() {
	w.net.SetAll(calm())
	for _, p := range w.places {
		for _, q := range w.places {
			w.net.Set(p.mesh, q.mesh, calm())
		}
	}
}

// last lets a fault last for so long; short will do where there is little time.
func (w *world) last(long, short time.Duration) {
	if *full {
		short = long
	}
	time.Sleep(short)
}

// count is last for things that are counted.
func (w *world) count(many, few int) int {
	if *full {
		return many
	}
	return few
}

// draw gives a number from 0 to n-1.
func (w *world) draw(n int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.random.IntN(n)
}

// source gives randomness to be used by one goroutine.
func (w *world) source() *rand.Rand {
	w.mu.Lock()
	defer w.mu.Unlock()
	return rand.New(rand.NewPCG(w.random.Uint64(), 2))
}

func (w *world) clock() int64 { return time.Since(w.began).Nanoseconds() }

// happened adds operations to the history; one without times is of now.
func (w *world) happened(ops ...history.Op) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range ops {
		if o.End == 0 {
			o.Start, o.End = w.clock(), w.clock()
		}
		w.checker.Add(o)
	}
}

// complain notes a fault that is no line of a history.
func (w *world) complain(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trouble = append(w.trouble, fmt.Sprintf(format, args...))
}

func lines(text []byte) iter.Seq[string] { return strings.Lines(string(text)) }
