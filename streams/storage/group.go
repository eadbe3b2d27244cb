package storage

import (
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
)

// Group is what one fsync makes durable: the blocks and keys of all Stagers that waited when it
// was begun. Only the committer uses it, inside Stage.
type Group struct {
	store   *Store
	number  uint64
	batch   *pebble.Batch
	stagers []Stager
	moved   []moved
	marks   []mark        // heads at the seconds' boundaries that the group crosses
	arrived []block.Block // what Ingest took
	dropped []*Log
	horizon int64 // wall time before which no boundary is of interest
	ceiling int64 // what the batch raises the ceiling to; 0 when it does not
	writes  bool  // there is something to sync
	blocks  int
	bytes   int
	scratch []byte
	applied time.Time
}

// moved is a log that the group changed, and where to.
type moved struct {
	log   *Log
	state State
	bytes int // of the blocks by which the head moved
}

// Origin is under whom blocks are put.
func (g *Group) Origin() edged.Origin { return g.store.Origin() }

// Stamp reserves n stamps that follow each other, later than all before, and returns the first.
func (g *Group) Stamp(n int) edged.Timestamp {
	at := g.store.clock.Stamp(n)
	g.ceiling = max(g.ceiling, g.store.ceiling.cover(at.Plus(n-1)))
	return at
}

// ShowableEarly says whether a block stamped so may be shown ahead of its fsync: the ceiling on
// disk is not below the stamp, and the mark that something was shown is on disk.
func (g *Group) ShowableEarly(at edged.Timestamp) bool {
	return g.store.node.exposed.Load() && g.store.ceiling.covers(at)
}

// PutBlock appends a block to a log of this node's origin. It must follow what is staged, the log
// must be live, and the stamp not below the last promise.
func (g *Group) PutBlock(l *Log, b block.Block) {
	h := b.Header()
	s := &l.staged
	switch {
	case h.Log != l.id || h.First != s.Head+1 || h.Prev != s.Chain || h.HLC.Compare(s.Newest) <= 0:
		panic(fmt.Sprintf("storage: block %d of log %v does not follow %d", h.First, l.name, s.Head))
	case s.Forked || l.dropped || h.HLC.Wall >= g.store.seals.end(l.name.Origin.ID):
		panic(fmt.Sprintf("storage: block %d for log %v, which has ended", h.First, l.name))
	case !g.appends(l):
		panic(fmt.Sprintf("storage: block %d for log %v of another origin", h.First, l.name))
	case h.HLC.Wall < g.store.promised:
		panic(fmt.Sprintf("storage: block %d of log %v is stamped %v, and %d was promised", h.First, l.name, h.HLC, g.store.promised))
	}
	g.put(l, b)
	g.advance(l, b)
	if g.store.watcher != nil {
		g.store.recent.add(b)
	}
}

// put writes a block.
func (g *Group) put(l *Log, b block.Block) {
	raw := b.Bytes()
	op := g.batch.SetDeferred(blockKeyBytes, len(raw))
	putBlockKey(op.Key, l.id, b.Header().First)
	copy(op.Value, raw)
	g.check(op.Finish())
	g.blocks++
	g.bytes += len(raw)
}

// advance moves the staged head over a block.
func (g *Group) advance(l *Log, b block.Block) {
	h, s := b.Header(), &l.staged
	g.move(l)
	if h.HLC.Wall >= g.horizon && second(h.HLC.Wall) > second(s.Newest.Wall) {
		g.marks = append(g.marks, mark{l, s.place()})
	}
	s.Head, s.Chain, s.Newest = h.Last(), b.Chain(), h.Newest()
	s.Bytes += int64(len(b.Bytes()))
	l.moved += len(b.Bytes())
}

