package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "crash:", err)
		os.Exit(1)
	}
}

// settings are what the command line says.
type settings struct {
	cycles  int
	budget  time.Duration
	seed    uint64
	edged   string
	power   int
	plants  bool
	only    string
	history string
	keep    bool
}

func parse(args []string) (settings, error) {
	var s settings
	f := flag.NewFlagSet("crash", flag.ContinueOnError)
	f.IntVar(&s.cycles, "cycles", 200, "how often the node is killed; 0 leaves the kills out")
	f.DurationVar(&s.budget, "budget", 10*time.Minute, "how long the kills may take in all; fewer cycles in that time fail the run")
	f.Uint64Var(&s.seed, "seed", rand.Uint64(), "what the run draws from; goroutines add their own chance")
	f.StringVar(&s.edged, "edged", "", "the edged binary; default: built from this module")
	f.IntVar(&s.power, "power", 0, "simulated power cuts to run as well")
	f.BoolVar(&s.plants, "plants", false, "plant bugs instead, and want each found")
	f.StringVar(&s.only, "only", "", "with -plants: run those whose name has this in it")
	f.StringVar(&s.history, "history", "", "write the history to this file, one line an operation")
	f.BoolVar(&s.keep, "keep", false, "keep the data directory")
	err := f.Parse(args)
	return s, err
}

func run(ctx context.Context, args []string) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "edged-crash-")
	if err != nil {
		return err
	}
	if s.plants {
		err = plantAll(ctx, s, dir)
	} else {
		err = harden(ctx, s, dir)
	}
	if err != nil || s.keep {
		return errors.Join(err, fmt.Errorf("kept %s", dir))
	}
	return os.RemoveAll(dir)
}

// harden runs the kills, then the power cuts.
func harden(ctx context.Context, s settings, dir string) error {
	if s.cycles > 0 {
		if s.edged == "" {
			s.edged = filepath.Join(dir, "edged")
			if err := build(ctx, s.edged, ""); err != nil {
				return err
			}
		}
		if err := kills(ctx, s, dir); err != nil {
			return err
		}
	}
	if s.power > 0 {
		return powerCuts(ctx, s.power, "")
	}
	return nil
}

// build makes the release binary, with an overlay of sources where one is given.
func build(ctx context.Context, to, overlay string) error {
	args := []string{"build", "-trimpath", "-ldflags=-s -w", "-o", to}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	return goCommand(ctx, append(args, "./cmd/edged"))
}

// powerCuts runs the tests of streams that cut the power: Pebble's crashable file system forgets
// any share of what was not synced, and the broker opens what is left.
func powerCuts(ctx context.Context, cuts int, overlay string) error {
	args := []string{"test", "-count=1", "-timeout=30m"}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	began := time.Now()
	args = append(args, "./streams", "-run=TestPowerCuts$", "-crashes="+strconv.Itoa(cuts))
	if err := goCommand(ctx, args); err != nil {
		return err
	}
	fmt.Printf("%d simulated power cuts in %v: 0 lost, 0 doubled, 0 holes\n", cuts, time.Since(began).Round(time.Second))
	return nil
}

// goCommand runs the go command in this module.
func goCommand(ctx context.Context, args []string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}
