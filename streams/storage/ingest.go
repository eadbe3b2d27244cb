package storage

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
)

// Ingest puts in a block that another node sent, of a log that this node does not append to. When
// it follows what is staged, the outcome is Held, and blocks are all by which the staged head
// moved: b, and those that had waited behind the hole that it closed. A block that contradicts
// one that is held freezes the log for good. What is sent of a log that this node appends to now
// never changes it: Forked then says that the origin must not be used any more, Refused that
// another node holds more of it.
func (g *Group) Ingest(l *Log, b block.Block) (outcome edged.Outcome, blocks []block.Block) {
	h, s := b.Header(), &l.staged
	if h.Log != l.id {
		panic(fmt.Sprintf("storage: block of another log for log %v", l.name))
	}
	switch {
	case l.dropped:
		return edged.Deleted, nil
	case s.Forked:
		return edged.Forked, nil
	case h.First <= s.Head:
		return g.compare(l, b), nil
	case h.HLC.Wall >= g.store.seals.end(l.name.Origin.ID):
		return edged.Sealed, nil
	case g.appends(l):
		return edged.Refused, nil
	case h.First > s.Head+1:
		return g.wait(l, b), nil
	case h.Prev != s.Chain:
		return g.fork(l), nil
	case h.HLC.Compare(s.Newest) <= 0:
		return edged.Damaged, nil
	}
	g.put(l, b)
	g.arrived = append(g.arrived, b)
	g.advance(l, b)
	g.store.clock.Observe(h.Newest())
	return edged.Held, g.follow(l, []block.Block{b})
}

// appends says whether this node appends to the log.
func (g *Group) appends(l *Log) bool { return l.name.Origin.ID == g.store.Origin().ID }

// compare holds a block to what is held in its place.
func (g *Group) compare(l *Log, b block.Block) edged.Outcome {
	same, err := g.holds(l, b)
	switch {
	case err != nil: // our copy is damaged, which says nothing about theirs
		g.store.opts.Log.Warn("held block not compared", "stream", l.name.Stream, "err", err)
	case !same:
		return g.fork(l)
	}
	return edged.Duplicate
}

// holds says whether a block is the one held in its place. Where none is, because it was retired
// or skipped, there is nothing to contradict.
func (g *Group) holds(l *Log, b block.Block) (bool, error) {
	h := b.Header()
	if h.First < l.staged.Start {
		return true, nil
	}
	for i := len(g.arrived) - 1; i >= 0; i-- {
		if a := g.arrived[i].Header(); a.Log == l.id && a.First <= h.First && h.First <= a.Last() {
			return bytes.Equal(g.arrived[i].Bytes(), b.Bytes()), nil
		}
	}
	it, err := g.store.blocks(l.id)
	if err != nil {
		return false, err
	}
	defer it.Close()
	if !it.SeekLT(blockKey(nil, l.id, h.First+1)) {
		return true, it.Error()
	}
	raw, err := it.ValueAndErr()
	if err != nil {
		return false, err
	}
	held, err := block.ParseHeader(raw)
	if err != nil || held.Last() < h.First {
		return true, err
	}
	return bytes.Equal(raw, b.Bytes()), nil
}

// fork freezes a log of which two histories exist.
func (g *Group) fork(l *Log) edged.Outcome {
	g.store.stats.forks.Add(1)
	g.store.opts.Log.Error("two histories of one log", "stream", l.name.Stream,
		"partition", l.name.Partition, "origin", l.name.Origin.String(), "sequence", l.staged.Head)
	if !g.appends(l) {
		l.staged.Forked = true
		g.move(l)
		g.dropTail(l)
	}
	return edged.Forked
}

// wait stores a block beyond a hole.
func (g *Group) wait(l *Log, b block.Block) edged.Outcome {
	w, h, size := &g.store.beyond, b.Header(), int64(len(b.Bytes()))
	t := w.tails[l.id]
	fresh := t == nil
	if fresh {
		t = &tail{log: l}
	}
	at, waits, overlaps := t.fit(h.First, h.Last())
	switch {
	case waits:
		return edged.Sparse
	case overlaps, t.bytes()+size > logBeyondMax, w.bytes.Load()+size > storeBeyondMax,
		!t.put(at, stretch{h.First, h.Last(), size}):
		return edged.Crowded
	}
	if fresh {
		w.tails[l.id] = t
		g.Set(spaceBeyond, l.id[:], nil)
	}
	w.bytes.Add(size)
	g.put(l, b)
	g.arrived = append(g.arrived, b)
	return edged.Sparse
}

