package storage

import (
	"bytes"
	"fmt"

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
	case h.HLC.Wall >= g.store.seals.end(l.name.Origin.ID), g.beyondEnd(l, h.Last()):
		return edged.Sealed, nil
	case g.appends(l):
		return edged.Refused, nil
	case h.First > s.Head+1:
		return g.wait(l, b), nil
	case h.First == 1 && h.Prev != (edged.Chain{}), h.Prev == s.Chain && h.HLC.Compare(s.Newest) <= 0:
		return edged.Damaged, nil // its origin would not have sealed it
	case h.Prev != s.Chain:
		return g.fork(l), nil
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

// follows says whether a block follows the staged head.
func follows(h *block.Header, l *Log) bool {
	s := &l.staged
	return h.Log == l.id && h.First == s.Head+1 && h.Prev == s.Chain && h.HLC.Compare(s.Newest) > 0
}
