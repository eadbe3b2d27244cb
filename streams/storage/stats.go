package storage

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// Stats are the store's numbers since it was opened, and its sizes as last seen.
type Stats struct {
	Groups, Blocks, Bytes int64 // committed
	InFlight              int   // groups whose fsync is under way
	FsyncTime             time.Duration
	Fsyncs                [FsyncBuckets]int64 // by FsyncBounds; the last is everything above
	WaitingFor            time.Duration       // how long the oldest group in flight has waited

	DatabaseBytes int64 // on disk
	FreeBytes     int64 // -1 when it is not known
	Full          bool
	Written       int64 // bytes that the database wrote, its log and its upkeep included
	Stalls        int64 // times that writes were held back for upkeep

	Corruptions      int64 // damaged places found
	BackgroundErrors int64
	Forks            int64  // blocks that contradicted their log
	Gaps             int64  // stretches given up
	BeyondBytes      int64  // waiting beyond holes
	Minted           string // why this run's origin was minted; empty when it was kept
}

// FsyncBuckets is the number of buckets of Stats.Fsyncs.
const FsyncBuckets = 14

// FsyncBound is the upper bound of a bucket of Stats.Fsyncs: 100 µs, doubled from one to the next.
func FsyncBound(bucket int) time.Duration { return 100 * time.Microsecond << bucket }

// counters is what Stats is made of.
type counters struct {
	mu                    sync.Mutex
	groups, blocks, bytes int64
	fsyncTime             time.Duration
	fsyncs                [FsyncBuckets]int64
	awaited               time.Time // since when the oldest group in flight is
	last                  time.Time // when the last fsync returned

	corruptions, backgroundErrors, stalls, forks, gaps atomic.Int64
}

// await notes which group is the oldest in flight.
func (c *counters) await(g *Group) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.awaited = g.applied
}

// returned notes that the oldest group's fsync has returned, and says how long it took: from
// when the one before it returned, if it waited for that.
func (c *counters) returned(g *Group, now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	from := g.applied
	if c.last.After(from) {
		from = c.last
	}
	c.awaited, c.last = time.Time{}, now
	c.groups++
	c.blocks += int64(g.blocks)
	c.bytes += int64(g.bytes)
	took := now.Sub(from)
	c.fsyncTime += took
	bucket := 0
	for bucket < FsyncBuckets-1 && took > FsyncBound(bucket) {
		bucket++
	}
	c.fsyncs[bucket]++
	return took
}

// waiting is how long the oldest group in flight has waited.
func (c *counters) waiting() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.awaited.IsZero() {
		return 0
	}
	return time.Since(c.awaited)
}

// Stats tells the store's numbers. The sizes are as the watch has last seen them.
func (s *Store) Stats() Stats {
	c, r := &s.stats, &s.room
	waiting := c.waiting()
	c.mu.Lock()
	defer c.mu.Unlock()
	return Stats{
		Groups: c.groups, Blocks: c.blocks, Bytes: c.bytes, InFlight: int(s.pipeline.inFlight.Load()),
		FsyncTime: c.fsyncTime, Fsyncs: c.fsyncs, WaitingFor: waiting,
		DatabaseBytes: r.used.Load(), FreeBytes: r.free.Load(), Full: r.full.Load(),
		Written: r.written.Load(), Stalls: c.stalls.Load(),
		Corruptions: c.corruptions.Load(), BackgroundErrors: c.backgroundErrors.Load(),
		Forks: c.forks.Load(), Gaps: c.gaps.Load(), BeyondBytes: s.beyond.bytes.Load(),
		Minted: *s.minted.Load(),
	}
}

// written adds up what the database wrote to its files.
func written(m *pebble.Metrics) int64 {
	all := m.Total()
	// Pebble counts the log among what is flushed, and flushed blobs among the compacted.
	return int64(all.TableBytesFlushed + all.TableBytesCompacted + all.BlobBytesCompacted)
}
