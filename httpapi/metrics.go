package httpapi

import (
	"bytes"
	"iter"
	"net/http"
	"runtime"
	"strconv"
	"sync/atomic"

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
		_ = s.buildSamples(yield) && s.requestSamples(yield) && s.publishes.samples(yield) && s.updates.samples(yield) && s.feeds.counts.samples(yield) && processSamples(yield)
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
