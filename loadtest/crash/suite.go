package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgedhq/edged/httpapi/client"
	"github.com/edgedhq/edged/loadtest/history"
	"github.com/edgedhq/edged/loadtest/process"
)

// errViolations says that the history does not hold; other errors are of the run itself.
var errViolations = errors.New("violations")

// node is the name of the one node here.
const node = "crash"

// streamSpec is a stream that the suite uses.
type streamSpec struct {
	name       string
	partitions int
	memory     bool // some of its events are published at memory
}

// specs are the streams: durable only, mixed, and mixed with several partitions.
func specs() []streamSpec {
	return []streamSpec{{"durable", 1, false}, {"mixed", 1, true}, {"spread", 3, true}, {"spread-durable", 4, false}}
}

// suite is one data directory through many lives of its node.
type suite struct {
	settings
	dir     string
	port    int
	rng     *rand.Rand
	client  *client.Client
	began   time.Time
	node    *process.Process
	writers []*writer
	readers []*reader
	loading atomic.Bool       // writers go on
	cursors map[string]string // by stream, where the scanner stands

	mu      sync.Mutex
	checker *history.Checker // guarded by mu
	log     *bufio.Writer    // guarded by mu; nil when no history is written
	trouble []string         // guarded by mu: what no history tells, such as damaged data
}

// kills runs all cycles and then judges once more, from the first event on.
func kills(ctx context.Context, s settings, dir string) error {
	u, err := newSuite(s, dir)
	if err != nil {
		return err
	}
	fmt.Printf("seed %d, %d cycles in %s\n", s.seed, s.cycles, dir)
	ctx, cancel := context.WithTimeoutCause(ctx, s.budget, errors.New("the budget of time is used up"))
	defer cancel()
	following, stop := context.WithCancel(ctx)
	var readers sync.WaitGroup
	defer readers.Wait()
	defer stop()
	defer func() {
		if u.node != nil {
			u.node.Kill()
		}
	}()
	if err := u.prepare(ctx); err != nil {
		return err
	}
	for _, r := range u.readers {
		readers.Go(func() { r.follow(following) })
	}
	for n := 1; n <= s.cycles; n++ {
		if err := u.cycle(ctx, n); err != nil {
			return fmt.Errorf("cycle %d, seed %d: %w", n, s.seed, err)
		}
	}
	if err := u.finish(ctx); err != nil {
		return fmt.Errorf("at the end, seed %d: %w", s.seed, err)
	}
	u.tell("done")
	return nil
}

func newSuite(s settings, dir string) (*suite, error) {
	port, err := process.FreePort()
	if err != nil {
		return nil, err
	}
	c, err := client.New(client.Options{URL: fmt.Sprintf("http://127.0.0.1:%d", port), Timeout: 20 * time.Second})
	if err != nil {
		return nil, err
	}
	u := &suite{
		settings: s, dir: dir, port: port, rng: rand.New(rand.NewPCG(s.seed, 0)), client: c,
		began: time.Now(), cursors: map[string]string{}, checker: history.New(),
	}
	if s.history != "" {
		f, err := os.Create(s.history)
		if err != nil {
			return nil, err
		}
		u.log = bufio.NewWriter(f)
	}
	for i := range 8 {
		u.writers = append(u.writers, newWriter(u, i))
	}
	transports := []client.Transport{client.SSE, client.NDJSON, client.WebSocket}
	for i, spec := range specs() {
		for j, transport := range transports[:2] {
			u.readers = append(u.readers, newReader(u, spec.name, transports[(i+j)%3], string(transport)))
		}
	}
	return u, nil
}

// prepare starts the first life and makes the streams.
func (u *suite) prepare(ctx context.Context) error {
	if err := u.start(ctx); err != nil {
		return err
	}
	for _, spec := range specs() {
		if _, _, err := u.client.PutStream(ctx, spec.name, client.StreamSpec{Partitions: spec.partitions}); err != nil {
			return err
		}
	}
	return nil
}

// start runs the node and waits until it is ready.
func (u *suite) start(ctx context.Context) error {
	if err := u.launch(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, 20*time.Second, errors.New("not ready within 20 s"))
	defer cancel()
	return u.node.Await(ctx, "readiness", func() bool { return u.client.Ready(ctx, nil) == nil })
}

