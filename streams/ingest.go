package streams

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"sync"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
	"github.com/edgedhq/edged/streams/storage"
)

// arrival is a block of another node on its way through a group.
type arrival struct {
	name    edged.LogName
	block   block.Block
	ids     []uint64 // sorted digests of its producers' ids
	log     *storage.Log
	outcome edged.Outcome
	done    func(edged.Landing)
}

// Ingest takes in a block that another node sent, and raw with it. It verifies the block in the
// caller's goroutine, and waits while more than Options.IngestBytesMax wait for the disk, or until
// ctx ends. done is called once, from any goroutine, when the outcome is durable.
func (b *Broker) Ingest(ctx context.Context, name edged.LogName, raw []byte, done func(edged.Landing)) {
	landing := edged.Landing{Log: name.ID(), Outcome: edged.Damaged}
	held, err := block.Parse(raw)
	if err != nil {
		var damage *block.DamageError
		if errors.As(err, &damage) && damage.Damage == block.Version {
			landing.Outcome = edged.Version
		}
		b.refuseBlock(landing, done)
		return
	}
	h := held.Header()
	if h.Log != landing.Log {
		b.refuseBlock(landing, done)
		return
	}
	landing.First, landing.Last, landing.Outcome = h.First, h.Last(), edged.Refused
	if b.store.Writable() != nil || !b.room.take(ctx, len(raw)) {
		b.refuseBlock(landing, done)
		return
	}
	s, err := b.take(name.Stream)
	if err != nil {
		b.room.give(len(raw))
		b.refuseBlock(landing, done)
		return
	}
	defer b.release(s)
	s.arrive(&arrival{name: name, block: held, ids: producedIDs(name, held), done: done})
}

// refuseBlock answers for a block that leaves nothing behind.
func (b *Broker) refuseBlock(landing edged.Landing, done func(edged.Landing)) {
	b.stats.landings[landing.Outcome].Add(1)
	done(landing)
}

// producedIDs are the digests of the ids that producers gave to a block's events, sorted.
func producedIDs(name edged.LogName, held block.Block) (digests []uint64) {
	for _, e := range held.Events(name, 0, held.Header().Count) {
		if e.ID != "" {
			digests = append(digests, idDigest([]byte(e.ID)))
		}
	}
	slices.Sort(digests)
	return digests
}

// room bounds the bytes of blocks that wait for a commit.
type room struct {
	most int64

	mu    sync.Mutex
	taken int64
	freed chan struct{} // closed at the next give; nil when nobody waits
}

// take waits for room, or says false when ctx ends. One block always has room.
func (r *room) take(ctx context.Context, bytes int) bool {
	for {
		r.mu.Lock()
		if r.taken == 0 || r.taken+int64(bytes) <= r.most {
			r.taken += int64(bytes)
			r.mu.Unlock()
			return true
		}
		if r.freed == nil {
			r.freed = make(chan struct{})
		}
		freed := r.freed
		r.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
			return false
		}
	}
}

func (r *room) give(bytes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken -= int64(bytes)
	if r.freed != nil {
		close(r.freed)
		r.freed = nil
	}
}

// arrive hands a block to the committer.
func (s *stream) arrive(a *arrival) {
	s.mu.Lock()
	s.arriving = append(s.arriving, a)
	submit := !s.queued
	s.queued = true
	s.mu.Unlock()
	if submit {
		s.users.Add(1) // until Durable
		s.broker.store.Submit(s)
	}
}

// ingest puts blocks of other nodes into the group. Those of the generation that stands here
// become visible with it; those of one that the catalog has not brought yet wait in the store.
func (s *stream) ingest(g *storage.Group, arrivals []*arrival, done *staged) {
	for _, a := range arrivals {
		if a.outcome = s.refuses(a); a.outcome != edged.Held {
			continue
		}
		l, err := s.logOf(a.name)
		if err != nil {
			s.broker.opts.Log.Error("a block could not be taken in", "stream", s.name, "err", err)
			a.outcome = edged.Refused
			continue
		}
		var blocks []block.Block
		a.log = l
		a.outcome, blocks = g.Ingest(l, a.block)
		ids := a.ids
		for _, held := range blocks {
			if held.Header().First != a.block.Header().First {
				ids = producedIDs(a.name, held)
			}
			s.accept(g, l, held, ids, done)
		}
	}
	done.arrivals = arrivals
}

// accept makes a block by which a log's head moved part of the group's doings.
func (s *stream) accept(g *storage.Group, l *storage.Log, held block.Block, ids []uint64, done *staged) {
	name := l.Name()
	s.broker.stats.ingested.Add(int64(held.Header().Count))
	if s.broker.remember(g, l, held.Header(), ids) && s.staging.dedupe != nil && name.Generation == s.staging.def.Generation {
		s.staging.dedupe.learn(s.broker, l, held.Header(), ids)
	}
	if name.Generation != s.staging.def.Generation {
		return
	}
	done.blocks = append(done.blocks, stagedBlock{s, l, held})
	if s.name == catalogName {
		s.foldBlock(g, l, held, done)
	}
}

