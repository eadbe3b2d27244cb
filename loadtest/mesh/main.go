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
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "mesh:", err)
		os.Exit(1)
	}
}

// settings are what the command line says.
type settings struct {
	short bool
	only  string
	edged string
	keep  bool

	converge convergence
	idle     idleness
	million  million
}

func parse(args []string) (settings, error) {
	var s settings
	f := flag.NewFlagSet("mesh", flag.ContinueOnError)
	f.BoolVar(&s.short, "short", false, "leave out the scenarios that wait for minutes")
	f.StringVar(&s.only, "only", "", "run those whose name has this in it")
	f.StringVar(&s.edged, "edged", "", "the edged binary; default: built from this module")
	f.BoolVar(&s.keep, "keep", false, "keep the directories of all scenarios")
	f.DurationVar(&s.converge.cut, "cut", time.Minute, "converge: how long a node is cut off")
	f.IntVar(&s.converge.events, "events", 10_000, "converge: events published on each side of the cut")
	f.IntVar(&s.converge.rounds, "rounds", 3, "converge: cuts, one after the other")
	f.DurationVar(&s.converge.goal, "goal", 3*time.Second, "converge: the longest that becoming equal may take")
	f.IntVar(&s.idle.streams, "streams", 100_000, "idle: streams of one event each")
	f.DurationVar(&s.idle.quiet, "quiet", 30*time.Second, "idle: how long to measure")
	f.IntVar(&s.million.keys, "keys", 1_000_000, "million: keys, each a counter")
	err := f.Parse(args)
	return s, err
}

// scenario is one thing that happens to a mesh.
type scenario struct {
	name   string
	long   bool          // takes minutes
	budget time.Duration // most that it may take
	run    func(context.Context, *world) error
}

// measures are scenarios that run only when they are asked for by their whole name.
func (s settings) measures() []scenario {
	return []scenario{
		{"converge", true, s.converge.budget(), s.converge.run},
		{"idle", true, s.idle.budget(), s.idle.run},
		{"million", true, 15 * time.Minute, s.million.run},
	}
}

// chosen are the scenarios that the command line asks for.
func (s settings) chosen() (all []scenario) {
	for _, m := range s.measures() {
		if m.name == s.only {
			return []scenario{m}
		}
	}
	for _, sc := range s.scenarios() {
		if strings.Contains(sc.name, s.only) && !(s.short && sc.long) {
			all = append(all, sc)
		}
	}
	return all
}

func (s settings) scenarios() []scenario {
	cut := 10 * time.Second
	counted := counting{cut: 8 * time.Second, away: 20 * time.Second, rounds: 3}
	if s.short {
		cut = 5 * time.Second
		counted = counting{cut: 4 * time.Second, away: 14 * time.Second, rounds: 1}
	}
	return []scenario{
		{"equal", false, time.Minute, publishEverywhere},
		{"roam", false, time.Minute, roam},
		{"cut", false, 90 * time.Second, cutOff},
		{"kill", false, 2 * time.Minute, killAndRestart},
		{"wipe", false, 90 * time.Second, loseDisk},
		{"seal", false, 2 * time.Minute, sealLost},
		{"clone", false, 90 * time.Second, copyDirectory},
		{"restore", false, 90 * time.Second, restoreBackup},
		{"stranger", false, 90 * time.Second, strangers},
		{"collections", false, 2 * time.Minute, updates{cut: cut, goal: 2 * time.Second}.run},
		{"collections-kill", false, 2 * time.Minute, killUnderUpdates},
		{"collections-wipe", false, 2 * time.Minute, loseValues},
		{"collections-restore", false, 2 * time.Minute, restoreValues},
		{"watch", false, time.Minute, watch},
		{"timelines", false, 4 * time.Minute, timelines},
		{"functions", false, 4 * time.Minute, counted.run},
		{"functions-prompt", true, 2 * time.Minute, prompt},
		{"pause", true, 3 * time.Minute, pause},
		{"away", true, 6 * time.Minute, stayAway},
	}
}

func run(ctx context.Context, args []string) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "edged-mesh-")
	if err != nil {
		return err
	}
	if s.edged == "" {
		s.edged = filepath.Join(dir, "edged")
		if err := build(ctx, s.edged); err != nil {
			return err
		}
	}
	var failed []error
	chosen := s.chosen()
	for _, sc := range chosen {
		if ctx.Err() != nil {
			break
		}
		if err := s.play(ctx, sc, filepath.Join(dir, sc.name)); err != nil {
			fmt.Printf("%s: FAILED: %v\n", sc.name, err)
			failed = append(failed, fmt.Errorf("%s: %w", sc.name, err))
		}
	}
	switch {
	case ctx.Err() != nil:
		return errors.Join(append(failed, ctx.Err())...)
	case len(chosen) == 0:
		return fmt.Errorf("no scenario has %q in its name", s.only)
	case len(failed) > 0:
		return fmt.Errorf("%d of %d scenarios failed, kept %s", len(failed), len(chosen), dir)
	case s.keep:
		fmt.Println("kept", dir)
		return nil
	}
	return os.RemoveAll(dir)
}

// play runs one scenario on nodes of its own.
func (s settings) play(ctx context.Context, sc scenario, dir string) (err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, sc.budget, fmt.Errorf("not done within %v", sc.budget))
	defer cancel()
	began := time.Now()
	w, err := newWorld(s, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.end()) }()
	if err := w.start(ctx); err != nil {
		return err
	}
	if err := sc.run(ctx, w); err != nil {
		return err
	}
	fmt.Printf("%s: passed in %v: %s\n", sc.name, time.Since(began).Round(100*time.Millisecond), w.summary())
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
