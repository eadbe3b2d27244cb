package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/edgedhq/edged/loadtest/nexmark/market"
	"github.com/edgedhq/edged/loadtest/nexmark/query"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "nexmark:", err)
		os.Exit(1)
	}
}

// settings are what the command line says.
type settings struct {
	check, bench, flink bool

	short  bool
	only   string
	nodes  int
	seed   uint64
	events int
	rate   int
	rounds int
	limit  time.Duration
	edged  string
	keep   bool

	dir string // of this run
}

func parse(args []string) (settings, error) {
	var s settings
	f := flag.NewFlagSet("nexmark", flag.ContinueOnError)
	f.BoolVar(&s.check, "check", false, "hold every row against SQLite's; what is done unless another is asked for")
	f.BoolVar(&s.bench, "bench", false, "measure each query on a node")
	f.BoolVar(&s.flink, "flink", false, "measure each query in Flink, whose jars Maven fetches")
	f.BoolVar(&s.short, "short", false, "a tenth of the events")
	f.StringVar(&s.only, "only", "", "queries, between commas; default all of phase 1")
	f.IntVar(&s.nodes, "nodes", 0, "check on so many; default on one, then on three")
	f.Uint64Var(&s.seed, "seed", 1, "of the market and of how it is dealt")
	f.IntVar(&s.events, "events", 0, "default 100,000 for -check, 1,000,000 for measuring")
	f.IntVar(&s.rate, "rate", 0, "events in a second of event time; default 1,000 for -check, 10,000 for measuring")
	f.IntVar(&s.rounds, "rounds", 3, "measurements of each query; medians are shown")
	f.DurationVar(&s.limit, "limit", time.Minute, "how long rows may take to be right and final")
	f.StringVar(&s.edged, "edged", "", "the edged binary; default: built from this module")
	f.BoolVar(&s.keep, "keep", false, "keep the directories of nodes")
	err := f.Parse(args)
	if !s.bench && !s.flink {
		s.check = true
	}
	return s, err
}

// queries are those asked for.
func (s settings) queries() ([]query.Query, error) {
	all := query.Phase1()
	if s.only == "" {
		return all, nil
	}
	var chosen []query.Query
	for _, name := range strings.Split(s.only, ",") {
		at := slices.IndexFunc(all, func(q query.Query) bool { return q.Name == name })
		if at < 0 {
			return nil, fmt.Errorf("there is no query %q in phase 1", name)
		}
		chosen = append(chosen, all[at])
	}
	return chosen, nil
}

// market is what -check publishes: several hours, two days, and many events at a time, which only
// their stamps tell apart.
func (s settings) market() market.Options {
	o := market.Options{Seed: s.seed, Events: s.many(100_000), Rate: s.rate, Grain: 10 * time.Millisecond, Breaks: 2}
	if o.Rate == 0 && s.short {
		o.Rate = 200 // as long in event time as 50,000 otherwise
	}
	return o
}

// load is what is measured over: one stretch of time.
func (s settings) load() market.Options {
	o := market.Options{Seed: s.seed, Events: s.many(1_000_000), Rate: s.rate}
	if o.Rate == 0 {
		o.Rate = 10_000
	}
	return o
}

func (s settings) many(usual int) int {
	switch {
	case s.events > 0:
		return s.events
	case s.short:
		return usual / 10
	}
	return usual
}

func run(ctx context.Context, args []string) (err error) {
	s, err := parse(args)
	if err != nil {
		return err
	}
	if s.dir, err = os.MkdirTemp("", "edged-nexmark-"); err != nil {
		return err
	}
	defer func() {
		if err != nil || s.keep {
			fmt.Println("kept", s.dir)
			return
		}
		err = os.RemoveAll(s.dir)
	}()
	queries, err := s.queries()
	if err != nil {
		return err
	}
	if s.edged == "" && (s.check || s.bench) {
		s.edged = filepath.Join(s.dir, "edged")
		if err := build(ctx, s.edged); err != nil {
			return err
		}
	}
	if s.check {
		counts := []int{1, 3}
		if s.nodes > 0 {
			counts = []int{s.nodes}
		}
		for _, nodes := range counts {
			if err := s.checkOn(ctx, nodes, queries); err != nil {
				return err
			}
		}
	}
	return s.measureAll(ctx, queries)
}

// measureAll measures what is asked for; where that is both, side by side.
func (s settings) measureAll(ctx context.Context, queries []query.Query) (err error) {
	var edged, flink measurements
	if s.bench {
		if edged, err = s.measure(ctx, queries); err != nil {
			return err
		}
	}
	if s.flink {
		if flink, err = s.measureFlink(ctx, queries); err != nil {
			return err
		}
	}
	if s.bench && s.flink {
		printRatios(queries, edged, flink)
	}
	return nil
}

// build makes the release binary.
func build(ctx context.Context, to string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", to, "./cmd/edged")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}
