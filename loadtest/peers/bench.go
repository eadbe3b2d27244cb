package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/edgedhq/edged/loadtest"
	"github.com/edgedhq/edged/loadtest/process"
)

// row is one line of the table of goals: the same work for several servers.
type row struct {
	name        string
	title       string
	goal        string
	unit        unit
	contestants []contestant
}

// contestant is one server, or one way to use it, at a row's work.
type contestant struct {
	name string
	run  func(ctx context.Context, b *bench) (figures, error)
}

// figures are what one run of one contestant gave.
type figures struct {
	value float64 // in the row's unit
	cpu   float64 // seconds of the server for a million events; 0 or less is not known
	p50   time.Duration
	p99   time.Duration
	note  string
}

// errAbsent says that a contestant's program is not on this machine.
var errAbsent = errors.New("not on this machine")

// bench is what all rows share: binaries, directories, lengths.
type bench struct {
	settings
	dir      string
	binaries map[string]string // by program name, found or built once
	runs     int
}

func newBench(s settings) (*bench, error) {
	dir, err := os.MkdirTemp("", "edged-peers-")
	if err != nil {
		return nil, fmt.Errorf("peers: %w", err)
	}
	b := &bench{settings: s, dir: dir, binaries: map[string]string{}}
	if s.edged != "" {
		b.binaries["edged"] = s.edged
	}
	if s.nats != "" {
		b.binaries["nats-server"] = s.nats
	}
	return b, nil
}

func (b *bench) close() {
	if b.keepDir {
		fmt.Println("kept:", b.dir)
		return
	}
	_ = os.RemoveAll(b.dir) // only space is lost
}

func (b *bench) banner() {
	fmt.Printf("%d cores, %s/%s, %s; rounds %d, %v each, events of %d B; %s\n",
		runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(),
		b.rounds, b.duration, b.eventBytes, time.Now().UTC().Format(time.DateTime))
}

// options are the load's lengths and sizes.
func (b *bench) options() loadtest.Options {
	return loadtest.Options{EventBytes: b.eventBytes, Warmup: b.warmup, Duration: b.duration, Window: b.window}
}

// row runs all contestants in turn, round after round, and prints the table.
func (b *bench) row(ctx context.Context, r row) error {
	took := make(map[string][]figures)
	failed := make(map[string]error)
	for range b.rounds {
		for _, c := range r.contestants {
			if failed[c.name] != nil || !strings.Contains(c.name, b.contestant) {
				continue
			}
			f, err := c.run(ctx, b)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err != nil {
				failed[c.name] = err
				continue
			}
			took[c.name] = append(took[c.name], f)
		}
	}
	printRow(os.Stdout, r, took, failed)
	return nil
}

// fresh makes an empty directory for one server.
func (b *bench) fresh(name string) (string, error) {
	b.runs++
	dir := filepath.Join(b.dir, fmt.Sprintf("%04d-%s", b.runs, name))
	return dir, os.MkdirAll(dir, 0o755)
}

// server is a program started for one run.
type server struct {
	*process.Process
	address string // host:port
	dir     string
	keep    bool
}

// end stops the program and drops its data.
func (s *server) end() {
	_ = s.Stop() // how it ends says nothing about the figures
	if !s.keep {
		_ = os.RemoveAll(s.dir)
	}
}

// halt stops the program and leaves its data for the next start.
func (s *server) halt() { _ = s.Stop() }

// endAll ends the servers that were started.
func endAll(all ...*server) {
	for _, s := range all {
		if s != nil {
			s.end()
		}
	}
}

// cpuOf is what the servers that run have spent together.
func cpuOf(all ...*server) (sum time.Duration, err error) {
	for _, s := range all {
		select {
		case <-s.Ended():
			continue
		default:
		}
		spent, err := s.CPU()
		if err != nil {
			return 0, err
		}
		sum += spent
	}
	return sum, nil
}

// argsMaker makes a server's arguments, and its configuration file, for a port and a directory.
type argsMaker func(port int, dir string) ([]string, error)

// start runs a program on a free port and waits until it takes connections.
func (b *bench) start(ctx context.Context, program string, args argsMaker) (*server, error) {
	return b.startIn(ctx, program, "", args)
}

// startIn is start in a directory that exists; "" makes a fresh one.
func (b *bench) startIn(ctx context.Context, program, dir string, args argsMaker) (*server, error) {
	s, err := b.launch(ctx, program, dir, args)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if err := s.AwaitPort(ctx, s.address); err != nil {
		s.end()
		return nil, err
	}
	return s, nil
}

// launch starts a program without waiting for it.
func (b *bench) launch(ctx context.Context, program, dir string, args argsMaker) (*server, error) {
	path, err := b.binary(ctx, program)
	if err != nil {
		return nil, err
	}
	if dir == "" {
		if dir, err = b.fresh(program); err != nil {
			return nil, err
		}
	}
	port, err := process.FreePort()
	if err != nil {
		return nil, err
	}
	list, err := args(port, dir)
	if err != nil {
		return nil, err
	}
	p, err := process.Start(process.Command{Path: path, Args: list, Dir: dir})
	if err != nil {
		return nil, err
	}
	return &server{Process: p, address: fmt.Sprintf("127.0.0.1:%d", port), dir: dir, keep: b.keepDir}, nil
}

// binary finds or builds a program, once.
func (b *bench) binary(ctx context.Context, program string) (string, error) {
	if path, ok := b.binaries[program]; ok {
		return path, nil
	}
	path, err := b.obtain(ctx, program)
	if err != nil {
		return "", err
	}
	b.binaries[program] = path
	return path, nil
}

// natsModule is the version that the goals were set against.
const natsModule = "github.com/nats-io/nats-server/v2@v2.12.2"

func (b *bench) obtain(ctx context.Context, program string) (string, error) {
	switch program {
	case "edged":
		path := filepath.Join(b.dir, "edged")
		return path, build(ctx, nil, "build", "-trimpath", "-ldflags=-s -w", "-o", path, "./cmd/edged")
	case "nats-server":
		path, err := exec.LookPath(program)
		if err == nil {
			return path, nil
		}
		return filepath.Join(b.dir, program), build(ctx, []string{"GOBIN=" + b.dir}, "install", "-ldflags=-s -w", natsModule)
	case "peers":
		return os.Executable()
	}
	path, err := exec.LookPath(program)
	if err != nil {
		return "", fmt.Errorf("%s: %w", program, errAbsent)
	}
	return path, nil
}

// build runs the go command.
func build(ctx context.Context, env []string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(append(os.Environ(), "CGO_ENABLED=0"), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("peers: go %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// loadFigures takes what a row shows out of a load's result.
func loadFigures(r loadtest.Result, err error) (figures, error) {
	f := figures{value: r.Rate, cpu: r.ServerCPU, p50: r.Latency.P50, p99: r.Latency.P99}
	if r.Errors > 0 {
		f.note = fmt.Sprintf("%d errors: %s", r.Errors, r.FirstErr)
	}
	if r.Latency == (loadtest.Latency{}) && r.Events > 0 {
		f.note = fmt.Sprintf("%d B each", r.Bytes/r.Events)
	}
	if r.Missing != 0 {
		f.note = fmt.Sprintf("%d deliveries missing", r.Missing)
	}
	return f, err
}