// Retire drops the blocks below a sequence, which must be where a block begins or the one after
// the head.
func (g *Group) Retire(l *Log, to edged.Sequence) {
	to = min(to, l.staged.Head+1)
	if to <= l.staged.Start || l.dropped {
		return
	}
	from := l.staged.Start
	gone, err := g.store.sizeOf(l, from, to)
	if err != nil {
		g.store.opts.Log.Warn("size of retired blocks not known", "stream", l.name.Stream, "err", err)
	}
	g.check(g.batch.DeleteRange(blockKey(nil, l.id, 0), blockKey(nil, l.id, to), nil))
	g.store.room.retired.Add(gone)
	l.staged.Start = to
	l.staged.Bytes = max(0, l.staged.Bytes-gone)
	if to > l.staged.Head {
		l.staged.Bytes = 0
	}
	g.move(l)
}

// DropLogs forgets all logs of one generation of a stream, with their blocks.
func (g *Group) DropLogs(stream string, generation edged.Generation) {
	kept := g.moved[:0]
	for _, m := range g.moved {
		if n := m.log.name; n.Stream == stream && n.Generation == generation {
			g.dropBlocks(m.log)
			continue
		}
		kept = append(kept, m)
	}
	clear(g.moved[len(kept):])
	g.moved = kept
	logs, err := g.store.Logs(stream, generation)
	if err != nil {
		g.store.opts.Log.Error("logs of a deleted stream not found", "stream", stream, "err", err)
	}
	for _, t := range g.store.beyond.tails {
		if n := t.log.name; n.Stream == stream && n.Generation == generation {
			logs = append(logs, t.log)
		}
	}
	for _, l := range logs {
		g.dropBlocks(l)
	}
	prefix := generationPrefix(stream, generation)
	g.check(g.batch.DeleteRange(prefix, after(prefix), nil))
}

func (g *Group) dropBlocks(l *Log) {
	if !l.dropped {
		g.store.room.retired.Add(l.staged.Bytes)
		g.dropTail(l)
		g.Delete(spaceIndex, l.id[:])
		g.DeleteRange(spaceGaps, l.id[:], after(l.id[:]))
		g.dropped = append(g.dropped, l)
	}
	l.dropped = true
	from := blockKey(nil, l.id, 0)
	g.check(g.batch.DeleteRange(from, after(from[:1+len(l.id)]), nil))
}

// Set puts a value under a key of a lent space.
func (g *Group) Set(space Space, key, value []byte) {
	g.scratch = space.key(g.scratch[:0], key)
	g.check(g.batch.Set(g.scratch, value, nil))
}

// Delete removes a key of a lent space.
func (g *Group) Delete(space Space, key []byte) {
	g.scratch = space.key(g.scratch[:0], key)
	g.check(g.batch.Delete(g.scratch, nil))
}

// DeleteRange removes the keys from one up to, not including, another; an end that is nil is the
// space's.
func (g *Group) DeleteRange(space Space, from, to []byte) {
	lower, upper := space.bounds(from, to)
	g.check(g.batch.DeleteRange(lower, upper, nil))
}

// move notes that the log's record has to be written.
func (g *Group) move(l *Log) {
	if l.group == g.number {
		return
	}
	l.group, l.moved = g.number, 0
	g.moved = append(g.moved, moved{log: l})
}

// finish adds what is written once a group.
func (g *Group) finish() {
	for i := range g.moved {
		m := &g.moved[i]
		m.state, m.bytes = m.log.staged, m.log.moved
		g.scratch = appendRecord(g.scratch[:0], m.state, m.log.name.Origin.Label)
		g.check(g.batch.Set(m.log.key, g.scratch, nil))
		if !m.log.indexed {
			g.Set(spaceIndex, m.log.id[:], m.log.key[1:])
			m.log.indexed = true
		}
	}
	if g.ceiling != 0 {
		g.check(g.batch.Set(ceilingKey, appendStamp(nil, edged.Timestamp{Wall: g.ceiling}), nil))
	}
}

// check ends the process on what a batch in memory can only fail by a fault of ours.
func (g *Group) check(err error) {
	if err != nil {
		panic(fmt.Sprintf("storage: batch: %v", err))
	}
}
