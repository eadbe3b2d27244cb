package loadtest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgedhq/edged/loadtest/process"
)

// meter is what the clients of one run write to.
type meter struct {
	unready   sync.WaitGroup // clients that still make what they will send
	measuring atomic.Bool    // between the two instants
	stopping  atomic.Bool    // clients end after what they have under way
	events    atomic.Int64
	requests  atomic.Int64
	bytes     atomic.Int64
	errors    atomic.Int64
	mu        sync.Mutex
	spread    spread // guarded by mu
	firstErr  string // guarded by mu
}

// tally is one client's own count, added to the meter at its end.
type tally struct {
	meter  *meter
	ready  func() // says that this client has made what it will send; later calls do nothing
	spread spread
}

// done counts one answered request, if the run is measuring.
func (t *tally) done(events, bytes int, took time.Duration) {
	if !t.meter.measuring.Load() {
		return
	}
	t.meter.events.Add(int64(events))
	t.meter.requests.Add(1)
	t.meter.bytes.Add(int64(bytes))
	t.spread.add(took)
}

func (t *tally) close() {
	t.meter.mu.Lock()
	defer t.meter.mu.Unlock()
	t.meter.spread.merge(&t.spread)
}

// fail counts what went wrong.
func (m *meter) fail(err error) {
	if m.stopping.Load() {
		return // connections are being ended
	}
	m.errors.Add(1)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.firstErr == "" {
		m.firstErr = err.Error()
	}
}

// measure lets the clients warm up, then counts for as long as asked.
func (m *meter) measure(ctx context.Context, o *Options) (Result, error) {
	m.unready.Wait()
	if err := pause(ctx, o.Warmup); err != nil {
		return Result{}, err
	}
	cpuBefore, cpuErr := o.cpu(ctx)
	began := time.Now()
	m.measuring.Store(true)
	if err := pause(ctx, o.Duration); err != nil {
		return Result{}, err
	}
	m.measuring.Store(false)
	elapsed := time.Since(began)
	cpuAfter, err := o.cpu(ctx)
	r := Result{
		Events: m.events.Load(), Requests: m.requests.Load(), Bytes: m.bytes.Load(), Elapsed: elapsed,
	}
	r.finish(cpuAfter-cpuBefore, errors.Join(cpuErr, err) == nil)
	return r, nil
}

// complete adds what is known only when all clients have ended.
func (m *meter) complete(r *Result) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r.Latency = m.spread.latency()
	r.Errors, r.FirstErr = m.errors.Load(), m.firstErr
	if r.Events == 0 {
		return fmt.Errorf("loadtest: nothing went through: %s", m.firstErr)
	}
	return nil
}

// pause waits, or returns the cause for which ctx ended.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// cpu is the processor time that the node has spent.
func (o *Options) cpu(ctx context.Context) (time.Duration, error) {
	if o.PID != 0 {
		return process.CPU(o.PID)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, o.Server+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	if o.Token != "" {
		request.Header.Set("Authorization", "Bearer "+o.Token)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = answer.Body.Close() }()
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		name, value, _ := bytes.Cut(lines.Bytes(), []byte(" "))
		if !strings.HasSuffix(string(name), "process_cpu_seconds_total") {
			continue
		}
		seconds, err := strconv.ParseFloat(string(value), 64)
		return time.Duration(seconds * float64(time.Second)), err
	}
	return 0, errors.New("loadtest: /metrics tells no process_cpu_seconds_total")
}
