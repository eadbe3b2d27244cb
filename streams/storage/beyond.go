package storage

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
)

// Bounds of what waits beyond holes.
const (
	stretchesMax   = 4        // in one log
	logBeyondMax   = 8 << 20  // bytes of one log
	storeBeyondMax = 64 << 20 // bytes of all logs
)

// beyond is what waits beyond holes: blocks under their final keys, of which only the memory of
// this run knows. A mark under 'w' and the log id lets the next start delete them. For the
// committer only.
type beyond struct {
	tails map[edged.LogID]*tail
	bytes atomic.Int64
}

// tail is what waits of one log.
type tail struct {
	log       *Log
	stretches []stretch // in order, with holes between
}

// stretch is blocks of one log that follow each other by their sequences, and how long they are.
type stretch struct {
	first, last edged.Sequence
	bytes       int64
}

// bytes is what the tail takes of the bounds.
func (t *tail) bytes() (sum int64) {
	for _, s := range t.stretches {
		sum += s.bytes
	}
	return sum
}

// fit finds the place of a block in a tail: before which stretch it belongs, and whether it waits
// there already or overlaps what does.
func (t *tail) fit(first, last edged.Sequence) (at int, waits, overlaps bool) {
	for at < len(t.stretches) && t.stretches[at].last < first {
		at++
	}
	if at == len(t.stretches) || t.stretches[at].first > last {
		return at, false, false
	}
	s := t.stretches[at]
	return at, s.first <= first && last <= s.last, true
}

// put notes a block that overlaps none, before the stretch at a place. Whether it chains is asked
// when the hole closes. ok is false when that would make too many stretches.
func (t *tail) put(at int, b stretch) (ok bool) {
	left := at > 0 && t.stretches[at-1].last+1 == b.first
	right := at < len(t.stretches) && t.stretches[at].first == b.last+1
	switch {
	case left && right:
		b.bytes += t.stretches[at].bytes
		b.last = t.stretches[at].last
		t.stretches = slices.Delete(t.stretches, at, at+1)
		fallthrough
	case left:
		t.stretches[at-1].last = b.last
		t.stretches[at-1].bytes += b.bytes
	case right:
		t.stretches[at].first = b.first
		t.stretches[at].bytes += b.bytes
	case len(t.stretches) == stretchesMax:
		return false
	default:
		t.stretches = slices.Insert(t.stretches, at, b)
	}
	return true
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
		if err == nil && (!follows(b.Header(), l) || b.Header().HLC.Wall >= end || g.beyondEnd(l, b.Header().Last())) {
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
