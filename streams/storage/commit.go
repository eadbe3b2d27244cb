package storage

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// Stager is somebody with something to append.
type Stager interface {
	// Stage puts it into the group. The committer calls it once for each Submit.
	Stage(g *Group)
	// Durable says that all that Stage put there has reached the disk. The completer calls it
	// once for each Stage, in the order of the groups. It is not called after a failure.
	Durable()
}

// Applier is a Stager that is told when readers of the database see what it staged, durable or
// not. The committer calls Applied between Stage and the next group.
type Applier interface {
	Stager
	Applied()
}

const (
	// inFlightMax is the number of groups whose fsync may be under way when staging is worth
	// overlapping with it, hurriedMax when somebody hurries.
	inFlightMax = 2
	hurriedMax  = 256
	// hurriedBytesMax bounds their bytes: a disk that stalls must not fill the memory.
	hurriedBytesMax = 32 << 20
	// hurryAfter is how long after a group somebody who hurries waits for its fsync.
	hurryAfter = 2 * time.Millisecond
	// batchBytesKept is the size of a batch up to which its memory is used again.
	batchBytesKept = 8 << 20
)

// pipeline is what waits for the committer, and the groups on their way to the disk.
//
// A group is begun when the one before it is on the disk: whoever comes during an fsync shares
// the next, and blocks grow with the load. Where staging takes longer than an fsync, the next
// group is staged meanwhile, so that the disk does not wait for us either.
type pipeline struct {
	mu      sync.Mutex
	waiting []Stager
	spare   []Stager // what waiting becomes next
	hurried bool
	wake    chan struct{} // something waits, or hurries

	inFlight atomic.Int32
	flying   atomic.Int64  // bytes of the groups in flight
	returned chan struct{} // an fsync has returned
	groups   chan *Group   // applied, in order; closed by the committer
	free     chan *Group   // to be used again

	number   uint64    // of the last group
	applied  time.Time // when it was
	bytes    int       // of its batch
	stageAvg time.Duration
	fsyncAvg atomic.Int64 // ns
}

func newPipeline() pipeline {
	return pipeline{
		wake:     make(chan struct{}, 1),
		returned: make(chan struct{}, 1),
		groups:   make(chan *Group, hurriedMax),
		free:     make(chan *Group, inFlightMax+1),
	}
}

// Submit puts s into the next group. It never blocks. A Stager that waits must not be submitted
// again before its Stage is called.
func (s *Store) Submit(st Stager) {
	p := &s.pipeline
	p.mu.Lock()
	p.waiting = append(p.waiting, st)
	first := len(p.waiting) == 1
	p.mu.Unlock()
	if first {
		signal(p.wake)
	}
}

// Hurry says that somebody wants to see what waits before it is durable: it is staged within 2 ms,
// while the disk is busy too.
func (s *Store) Hurry() {
	p := &s.pipeline
	p.mu.Lock()
	first := !p.hurried
	p.hurried = true
	p.mu.Unlock()
	if first {
		signal(p.wake)
	}
}

// signal wakes the one who waits for c, now or when it comes to it.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Run commits what is submitted, and watches the disk, until ctx ends and all that was submitted
// by then is durable, or until the disk fails. The node calls it once; every goroutine that it
// starts has ended when it returns.
func (s *Store) Run(ctx context.Context) error {
	watch, stop := context.WithCancel(ctx)
	var parts sync.WaitGroup
	parts.Go(func() {
		defer close(s.pipeline.groups)
		s.commit(ctx)
	})
	parts.Go(s.complete)
	parts.Go(func() { s.watch(watch) })
	select {
	case <-ctx.Done():
	case <-s.failure.ctx.Done():
	}
	stop()
	parts.Wait()
	return s.failure.err()
}

// commit is the committer: it makes groups of what waits, one after the other.
func (s *Store) commit(ctx context.Context) {
	p := &s.pipeline
	hurry := time.NewTimer(0)
	defer hurry.Stop()
	for {
		waits, hurried := s.queue()
		var wait time.Duration
		if waits {
			if wait = s.hold(hurried); wait <= 0 {
				if !s.apply(s.gather()) {
					return
				}
				continue
			}
			hurry.Reset(wait)
		} else if ctx.Err() != nil {
			return
		}
		done := ctx.Done()
		if waits {
			done = nil // what waits is not given up
		}
		select {
		case <-p.wake:
		case <-p.returned:
		case <-hurry.C:
		case <-done:
		case <-s.failure.ctx.Done():
			return
		}
	}
}

