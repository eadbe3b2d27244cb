package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// settings are what the command line says.
type settings struct {
	only       string
	contestant string
	list       bool
	rounds     int
	duration   time.Duration
	warmup     time.Duration
	eventBytes int
	window     int
	batch      int
	edged      string
	nats       string
	serveBare  string
	serveEcho  string
	keepDir    bool
}

func parse(args []string) (settings, error) {
	var s settings
	f := flag.NewFlagSet("peers", flag.ContinueOnError)
	f.StringVar(&s.only, "only", "", "rows to run, separated by commas; default all")
	f.StringVar(&s.contestant, "contestant", "", "run only contestants whose name has this in it")
	f.BoolVar(&s.list, "list", false, "print the rows and their goals")
	f.IntVar(&s.rounds, "rounds", 5, "how often each contestant runs; medians are printed")
	f.DurationVar(&s.duration, "duration", 3*time.Second, "how long each load is measured")
	f.DurationVar(&s.warmup, "warmup", 500*time.Millisecond, "load before measuring")
	f.IntVar(&s.eventBytes, "bytes", 128, "size of one event's data")
	f.IntVar(&s.window, "window", 400, "how many events a fan-out's publisher stays ahead of its subscribers")
	f.IntVar(&s.batch, "fanout-batch", 30, "how many events a fan-out's publisher sends at once")
	f.StringVar(&s.edged, "edged", "", "the edged binary; default: built from this module")
	f.StringVar(&s.nats, "nats", "", "the nats-server binary; default: built from its module")
	f.BoolVar(&s.keepDir, "keep", false, "keep data directories and server logs")
	f.StringVar(&s.serveBare, "serve-bare", "", "be the bare WebSocket server at this address (used by the rows)")
	f.StringVar(&s.serveEcho, "serve-echo", "", "be the bare HTTP server at this address (used by the rows)")
	err := f.Parse(args)
	return s, err
}

func run(ctx context.Context, args []string) error {
	s, err := parse(args)
	switch {
	case err != nil:
		return err
	case s.list:
		for _, r := range rows() {
			fmt.Printf("%-14s %s\n               goal: %s\n", r.name, r.title, r.goal)
		}
		return nil
	case s.serveBare != "":
		return serveBare(ctx, s.serveBare)
	case s.serveEcho != "":
		return serveEcho(ctx, s.serveEcho)
	}
	chosen, err := choose(s.only)
	if err != nil {
		return err
	}
	b, err := newBench(s)
	if err != nil {
		return err
	}
	defer b.close()
	b.banner()
	for _, r := range chosen {
		if err := b.row(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// choose finds the rows that are named; a name may be the beginning of several.
func choose(only string) ([]row, error) {
	all := rows()
	if only == "" {
		return all, nil
	}
	var chosen []row
	for _, name := range strings.Split(only, ",") {
		before := len(chosen)
		for _, r := range all {
			if strings.HasPrefix(r.name, name) && !slices.ContainsFunc(chosen, func(c row) bool { return c.name == r.name }) {
				chosen = append(chosen, r)
			}
		}
		if len(chosen) == before {
			return nil, fmt.Errorf("peers: no row is named %q; -list shows them", name)
		}
	}
	return chosen, nil
}