// follow moves the staged head over blocks that waited just after it, as long as they chain, and
// appends them to blocks. Where they do not, all that waits of the log is dropped: a peer has sent
// what is not of this history, and the right blocks are fetched again.
func (g *Group) follow(l *Log, blocks []block.Block) []block.Block {
	t := g.store.beyond.tails[l.id]
	if t == nil {
		return blocks
	}
	end := g.store.seals.end(l.name.Origin.ID)
	for len(t.stretches) > 0 && t.stretches[0].first <= l.staged.Head+1 {
		s := &t.stretches[0]
		if s.last <= l.staged.Head { // the head went over it, by another way
			if s.bytes > 0 {
				g.deleteBlocks(l, s.first, s.last+1)
			}
			g.store.beyond.bytes.Add(-s.bytes)
			t.stretches = t.stretches[1:]
			continue
		}
		b, err := g.waiting(l, s.first)
		if err == nil && (!follows(b.Header(), l) || b.Header().HLC.Wall >= end) {
			err = errors.New("it does not follow")
		}
		if err != nil {
			g.store.opts.Log.Warn("waiting blocks dropped", "stream", l.name.Stream,
				"origin", l.name.Origin.String(), "sequence", s.first, "err", err)
			g.dropTail(l)
			return blocks
		}
		g.advance(l, b)
		blocks = append(blocks, b)
		size := int64(len(b.Bytes()))
		s.first, s.bytes = l.staged.Head+1, s.bytes-size
		g.store.beyond.bytes.Add(-size)
	}
	if len(t.stretches) == 0 {
		g.dropTail(l)
	}
	return blocks
}

// follows says whether a block follows the staged head.
func follows(h *block.Header, l *Log) bool {
	s := &l.staged
	return h.Log == l.id && h.First == s.Head+1 && h.Prev == s.Chain && h.HLC.Compare(s.Newest) > 0
}

// waiting reads a block beyond a hole.
func (g *Group) waiting(l *Log, first edged.Sequence) (block.Block, error) {
	for i := len(g.arrived) - 1; i >= 0; i-- {
		if h := g.arrived[i].Header(); h.Log == l.id && h.First == first {
			return g.arrived[i], nil
		}
	}
	raw, err := g.store.Get(spaceBlocks, blockKey(nil, l.id, first)[1:])
	if err != nil {
		return block.Block{}, err
	}
	if raw == nil {
		return block.Block{}, errors.New("another block stands in its place")
	}
	return block.Parse(raw)
}

// dropTail forgets what waits of a log, and deletes it.
func (g *Group) dropTail(l *Log) {
	t := g.store.beyond.tails[l.id]
	if t == nil {
		return
	}
	if n := len(t.stretches); n > 0 {
		g.deleteBlocks(l, t.stretches[0].first, t.stretches[n-1].last+1)
	}
	delete(g.store.beyond.tails, l.id)
	g.store.beyond.bytes.Add(-t.bytes())
	g.Delete(spaceBeyond, l.id[:])
}

func (g *Group) deleteBlocks(l *Log, from, to edged.Sequence) {
	g.check(g.batch.DeleteRange(blockKey(nil, l.id, from), blockKey(nil, l.id, to), nil))
}

// sweepBeyond deletes what earlier runs left waiting beyond holes.
func (s *Store) sweepBeyond() error {
	b := s.db.NewBatch()
	defer b.Close()
	rows := s.Scan(spaceBeyond, nil, nil)
	for key := range rows.All() {
		id := edged.LogID(key)
		l, err := s.Find(id)
		if err != nil {
			return err
		}
		from := edged.Sequence(1)
		if l != nil {
			from = l.Durable().Head + 1
		}
		end := blockKey(nil, id, 0)
		err = errors.Join(b.DeleteRange(blockKey(nil, id, from), after(end[:1+len(id)]), nil),
			b.Delete(spaceBeyond.key(nil, key), nil))
		if err != nil {
			return fmt.Errorf("storage: blocks beyond a hole: %w", err)
		}
	}
	if err := errors.Join(rows.Err(), b.Commit(pebble.Sync)); err != nil {
		return fmt.Errorf("storage: blocks beyond a hole: %w", err)
	}
	return nil
}