func (u *suite) launch() error {
	var err error
	u.node, err = process.Start(process.Command{
		Path: u.edged, Dir: u.dir,
		Args: []string{"serve", "--name", node, "--data", filepath.Join(u.dir, "data"), "--http", fmt.Sprintf("127.0.0.1:%d", u.port)},
	})
	return err
}

// cycle is one life: load, death, restart, judgement.
func (u *suite) cycle(ctx context.Context, n int) error {
	u.load(time.Duration(5+u.rng.IntN(496)) * time.Millisecond)
	if n%10 == 0 {
		if err := u.terminate(); err != nil {
			return err
		}
	} else {
		u.kill()
	}
	if n%8 == 0 { // killed again while it starts
		if err := u.launch(); err != nil {
			return err
		}
		time.Sleep(time.Duration(u.rng.IntN(40)) * time.Millisecond)
		u.kill()
	}
	if err := u.start(ctx); err != nil {
		return err
	}
	if err := u.scan(ctx, "scanner", u.cursors); err != nil {
		return err
	}
	if n%20 == 0 {
		u.tell(fmt.Sprint("cycle ", n))
	}
	return u.judge()
}

// load lets the writers publish, and returns with them still at it.
func (u *suite) load(d time.Duration) {
	u.loading.Store(true)
	for _, w := range u.writers {
		w.running.Go(w.write)
	}
	time.Sleep(d)
}

// settle waits until every writer knows what became of its last publish.
func (u *suite) settle() {
	u.loading.Store(false)
	for _, w := range u.writers {
		w.running.Wait()
	}
}

func (u *suite) kill() {
	u.node.Kill()
	u.settle()
	now := u.now()
	u.record(history.Op{Process: "suite", Kind: history.Crash, Node: node, Start: now, End: now, Outcome: history.OK})
}

// terminate asks the node to end under load: it may lose nothing then.
func (u *suite) terminate() error {
	err := u.node.Stop()
	u.settle()
	if err != nil {
		return fmt.Errorf("the node was asked to end: %w\n%s", err, u.node.Tail())
	}
	return nil
}

// finish reads everything again from the first event and waits for the readers to get there.
func (u *suite) finish(ctx context.Context) error {
	whole := map[string]string{}
	if err := u.scan(ctx, "rescan", whole); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, 20*time.Second, errors.New("it did not arrive within 20 s"))
	defer cancel()
	for _, r := range u.readers {
		if err := r.arrive(ctx, whole[r.stream]); err != nil {
			return err
		}
	}
	if err := u.judge(); err != nil {
		return err
	}
	if err := u.node.Stop(); err != nil {
		return fmt.Errorf("the node was asked to end: %w\n%s", err, u.node.Tail())
	}
	return nil
}

func (u *suite) now() int64 { return time.Since(u.began).Nanoseconds() }

// record adds operations to the history.
func (u *suite) record(ops ...history.Op) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, o := range ops {
		u.checker.Add(o)
		if u.log != nil {
			_, _ = u.log.Write(append(o.AppendTo(nil), '\n')) // Flush tells
		}
	}
}

// complain notes a fault that is no line of a history.
func (u *suite) complain(format string, args ...any) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.trouble = append(u.trouble, fmt.Sprintf(format, args...))
}

// judge is an error when anything was found.
func (u *suite) judge() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.log != nil {
		if err := u.log.Flush(); err != nil {
			return err
		}
	}
	found := slices.Clone(u.trouble)
	for _, v := range u.checker.Judge() {
		found = append(found, v.String())
	}
	if len(found) == 0 {
		return nil
	}
	const most = 30
	return fmt.Errorf("%d %w\n  %s", len(found), errViolations, strings.Join(found[:min(len(found), most)], "\n  "))
}

func (u *suite) tell(when string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	s := u.checker.Summary()
	retried, read := 0, int64(0)
	for _, w := range u.writers {
		retried += w.retried
	}
	for _, r := range u.readers {
		read += r.events.Load()
	}
	fmt.Printf("%s, %v: %d kills, %d events acknowledged, %d refused, %d unknown, %d batches tried again, %d held in %d logs, %d delivered, %d gaps; 0 lost, 0 doubled, 0 holes\n",
		when, time.Since(u.began).Round(time.Second), s.Crashes, s.Acked, s.Refused, s.Unknown, retried, s.Held, s.Logs, read, s.Gaps)
}
