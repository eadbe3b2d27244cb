//go:build unix

package function_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt/hlc"
	"github.com/edgedhq/edged/streams"
	"github.com/edgedhq/edged/streams/function"
	"github.com/edgedhq/edged/streams/storage"
)

var backlog = flag.Int("backlog", 1_000_000, "events that BenchmarkBackfill folds") // read-only

// alone is a mesh of this node only.
type alone struct{ broker *streams.Broker }

func (a alone) Promises() []edged.Promise {
	held, err := a.broker.Promise(context.Background())
	if err != nil {
		return nil
	}
	return []edged.Promise{{Origin: a.broker.Origin(), Held: held, Heard: time.Now().UnixNano()}}
}
func (alone) Region(edged.OriginID) string                        { return "eu" }
func (alone) Stable(head edged.Head) (seq edged.Sequence, _ bool) { return head.Head, true }
func (alone) Peers() bool                                         { return false }
func (alone) Everywhere() int64                                   { return 0 }

// rig is a broker on the machine's disk with a runner.
type rig struct {
	broker *streams.Broker
	runner *function.Runner
}

func onDisk(b *testing.B) *rig {
	b.Helper()
	store, err := storage.Open(vfs.Default, b.TempDir(), hlc.New(time.Now), storage.Options{})
	if err != nil {
		b.Fatal(err)
	}
	r := &rig{}
	if r.broker, err = streams.New(store, streams.Options{}); err != nil {
		b.Fatal(err)
	}
	if r.runner, err = function.Open(r.broker, r.broker, r.broker.Lend(storage.Functions), alone{r.broker}, function.Options{}); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = store.Close() })
	run(b, store.Run)
	run(b, r.broker.Run)
	return r
}

// run runs a machine until the benchmark ends, and what was started after it has ended.
func run(b *testing.B, machine func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { _ = machine(ctx) })
	b.Cleanup(func() {
		cancel()
		group.Wait()
	})
}

// reading is an event of about 100 B, one of 1,000 devices'.
func reading(dst []byte, r *rand.Rand) []byte {
	return fmt.Appendf(dst, `{"device":"device-%03d","temperature":%d.%d,"humidity":%d,"state":"running","battery":%d,"firmware":"1.4.%d"}`,
		r.IntN(1000), 15+r.IntN(20), r.IntN(10), 30+r.IntN(60), r.IntN(100), r.IntN(10))
}

// load publishes so many readings, 100,000 in a second of event time.
func (r *rig) load(b *testing.B, events int) {
	b.Helper()
	rnd := rand.New(rand.NewPCG(1, 2))
	began := time.Now().Add(-time.Hour).UnixNano()
	drafts := make([]edged.Draft, 1000)
	for done := 0; done < events; done += len(drafts) {
		for i := range drafts {
			d := &drafts[i]
			d.Data = reading(d.Data[:0], rnd)
			d.Time, d.HasTime = began+int64(done+i)*10_000, true
		}
		if _, err := r.broker.Append(context.Background(), &edged.Publication{Stream: "readings", Drafts: drafts}); err != nil {
			b.Fatal(err)
		}
	}
}

// cpu is what this process has spent.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// define defines functions, which begin to fold when the runner does.
func (r *rig) define(b *testing.B, texts []string) {
	b.Helper()
	for i, text := range texts {
		def := edged.Function{Name: fmt.Sprintf("f%d", i), SQL: text}
		if _, _, err := r.runner.PutFunction(context.Background(), def, edged.FunctionChange{}); err != nil {
			b.Fatal(err)
		}
	}
}

// fold runs the functions until each has read all that there is.
func (r *rig) fold(b *testing.B, events, functions int) {
	b.Helper()
	run(b, r.runner.Run)
	for i := range functions {
		for {
			info, err := r.runner.Function(fmt.Sprintf("f%d", i))
			if err != nil {
				b.Fatal(err)
			}
			if info.In == int64(events) && (info.Into == "" || r.holds(info.Into, info.Out)) {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// holds says whether as many events of a stream can be read.
func (r *rig) holds(stream string, events int64) bool {
	info, err := r.broker.Stream(stream)
	return err == nil && info.Events >= events
}

const (
	projected = `SELECT device, temperature * 1.8 + 32 AS fahrenheit, humidity FROM readings WHERE battery >= 5 WITH (into='warm')`
	tumbled   = `SELECT device, COUNT(*) AS n FROM readings GROUP BY device, TUMBLE(_time, INTERVAL '1 second')`
	hopped    = `SELECT device, COUNT(*) AS n, AVG(temperature) AS mean FROM readings
GROUP BY device, HOP(_time, INTERVAL '1 second', INTERVAL '5 seconds')`
	another = `SELECT device, MAX(humidity) AS most FROM readings GROUP BY device, TUMBLE(_time, INTERVAL '1 second')`
)

// BenchmarkBackfill folds what is in a stream already, as after a start, until all is read: CPU of the
// process for a million events, beside the rate.
func BenchmarkBackfill(b *testing.B) {
	for _, c := range []struct {
		name  string
		texts []string
	}{
		{"project", []string{projected}},
		{"tumble", []string{tumbled}},
		{"hop", []string{hopped}},
		{"tumble+another", []string{tumbled, another}},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := onDisk(b)
			r.load(b, *backlog)
			r.define(b, c.texts)
			before, began := cpu(b), time.Now()
			b.ResetTimer()
			r.fold(b, *backlog, len(c.texts))
			b.StopTimer()
			millions := float64(*backlog) / 1e6
			b.ReportMetric((cpu(b)-before).Seconds()/millions, "cpu-s/M")
			b.ReportMetric(float64(*backlog)/time.Since(began).Seconds(), "events/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}
