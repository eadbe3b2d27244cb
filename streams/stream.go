package streams

import (
	"fmt"
	"maps"
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

	once    sync.Once    // loads the object
	failed  error        // of loading
	stageMu sync.Mutex   // held while the committer reads publications
	staging staging      // the committer's
	early   []*appending // the committer's: answered once the group is applied

	mu       sync.Mutex
	pending  []*appending // publications that no group has taken yet
	arriving []*arrival   // blocks of other nodes that no group has taken yet
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
	stable  int       // of them, in stable order
	waiting []*waiter // readers that have caught up; called at the next change
}

// staging is what only the committer touches, once the object is made.
type staging struct {
	def    edged.Stream
	last   stamped        // the record that def comes from, or of the deletion
	origin edged.OriginID // whose logs own are
	unborn []*storage.Log // of generations that the catalog has not brought yet
	own    []*storage.Log // by partition: the logs of this node's origin
	others map[edged.LogKey]*storage.Log
	turn   int // the partition that takes the next publication without keys
	dedupe *dedupe
	parts  []portion // by partition, reused
}

// portion is what one partition is given in the group being staged.
type portion struct {
	drafts []*edged.Draft
	bytes  int
}

// staged is what one group holds of a stream until its fsync has returned.
type staged struct {
	answers     []*appending
	blocks      []stagedBlock
	create      *edged.Stream // the stream exists once this is durable
	arrivals    []*arrival
	alterations []alteration // of other streams, by the catalog
	early       bool         // the blocks are visible already
}

// stagedBlock is a block that becomes visible on the stream it belongs to.
type stagedBlock struct {
	stream *stream
	log    *storage.Log
	block  block.Block
}

// load fills a new object from the store.
func (s *stream) load() error {
	last, err := s.broker.record(s.name)
	if err != nil {
		return err
	}
	def := last.stream()
	logs := make(map[edged.LogKey]*storage.Log)
	vector := edged.Vector{}
	var newest edged.Timestamp
	if def.Generation > 0 {
		held, err := s.broker.store.Logs(s.name, def.Generation)
		if err != nil {
			return err
		}
		for _, l := range held {
			state := l.Durable()
			key := l.Name().Key()
			logs[key] = l
			vector[key] = state.Head
			if newest.Compare(state.Newest) < 0 {
				newest = state.Newest
			}
		}
	}
	s.view = view{def: def, logs: logs}
	s.view.ring.newest = newest
	s.view.ring.reset(edged.Cursor{Stream: s.name, Generation: def.Generation, Vector: vector})
	return s.define(last, logs)
}

// define takes a record over for staging and opens the logs that this node's origin will write;
// held are the logs that exist already.
func (s *stream) define(r stamped, held map[edged.LogKey]*storage.Log) error {
	def := r.stream()
	g := staging{
		def: def, last: r, unborn: s.staging.unborn, origin: s.broker.store.Origin().ID,
		own:    make([]*storage.Log, def.Partitions),
		parts:  make([]portion, def.Partitions),
		others: maps.Clone(held),
	}
	if g.others == nil {
		g.others = make(map[edged.LogKey]*storage.Log)
	}
	if def.Generation > 0 {
		g.unborn = slices.DeleteFunc(g.unborn, func(l *storage.Log) bool { return l.Name().Generation <= def.Generation })
	}
	if def.Generation == s.staging.def.Generation {
		g.turn, g.dedupe = s.staging.turn, s.staging.dedupe
	}
	origin := s.broker.store.Origin()
	for p := range g.own {
		name := edged.LogName{Stream: s.name, Generation: def.Generation, Partition: edged.Partition(p), Origin: origin}
		if l := held[name.Key()]; l != nil {
			g.own[p] = l
			delete(g.others, name.Key())
			continue
		}
		l, err := s.broker.store.Log(name)
		if err != nil {
			return fmt.Errorf("streams: log of %q/%d: %w", s.name, p, err)
		}
		g.own[p] = l
	}
	s.staging = g
	return nil
}

// logs are all logs of the generation that stands.
func (g *staging) logs() map[edged.LogKey]*storage.Log {
	all := maps.Clone(g.others)
	for _, l := range g.own {
		all[l.Name().Key()] = l
	}
	return all
}

// end forgets the generation that a deletion has ended.
func (g *staging) end(name string, r stamped) {
	unborn := slices.DeleteFunc(g.unborn, func(l *storage.Log) bool { return l.Name().Generation <= r.Generation })
	*g = staging{def: edged.Stream{Name: name}, last: r, unborn: unborn}
}

// follow turns to the logs of this node's origin as it is now. The committer calls it before it
// appends.
func (s *stream) follow() error {
	if s.staging.origin == s.broker.store.Origin().ID || s.staging.def.Generation == 0 {
		return nil
	}
	return s.define(s.staging.last, s.staging.logs())
}

// queue hands a publication to the committer.
func (s *stream) queue(a *appending) {
	s.mu.Lock()
	s.pending = append(s.pending, a)
	submit := !s.queued
	s.queued = true
	s.mu.Unlock()
	if submit {
		s.users.Add(1) // until Durable
		s.broker.store.Submit(s)
	}
}

// generation is the one that readers see.
func (s *stream) generation() edged.Generation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.view.def.Generation
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
	if done.create != nil {
		s.view.begin(*done.create)
	}
	s.mu.Unlock()
	for i := range done.alterations {
		done.alterations[i].show()
	}
	if !done.early {
		show(done.blocks)
	}
	s.land(done.arrivals)
	for _, a := range done.answers {
		a.done <- struct{}{}
	}
	s.users.Add(-1)
}

// begin makes a definition visible; a new generation starts with an empty vector.
func (v *view) begin(def edged.Stream) {
	fresh := def.Generation != v.def.Generation
	v.def = def
	if fresh { // readers of the generation before see it by their own
		v.logs = make(map[edged.LogKey]*storage.Log)
		v.ring.reset(edged.Cursor{Stream: def.Name, Generation: def.Generation, Vector: edged.Vector{}})
	}
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
		h := b.block.Header()
		s.view.logs[b.log.Name().Key()] = b.log
		g.add(newRun(b.log.Name(), b.block, h.First, h.Last(), edged.Base{}), s.view.feeds > 0)
	}
	g.trim(s.broker.ringMax())
	s.broker.ringBytes.Add(int64(g.bytes - before))
	waiting := s.view.waiting
	s.view.waiting = nil
	s.mu.Unlock()
	s.broker.waker.wake(waiting)
}
