package streams

import (
	"context"
	"errors"
	"strings"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
	"github.com/edgedhq/edged/streams/storage"
)

// arrival is a block of another node on its way through a group.
type arrival struct {
	stream  *stream
	name    edged.LogName
	block   block.Block
	ids     []uint64 // digests of the ids in it
	log     *storage.Log
	landing edged.Landing
	done    func(edged.Landing)
}

// Ingest verifies a block that another node sent, in the caller's goroutine, and hands it to the
// store; raw is taken over. It waits while Options.IngestBytesMax wait already. done is called
// once, from any goroutine, when what became of the block is durable; it must not block. The block
// is then visible to readers here, unless its stream's definition has not come yet.
func (b *Broker) Ingest(ctx context.Context, name edged.LogName, raw []byte, done func(edged.Landing)) {
	a := &arrival{name: name, done: done, landing: edged.Landing{Log: name.ID()}}
	if a.landing.Outcome = a.parse(raw); a.landing.Outcome != edged.Held {
		b.landed(a)
		return
	}
	a.landing.Outcome = edged.Refused
	if b.store.Writable() != nil || !b.ingesting.enter(ctx, int64(len(raw))) {
		b.landed(a)
		return
	}
	s, err := b.take(name.Stream)
	if err != nil {
		b.opts.Log.Warn("block refused", "stream", name.Stream, "err", err)
		b.ingesting.leave(int64(len(raw)))
		b.landed(a)
		return
	}
	a.stream = s
	s.mu.Lock()
	s.arrived = append(s.arrived, a)
	s.submit()
}

// parse verifies the block by itself.
func (a *arrival) parse(raw []byte) edged.Outcome {
	h, err := block.ParseHeader(raw)
	if err == nil {
		a.landing.First, a.landing.Last = h.First, h.Last()
		a.block, err = block.Parse(raw)
	}
	var damage *block.DamageError
	switch {
	case errors.As(err, &damage) && damage.Damage == block.Version:
		return edged.Version
	case err != nil || h.Log != a.landing.Log || !proper(a.name):
		return edged.Damaged
	}
	a.ids = idsIn(a.block)
	return edged.Held
}

const (
	partitionsMax = 256
	labelBytesMax = 128
)

// proper says whether a log can have this name: of a user's stream, or a hidden one, $CLASS or
// $CLASS.NAME.
func proper(n edged.LogName) bool {
	name, sound := n.Stream, true
	if hidden(name) {
		class, rest, ofOne := strings.Cut(name[1:], ".")
		if name = class; ofOne {
			sound = edged.CheckName("stream", rest) == nil
		}
	}
	return sound && edged.CheckName("stream", name) == nil && n.Generation > 0 &&
		n.Partition < partitionsMax && len(n.Origin.Label) <= labelBytesMax
}

// landed counts and tells what became of a block.
func (b *Broker) landed(a *arrival) {
	b.stats.landings[a.landing.Outcome].Add(1)
	a.done(a.landing)
}

// ingest puts a block that has arrived into the group, with what follows from it. The committer
// calls it.
func (s *stream) ingest(g *storage.Group, a *arrival, done *staged) {
	a.landing.Outcome = edged.Deleted
	if a.name.Generation <= s.staging.record.ended() {
		return
	}
	l, err := s.logOf(a.name)
	if err != nil {
		s.broker.opts.Log.Error("block refused", "stream", s.name, "err", err)
		a.landing.Outcome = edged.Refused
		return
	}
	a.log = l
	var blocks []block.Block
	a.landing.Outcome, blocks = g.Ingest(l, a.block)
	if a.landing.Outcome == edged.Refused {
		s.broker.opts.Log.Warn("another node holds more of a log than its origin, this node",
			"stream", s.name, "partition", a.name.Partition, "sequence", a.landing.Last)
	}
	for i, b := range blocks {
		if i > 0 { // it had waited beyond a hole
			a.ids = idsIn(b)
		}
		s.learn(g, stagedBlock{s, l, b}, a.ids, done)
	}
}

// learn takes over a block by which a log of another origin has moved.
func (s *stream) learn(g *storage.Group, learnt stagedBlock, ids []uint64, done *staged) {
	done.blocks = append(done.blocks, learnt)
	s.broker.stats.ingested.Add(int64(learnt.block.Header().Count))
	s.remember(g, learnt, ids)
	switch s.name {
	case catalogName:
		done.turns = append(done.turns, s.broker.fold(g, learnt)...)
	case meshName:
		s.broker.sealEnded(g, learnt)
	}
}

// logOf gives the log of a name for staging.
func (s *stream) logOf(name edged.LogName) (*storage.Log, error) {
	g := &s.staging
	if name.Generation != g.def.Generation {
		if l := g.ahead[name.ID()]; l != nil {
			return l, nil
		}
		l, err := s.broker.store.Log(name)
		if err != nil {
			return nil, err
		}
		if g.ahead == nil {
			g.ahead = make(map[edged.LogID]*storage.Log)
		}
		g.ahead[name.ID()] = l
		return l, nil
	}
	key := name.Key()
	if l := g.others[key]; l != nil {
		return l, nil
	}
	l, err := s.broker.store.Log(name)
	if err == nil && key.Origin != s.broker.store.Origin().ID {
		g.others[key] = l
	}
	return l, err
}

// tell says what became of the block. The completer calls it.
func (a *arrival) tell() {
	b := a.stream.broker
	if a.log != nil {
		a.landing.Head = a.log.Durable().Head
	}
	b.ingesting.leave(int64(len(a.block.Bytes())))
	b.landed(a)
	b.release(a.stream)
}
