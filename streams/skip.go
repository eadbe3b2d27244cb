package streams

import (
	"context"
	"fmt"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/storage"
)

// skip is a gap on its way through a group.
type skip struct {
	stream *stream
	name   edged.LogName
	to     edged.Sequence
	chain  edged.Chain
	reason string
	log    *storage.Log // nil while it has not moved
	staged staged       // what had waited beyond the gap
	err    error
	done   chan struct{}
}

// Skip gives up the events of a log from its head up to and including to, which nobody holds; chain
// is the value after them. The gap is durable on return, and readers are told of it.
func (b *Broker) Skip(ctx context.Context, log edged.LogName, to edged.Sequence, chain edged.Chain, reason string) error {
	if !proper(log) {
		return fmt.Errorf("streams: skip: %q is no name of a stream", log.Stream)
	}
	s, err := b.take(log.Stream)
	if err != nil {
		return err
	}
	k := &skip{stream: s, name: log, to: to, chain: chain, reason: reason, done: make(chan struct{})}
	b.store.Submit(k) // Durable releases s
	select {
	case <-k.done:
		return k.err
	case <-ctx.Done():
		return fmt.Errorf("streams: skip in %q: %w", log.Stream, ctx.Err())
	}
}

func (k *skip) Stage(g *storage.Group) {
	s := k.stream
	if k.name.Generation <= s.staging.record.ended() {
		return // what is asked for is past
	}
	l, err := s.logOf(k.name)
	if err != nil {
		k.err = err
		return
	}
	for _, b := range g.Skip(l, k.to, k.chain, k.reason) {
		s.learn(g, stagedBlock{s, l, b}, idsIn(b), &k.staged)
	}
	k.log = l
}

func (k *skip) Durable() {
	for _, t := range k.staged.turns {
		t.show()
	}
	if k.log != nil {
		k.stream.pass(k.log)
	}
	close(k.done)
	k.stream.broker.release(k.stream)
}

// pass makes a log visible up to its durable head. Not all before it is held, so live readers go
// to the disk, where they meet the gap.
func (s *stream) pass(l *storage.Log) {
	s.mu.Lock()
	v, head := &s.view, l.Durable().Head
	key := l.Name().Key()
	if l.Name().Generation != v.def.Generation || head <= v.ring.vector[key] {
		s.mu.Unlock()
		return
	}
	before := v.ring.bytes
	v.logs[key] = l
	v.ring.jump(l.Name(), head)
	s.broker.ringBytes.Add(int64(v.ring.bytes - before))
	waiting := v.waiting
	v.waiting = nil
	s.mu.Unlock()
	s.broker.waker.wake(waiting)
}
