package httpapi

import (
	"bytes"
	"iter"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/edgedhq/edged"
)

func (s *Server) metrics(w http.ResponseWriter, _ *http.Request) {
	var buf bytes.Buffer
	m := exposition{buf: &buf}
	for sample := range s.samples() {
		m.add(&sample)
	}
	if s.parts.Metrics != nil {
		for sample := range s.parts.Metrics.Samples() {
			m.add(&sample)
		}
	}
	m.end()
	writeBytes(w, "text/plain; version=0.0.4; charset=utf-8", http.StatusOK, buf.Bytes())
}

// samples is what the server measures of itself and of the process.
func (s *Server) samples() iter.Seq[edged.Sample] {
	return func(yield func(edged.Sample) bool) {
		_ = s.buildSamples(yield) && s.requestSamples(yield) && s.publishes.samples(yield) && s.feeds.counts.samples(yield) && processSamples(yield)
	}
}

func (s *Server) buildSamples(yield func(edged.Sample) bool) bool {
	return yield(edged.Sample{
		Name: "edged_build_info", Help: "The build, as labels.", Type: "gauge", Value: 1,
		Labels: [][2]string{
			{"version", s.opts.Version}, {"go", runtime.Version()}, {"node", s.opts.Node}, {"region", s.opts.Region},
		},
	})
}

func (s *Server) requestSamples(yield func(edged.Sample) bool) bool {
	for _, rt := range s.table {
		for class := range rt.answered {
			n := rt.answered[class].Load()
			if n == 0 {
				continue
			}
			status := "none"
			if class > 0 {
				status = strconv.Itoa(class) + "xx"
			}
			ok := yield(edged.Sample{
				Name: "edged_http_requests_total", Help: "Requests that have ended, by route and status.", Type: "counter",
				Labels: [][2]string{{"method", rt.method}, {"route", rt.path}, {"status", status}}, Value: float64(n),
			})
			if !ok {
				return false
			}
		}
	}
	ok := true
	s.requests.refusal.Range(func(code, n any) bool {
		ok = yield(edged.Sample{
			Name: "edged_http_problems_total", Help: "Refusals and faults, by code.", Type: "counter",
			Labels: [][2]string{{"code", code.(string)}}, Value: float64(n.(*atomic.Int64).Load()),
		})
		return ok
	})
	return ok && yield(edged.Sample{
		Name: "edged_http_panics_total", Help: "Handlers that panicked.", Type: "counter",
		Value: float64(s.requests.panics.Load()),
	})
}

func processSamples(yield func(edged.Sample) bool) bool {
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	gauges := []edged.Sample{
		{Name: "edged_go_goroutines", Help: "Goroutines.", Value: float64(runtime.NumGoroutine())},
		{Name: "edged_go_heap_bytes", Help: "Heap in use.", Value: float64(mem.HeapInuse)},
		{Name: "edged_go_memory_bytes", Help: "Memory taken from the system.", Value: float64(mem.Sys - mem.HeapReleased)},
		{Name: "edged_go_gc_cycles_total", Help: "Garbage collections.", Type: "counter", Value: float64(mem.NumGC)},
		{Name: "edged_go_gc_pause_seconds_total", Help: "Time that garbage collection stopped everything.", Type: "counter", Value: float64(mem.PauseTotalNs) / 1e9},
		{Name: "edged_go_alloc_bytes_total", Help: "Bytes allocated.", Type: "counter", Value: float64(mem.TotalAlloc)},
	}
	for _, g := range gauges {
		if g.Type == "" {
			g.Type = "gauge"
		}
		if !yield(g) {
			return false
		}
	}
	return true
}

// publishCounts measures publishes by ack level. The publish path calls answered.
type publishCounts struct {
	levels     [len(ackLevels)]levelCounts
	events     atomic.Int64
	duplicates atomic.Int64
}

type levelCounts struct {
	count   atomic.Int64
	nanos   atomic.Int64
	buckets [len(publishBounds)]atomic.Int64
}

// ackLevels are the label's values: regions:N is regions whatever N is.
var ackLevels = [...]string{"memory", "disk", "region", "regions"} // read-only

// publishBounds are the upper ends of the latency buckets, in seconds.
var publishBounds = [...]float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5} // read-only

// answered counts a publish that was acknowledged.
func (c *publishCounts) answered(ack edged.Ack, rec *edged.Receipt, took time.Duration) {
	level, _, _ := strings.Cut(ack.String(), ":")
	l := &c.levels[max(0, slices.Index(ackLevels[:], level))]
	l.count.Add(1)
	l.nanos.Add(int64(took))
	for i, bound := range publishBounds {
		if took.Seconds() <= bound {
			l.buckets[i].Add(1)
			break
		}
	}
	c.events.Add(int64(rec.Count))
	c.duplicates.Add(int64(rec.Duplicates))
}

func (c *publishCounts) samples(yield func(edged.Sample) bool) bool {
	const name, help = "edged_publish_seconds", "Time from a publish's parsing to its ack, by ack level."
	for i := range c.levels {
		l := &c.levels[i]
		count := l.count.Load()
		if count == 0 {
			continue
		}
		one := func(suffix, le string, value float64) bool {
			labels := [][2]string{{"ack", ackLevels[i]}}
			if le != "" {
				labels = append(labels, [2]string{"le", le})
			}
			return yield(edged.Sample{Name: name + suffix, Help: help, Type: "histogram", Labels: labels, Value: value})
		}
		below := int64(0)
		for j, bound := range publishBounds {
			below += l.buckets[j].Load()
			if !one("_bucket", strconv.FormatFloat(bound, 'g', -1, 64), float64(below)) {
				return false
			}
		}
		count = max(count, below) // a publish that ends right now may be in one and not the other
		if !one("_bucket", "+Inf", float64(count)) || !one("_sum", "", float64(l.nanos.Load())/1e9) || !one("_count", "", float64(count)) {
			return false
		}
	}
	return yield(edged.Sample{Name: "edged_published_events_total", Help: "Events stored by publishes.", Type: "counter", Value: float64(c.events.Load())}) &&
		yield(edged.Sample{Name: "edged_duplicates_total", Help: "Events of publishes that were held already.", Type: "counter", Value: float64(c.duplicates.Load())})
}
