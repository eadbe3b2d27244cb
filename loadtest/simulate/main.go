// Command simulate runs the simulation of several nodes over many seeds, then plants bugs into
// replication, into values and their partitions and into the model's disk one by one, and wants each
// found.
//
//	go run ./loadtest/simulate                  500 seeds, then each plant over at most 200
//	go run ./loadtest/simulate -only NAME       the plants whose name has this in it, and no other seeds
//
// # Not here
//
// What the simulation checks: cmd/edged/node/sim. Bugs of the real store: loadtest/crash.
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
		fmt.Fprintln(os.Stderr, "simulate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	f := flag.NewFlagSet("simulate", flag.ContinueOnError)
	seeds := f.Int("seeds", 500, "seeds to run without a bug; 0 leaves them out")
	within := f.Int("within", 200, "seeds in which a planted bug has to be found; 0 leaves the plants out")
	only := f.String("only", "", "plant the bugs whose name has this in it only")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *seeds > 0 && *only == "" {
		began := time.Now()
		if out, err := simulate(ctx, *seeds, ""); err != nil {
			return fmt.Errorf("%w:\n%s", err, out)
		}
		fmt.Printf("%d seeds in %s: 0 violations\n", *seeds, time.Since(began).Round(time.Second))
	}
	if *within == 0 {
		return nil
	}
	dir, err := os.MkdirTemp("", "simulate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	return plantAll(ctx, dir, *within, *only)
}

// plantAll plants each bug by itself and wants it found.
func plantAll(ctx context.Context, dir string, within int, only string) error {
	var missed []string
	for _, p := range plants() {
		if !strings.Contains(p.Name, only) {
			continue
		}
		overlay, err := p.Overlay(filepath.Join(dir, p.Name))
		if err != nil {
			return err
		}
		out, err := simulate(ctx, within, overlay)
		evidence := violation(out)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case evidence != "":
			fmt.Printf("plant %s: found: %s\n", p.Name, evidence)
		case err == nil || strings.Contains(out, "no seed came to"):
			missed = append(missed, p.Name)
			fmt.Printf("plant %s: NOT FOUND\n", p.Name)
		default:
			return fmt.Errorf("plant %s: %w:\n%s", p.Name, err, out)
		}
	}
	if len(missed) > 0 {
		return fmt.Errorf("planted bugs that nothing found: %s", strings.Join(missed, ", "))
	}
	return nil
}

// simulate runs seeds of the simulation, with the overlay if there is one.
func simulate(ctx context.Context, seeds int, overlay string) (string, error) {
	args := []string{"test", "-count=1", "-timeout=20m", "-run=^TestSeeds$"}
	if overlay != "" {
		args = append(args, "-overlay="+overlay)
	}
	args = append(args, "./cmd/edged/node/sim", fmt.Sprintf("-sim.seeds=%d", seeds), fmt.Sprintf("-sim.stop=%t", overlay != ""))
	out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
	}
	return string(out), err
}

// violation is the line of a report that tells of a broken promise; empty for none.
func violation(report string) string {
	for line := range strings.Lines(report) {
		if _, what, ok := strings.Cut(line, "sim: seed "); ok {
			return "seed " + strings.TrimSpace(what)
		}
	}
	return ""
}
