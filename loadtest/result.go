package loadtest

import (
	"math/bits"
	"time"
)

// Result is what a run measured.
type Result struct {
	Events   int64 // published, read or delivered, as the run counts
	Requests int64
	Bytes    int64 // that came or went on the connections, as far as events need them
	Errors   int64
	FirstErr string // what the first of them was
	Elapsed  time.Duration
	Rate     float64 // events a second
	Latency  Latency
	// ServerCPU is in CPU seconds of the node for a million events; negative when unknown.
	ServerCPU float64
	// Missing is what a fan-out's subscribers had not got 10 s after the last publish.
	Missing int64
}

// Latency is of requests, or of deliveries from publish to receipt.
type Latency struct {
	P50, P90, P99, P999, Max time.Duration
}

// finish derives the figures that follow from others.
func (r *Result) finish(cpu time.Duration, cpuKnown bool) {
	if r.Elapsed > 0 {
		r.Rate = float64(r.Events) / r.Elapsed.Seconds()
	}
	r.ServerCPU = -1
	if cpuKnown && r.Events > 0 {
		r.ServerCPU = cpu.Seconds() / float64(r.Events) * 1e6
	}
}

// spread counts durations in buckets 1/16 of their size wide. The zero spread is ready.
type spread struct {
	counts [61 * 16]int64
	total  int64
	max    time.Duration
}

func (s *spread) add(d time.Duration) {
	s.counts[bucketOf(d)]++
	s.total++
	s.max = max(s.max, d)
}

// bucketOf keeps the five highest bits.
func bucketOf(d time.Duration) int {
	v := uint64(max(d, 0))
	if v < 32 {
		return int(v)
	}
	shift := bits.Len64(v) - 5
	return shift<<4 + int(v>>shift)
}

// bucketTop is the longest duration in a bucket.
func bucketTop(i int) time.Duration {
	if i < 32 {
		return time.Duration(i)
	}
	shift := i>>4 - 1
	return time.Duration((uint64(i-shift<<4)+1)<<shift - 1)
}

func (s *spread) merge(t *spread) {
	for i, n := range t.counts {
		s.counts[i] += n
	}
	s.total += t.total
	s.max = max(s.max, t.max)
}

func (s *spread) at(part float64) time.Duration {
	left := int64(part * float64(s.total))
	for i, n := range s.counts {
		if left -= n; left < 0 {
			return min(bucketTop(i), s.max)
		}
	}
	return s.max
}

func (s *spread) latency() Latency {
	return Latency{P50: s.at(0.5), P90: s.at(0.9), P99: s.at(0.99), P999: s.at(0.999), Max: s.max}
}
