package streams

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
	"github.com/edgedhq/edged/streams/storage"
)

var _ storage.Applier = (*stream)(nil)

// stream is the object of one stream name while somebody uses it. A name that no stream has yet
// has an object too while readers or a first publish wait for it.
type stream struct {
	broker *Broker
	name   string
	users  atomic.Int64 // holders: feeds, publishers, groups under way; guarded against eviction
	used   atomic.Int64 // when it was last taken, Unix nanoseconds

	once    sync.Once     // loads the object
	failed  error         // of loading
	stageMu sync.Mutex    // held while the committer reads publications
	staging staging       // the committer's
	early   []*appending  // the committer's: answered once the group is applied
	shown   []stagedBlock // the committer's: visible once the group is applied

	mu       sync.Mutex
	pending  []*appending // publications that no group has taken yet
	arrived  []*arrival   // blocks of other nodes that no group has taken yet
	queued   bool         // submitted to the store and not staged yet
	inflight []staged     // groups staged and not durable yet, oldest first
	view     view
}

// view is what readers see of a stream; guarded by stream.mu.
type view struct {
	def     edged.Stream // Generation 0: no such stream
	ring    ring
	logs    map[edged.LogKey]*storage.Log
	feeds   int
	waiting []*waiter // readers that have caught up; called at the next change

	ahead    ahead
	unsynced []*waiter // readers of what is durable; called when nothing is ahead of it any more
}

// staging is what only the committer touches, once the object is made.
type staging struct {
	record record         // what stands under the name
	def    edged.Stream   // the definition in it
	origin edged.Origin   // whose logs own are
	own    []*storage.Log // by partition: the logs of this node's origin
	others map[edged.LogKey]*storage.Log
	ahead  map[edged.LogID]*storage.Log // of generations that the catalog has not told of yet
	turn   int                          // the partition that takes the next publication without keys
	dedupe *dedupe
	parts  []portion // by partition, reused
}

// portion is what one partition is given in the group being staged.
type portion struct {
	drafts []*edged.Draft
}

// staged is what one group holds of a stream until its fsync has returned.
type staged struct {
	answers []*appending
	arrived []*arrival
	turns   []*turn // shown before the blocks
	blocks  []stagedBlock
	early   bool // the blocks are visible already
}

// stagedBlock is a block that becomes visible on the stream it belongs to.
type stagedBlock struct {
	stream *stream
	log    *storage.Log
	block  block.Block
}

// load fills a new object from the store.
func (s *stream) load() error {
	r, err := s.broker.record(s.name)
	if err != nil {
		return err
	}
	def := r.stream()
	held, err := s.logs(def.Generation)
	if err != nil {
		return err
	}
	s.view = view{def: edged.Stream{Name: s.name}}
	s.view.ring.reset(edged.Cursor{Stream: s.name, Vector: edged.Vector{}})
	if def.Generation > 0 {
		s.view.begin(def, held)
	}
	return s.define(r, held)
}

// logs gives the logs of a generation of which anything is held, or waits to be.
func (s *stream) logs(gen edged.Generation) ([]*storage.Log, error) {
	if gen == 0 {
		return nil, nil
	}
	held, err := s.broker.store.Logs(s.name, gen)
	if err != nil {
		return nil, fmt.Errorf("streams: logs of %q: %w", s.name, err)
	}
	for _, l := range s.staging.ahead {
		if l.Name().Generation == gen && !slices.Contains(held, l) {
			held = append(held, l)
		}
	}
	return held, nil
}

// define takes a record over for staging; held are the logs of its generation that exist.
func (s *stream) define(r record, held []*storage.Log) error {
	g := staging{record: r, def: r.stream(), ahead: s.staging.ahead, others: make(map[edged.LogKey]*storage.Log)}
	for _, l := range held {
		g.others[l.Name().Key()] = l
		delete(g.ahead, l.ID())
	}
	s.staging = g
	return s.grow(r)
}

// grow takes over a definition of the generation that stands, and opens the logs that this node's
// origin will write.
func (s *stream) grow(r record) error {
	g := &s.staging
	g.record, g.def, g.origin = r, r.stream(), s.broker.store.Origin()
	for p := len(g.own); p < g.def.Partitions; p++ {
		name := edged.LogName{
			Stream: s.name, Generation: g.def.Generation, Partition: edged.Partition(p), Origin: g.origin,
		}
		l, err := s.broker.store.Log(name)
		if err != nil {
			return fmt.Errorf("streams: log of %q/%d: %w", s.name, p, err)
		}
		delete(g.others, name.Key())
		g.own = append(g.own, l)
	}
	g.parts = append(g.parts, make([]portion, len(g.own)-len(g.parts))...)
	return nil
}

// settleOrigin puts staging under the node's origin where that has changed. What the old one has
// appended stays, as another's.
func (s *stream) settleOrigin() error {
	g := &s.staging
	if g.origin.ID == s.broker.store.Origin().ID {
		return nil
	}
	for _, l := range g.own {
		if l.Staged().Head > 0 {
			g.others[l.Name().Key()] = l
		}
	}
	g.own = nil
	return s.grow(g.record)
}

// queue hands a publication to the committer.
func (s *stream) queue(a *appending) {
	s.mu.Lock()
	s.pending = append(s.pending, a)
	s.submit()
}

// submit asks for a place in the next group. The caller holds the mutex, which submit gives up.
func (s *stream) submit() {
	first := !s.queued
	s.queued = true
	s.mu.Unlock()
	if first {
		s.users.Add(1) // until Durable
		s.broker.store.Submit(s)
	}
}

// withdraw takes a publication back that no group has taken yet.
func (s *stream) withdraw(a *appending) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, p := range s.pending {
		if p == a {
			s.pending = append(s.pending[:i], s.pending[i+1:]...)
			return true
		}
	}
	return false
}

// Durable makes the oldest staged group visible and answers its publications. The store calls it
// from the completer after the group's fsync.
func (s *stream) Durable() {
	s.mu.Lock()
	done := s.inflight[0]
	s.inflight = s.inflight[1:]
	if len(s.inflight) == 0 {
		s.inflight = nil
	}
	s.mu.Unlock()
	for _, t := range done.turns {
		t.show()
	}
	if done.early {
		s.synced()
	} else {
		show(done.blocks)
	}
	for _, a := range done.answers {
		a.done <- struct{}{}
	}
	for _, a := range done.arrived {
		a.tell()
	}
	s.users.Add(-1)
}

// show makes blocks visible on their streams, in order.
func show(blocks []stagedBlock) {
	for len(blocks) > 0 {
		s, n := blocks[0].stream, 1
		for n < len(blocks) && blocks[n].stream == s {
			n++
		}
		s.show(blocks[:n])
		blocks = blocks[n:]
	}
}

func (s *stream) show(blocks []stagedBlock) {
	s.mu.Lock()
	g := &s.view.ring
	before := g.bytes
	for _, b := range blocks {
		h, name := b.block.Header(), b.log.Name()
		if name.Generation != s.view.def.Generation || h.Last() <= g.vector[name.Key()] {
			continue // not known yet, or no more; or shown when its generation began
		}
		s.view.logs[name.Key()] = b.log
		g.add(newRun(name, b.block, h.First, h.Last(), edged.Base{}), s.view.feeds > 0)
	}
	g.trim(s.broker.ringMax())
	s.broker.ringBytes.Add(int64(g.bytes - before))
	waiting := s.view.waiting
	s.view.waiting = nil
	s.mu.Unlock()
	s.broker.waker.wake(waiting)
}