// refuses says why a block is not even looked at: its generation has ended.
func (s *stream) refuses(a *arrival) edged.Outcome {
	if hidden(s.name) {
		if a.name.Generation != s.staging.def.Generation {
			return edged.Damaged
		}
		return edged.Held
	}
	if r := &s.staging.last; a.name.Generation < r.Generation || r.Deleted && a.name.Generation == r.Generation {
		return edged.Deleted
	}
	return edged.Held
}

// logOf finds the log of a name, and keeps it with the stream.
func (s *stream) logOf(name edged.LogName) (*storage.Log, error) {
	st := &s.staging
	if name.Generation == st.def.Generation {
		if l := st.others[name.Key()]; l != nil {
			return l, nil
		}
		if int(name.Partition) < len(st.own) && st.own[name.Partition].Name().Key() == name.Key() {
			return st.own[name.Partition], nil
		}
	}
	l, err := s.broker.store.Log(name)
	if err != nil {
		return nil, err
	}
	if name.Generation == st.def.Generation {
		st.others[name.Key()] = l
	} else if !slices.Contains(st.unborn, l) {
		st.unborn = append(st.unborn, l)
	}
	return l, nil
}

// land answers for the blocks of a group that is durable.
func (s *stream) land(arrivals []*arrival) {
	for _, a := range arrivals {
		h := a.block.Header()
		s.broker.room.give(len(a.block.Bytes()))
		s.broker.stats.landings[a.outcome].Add(1)
		landing := edged.Landing{Log: h.Log, Outcome: a.outcome, First: h.First, Last: h.Last()}
		if a.log != nil {
			landing.Head = a.log.Durable().Head
		}
		a.done(landing)
	}
}

// remember writes a block's ids to disk, and says whether there are any.
func (b *Broker) remember(g *storage.Group, l *storage.Log, h *block.Header, digests []uint64) bool {
	if len(digests) == 0 {
		return false
	}
	value := make([]byte, 0, 8*len(digests))
	for _, digest := range digests {
		value = binary.BigEndian.AppendUint64(value, digest)
	}
	g.Set(storage.Dedupe, dedupeKey(minuteOf(h.HLC.Wall), l.ID(), h.First), value)
	return true
}

// skipping is a hole given up on its way through a group.
type skipping struct {
	stream *stream
	name   edged.LogName
	to     edged.Sequence
	chain  edged.Chain
	reason string
	blocks []block.Block
	log    *storage.Log
	err    error
	done   chan struct{}
}

// Skip gives up the events of a log up to and including to, which nobody holds any more; readers
// are told of the gap. chain is the log's chain value after them.
func (b *Broker) Skip(ctx context.Context, name edged.LogName, to edged.Sequence, chain edged.Chain, reason string) error {
	s, err := b.take(name.Stream)
	if err != nil {
		return err
	}
	k := &skipping{stream: s, name: name, to: to, chain: chain, reason: reason, done: make(chan struct{})}
	b.store.Submit(k) // Durable releases s
	select {
	case <-k.done:
		return k.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Stage moves the head.
func (k *skipping) Stage(g *storage.Group) {
	s := k.stream
	if s.refuses(&arrival{name: k.name}) != edged.Held {
		return
	}
	if k.log, k.err = s.logOf(k.name); k.err != nil {
		return
	}
	k.blocks = g.Skip(k.log, k.to, k.chain, k.reason)
	for _, held := range k.blocks {
		s.broker.remember(g, k.log, held.Header(), producedIDs(k.name, held))
	}
}

// Durable sends the stream's live readers to the store, where they meet the gap.
func (k *skipping) Durable() {
	s := k.stream
	s.mu.Lock()
	var waiting []*waiter
	if k.log != nil && s.view.def.Generation == k.name.Generation {
		s.view.logs[k.name.Key()] = k.log
		at := edged.Cursor{Stream: s.name, Generation: k.name.Generation, Vector: s.view.ring.vector}
		at.Vector.Raise(k.name.Key(), k.log.Durable().Head)
		before := s.view.ring.bytes
		s.view.ring.reset(at)
		s.view.ring.first++ // a position at the end is not live any more
		s.broker.ringBytes.Add(int64(-before))
		waiting = s.view.waiting
		s.view.waiting = nil
	}
	s.mu.Unlock()
	s.broker.waker.wake(waiting)
	close(k.done)
	s.broker.release(s)
}