// queue says whether anything waits, and whether anybody hurries.
func (s *Store) queue() (waits, hurried bool) {
	p := &s.pipeline
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiting) > 0, p.hurried
}

// hold says how long what waits should go on gathering; 0 is not at all.
func (s *Store) hold(hurried bool) time.Duration {
	p := &s.pipeline
	n := p.inFlight.Load()
	switch {
	case n == 0, n < inFlightMax && p.stageAvg > time.Duration(p.fsyncAvg.Load()):
		return 0
	case hurried && n < hurriedMax && p.flying.Load() < hurriedBytesMax:
		return max(0, hurryAfter-time.Since(p.applied))
	}
	return time.Hour // an fsync that returns ends it
}

// gather takes all that waits into a group.
func (s *Store) gather() *Group {
	p := &s.pipeline
	var g *Group
	select {
	case g = <-p.free:
	default:
		g = &Group{store: s}
	}
	p.number++
	g.number = p.number
	p.mu.Lock()
	g.stagers = p.waiting
	p.waiting, p.spare, p.hurried = p.spare, nil, false
	p.mu.Unlock()
	return g
}

// apply stages the group and hands it to the database; its fsync goes on alone.
func (s *Store) apply(g *Group) bool {
	p := &s.pipeline
	began := time.Now()
	g.horizon = s.opts.Now().UnixNano() - windowBack*int64(time.Second)
	g.batch = s.db.NewBatch(
		pebble.WithInitialSizeBytes(p.bytes), pebble.WithMaxRetainedSizeBytes(batchBytesKept))
	for _, st := range g.stagers {
		st.Stage(g)
	}
	g.finish()
	p.bytes = min(g.batch.Len()+4<<10, batchBytesKept)
	if g.writes = !g.batch.Empty(); g.writes {
		if err := s.db.ApplyNoSyncWait(g.batch, pebble.Sync); err != nil {
			s.fail("commit", err)
			return false
		}
	}
	for _, m := range g.moved {
		m.log.applied.Store(uint64(m.state.Head))
	}
	g.applied = time.Now()
	p.applied = g.applied
	p.stageAvg += (g.applied.Sub(began) - p.stageAvg) / 8
	p.inFlight.Add(1)
	p.flying.Add(int64(g.bytes))
	for _, st := range g.stagers {
		if a, early := st.(Applier); early {
			a.Applied()
		}
	}
	p.groups <- g
	return true
}

// complete is the completer: it waits for each group's fsync and tells whom it concerns.
func (s *Store) complete() {
	p := &s.pipeline
	for g := range p.groups {
		s.stats.await(g)
		if g.writes {
			if err := g.batch.SyncWait(); err != nil {
				s.fail("fsync of the log", err)
			}
		}
		if s.failure.ctx.Err() != nil {
			continue
		}
		took := s.stats.returned(g, time.Now())
		if g.writes {
			p.fsyncAvg.Add((int64(took) - p.fsyncAvg.Load()) / 8)
		}
		p.inFlight.Add(-1)
		p.flying.Add(-int64(g.bytes))
		signal(p.returned)
		s.settle(g)
	}
}

// settle makes a group's states the durable ones, then tells its Stagers.
func (s *Store) settle(g *Group) {
	moved := s.account(g)
	if g.ceiling != 0 {
		s.ceiling.durable.Store(g.ceiling)
	}
	if len(moved) > 0 {
		s.watcher(moved)
	}
	for _, st := range g.stagers {
		st.Durable()
	}
	s.recycle(g)
}

// recycle empties the group for its next use.
func (s *Store) recycle(g *Group) {
	if err := g.batch.Close(); err != nil {
		s.opts.Log.Warn("batch not released", "err", err)
	}
	clear(g.stagers)
	clear(g.moved)
	clear(g.marks)
	clear(g.arrived)
	clear(g.dropped)
	p := &s.pipeline
	p.mu.Lock()
	if p.spare == nil {
		p.spare = g.stagers[:0]
	}
	p.mu.Unlock()
	*g = Group{
		store: s, moved: g.moved[:0], marks: g.marks[:0], arrived: g.arrived[:0],
		dropped: g.dropped[:0], scratch: g.scratch[:0],
	}
	select {
	case p.free <- g:
	default:
	}
}
