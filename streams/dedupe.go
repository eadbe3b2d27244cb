package streams

import (
	"bytes"
	"encoding/binary"
	"slices"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
	"github.com/edgedhq/edged/streams/storage"
)

// dedupe remembers the ids that producers gave to a stream's events, for at least the window.
// Only the committer touches it, and it exists once a publication has carried an id.
//
// Memory holds an 8-byte digest of each id and the block it went into; a hit is confirmed in
// the block. Disk holds, for each block, the sorted digests of its ids:
//
//	dedupe keyspace: minute, 4 bytes | log id, 16 | first sequence, 8 (big-endian) -> n x 8 bytes
//
// Two tables take turns: the older is dropped whole when the younger is a window old.
type dedupe struct {
	young, old idTable
	since      int64 // wall time at which young began, Unix nanoseconds

	seen map[uint64][]*edged.Draft // ids placed in this group, which no block holds yet
}

// skip says whether the i-th draft is held already.
func (a *appending) skip(i int) bool {
	_, found := slices.BinarySearch(a.skips, i)
	return found
}

// bytes is the memory that the tables take.
func (d *dedupe) bytes() int64 { return d.young.bytes() + d.old.bytes() }

// idDigest is the digest of an id: FNV-1a 64, finished so that all bits depend on all bytes.
func idDigest[T string | []byte](id T) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(id) {
		h = (h ^ uint64(id[i])) * 1099511628211
	}
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	return max(h, 1)
}

// dedupe finds which drafts of a publication are held already. The same id with other data
// refuses the publication.
func (s *stream) dedupe(a *appending) error {
	if !a.ids {
		return nil
	}
	d := s.staging.dedupe
	if d == nil {
		var err error
		if d, err = s.loadDedupe(); err != nil {
			return err
		}
		s.staging.dedupe = d
	}
	if s.broker.dedupeBytes.Load() > s.broker.opts.DedupeBytesMax {
		s.broker.stats.refused.Add(1)
		return edged.Refuse(edged.Overloaded, "more ids are remembered than this node has room for; publish without ids, or more slowly")
	}
	for i := range a.pub.Drafts {
		draft := &a.pub.Drafts[i]
		if len(draft.ID) == 0 {
			continue
		}
		first, held, err := s.held(d, draft)
		if err != nil {
			d.forget(a.pub.Drafts[:i])
			return err
		}
		if held {
			a.skips = append(a.skips, i)
			if a.pub.Ack.BeyondNode() {
				a.awaits = append(a.awaits, first)
			}
			continue
		}
		h := idDigest(draft.ID)
		d.seen[h] = append(d.seen[h], draft)
	}
	return nil
}

// forget takes back what a refused publication had placed.
func (d *dedupe) forget(drafts []edged.Draft) {
	for i := range drafts {
		h := idDigest(drafts[i].ID)
		d.seen[h] = slices.DeleteFunc(d.seen[h], func(p *edged.Draft) bool { return p == &drafts[i] })
	}
}

// held says whether an event with the draft's id is held, and where: nowhere yet if this group
// holds it. Other data under that id is refused.
func (s *stream) held(d *dedupe, draft *edged.Draft) (first edged.Head, held bool, err error) {
	h := idDigest(draft.ID)
	for _, p := range d.seen[h] {
		if bytes.Equal(p.ID, draft.ID) {
			return first, true, sameData(draft, p.Data)
		}
	}
	oldest := s.broker.opts.Now().Add(-s.broker.opts.DedupeWindow).UnixNano()
	for _, table := range [...]*idTable{&d.young, &d.old} {
		for place := range table.find(h) {
			if place.wall < oldest {
				continue
			}
			copied, found, err := s.confirm(place, draft.ID)
			if err != nil {
				return first, false, err
			}
			if found {
				return headAt(place.log, copied.seq), true, sameData(draft, copied.data)
			}
		}
	}
	return first, false, nil
}

func sameData(draft *edged.Draft, data []byte) error {
	if bytes.Equal(draft.Data, data) {
		return nil
	}
	return edged.RefuseField(edged.IdempotencyMismatch, "id", string(draft.ID),
		"an event with this id is stored with other data; a retry repeats the data exactly")
}

// confirm looks for an id in the block at a place.
func (s *stream) confirm(at idPlace, id []byte) (copied held, found bool, err error) {
	b := s.broker
	if b.confirmed.id != at.log.ID() || b.confirmed.block.Header().First != at.first {
		blocks, err := b.store.Read(at.log, at.first, 1, nil)
		if err != nil {
			return held{}, false, err
		}
		if len(blocks) == 0 || blocks[0].Header().First != at.first {
			return held{}, false, nil // retired
		}
		b.confirmed = newConfirmed(at.log, blocks[0])
	}
	copied, found = b.confirmed.ids[string(id)]
	return copied, found, nil
}

// idsOf gives the digests of the ids that drafts carry.
func idsOf(drafts []*edged.Draft) (digests []uint64) {
	for _, draft := range drafts {
		if len(draft.ID) > 0 {
			digests = append(digests, idDigest(draft.ID))
		}
	}
	return digests
}

// idsIn gives the digests of the ids that a block's events carry.
func idsIn(b block.Block) (digests []uint64) {
	for _, e := range b.Events(edged.LogName{}, 0, b.Header().Count) {
		if e.ID != "" {
			digests = append(digests, idDigest(e.ID))
		}
	}
	return digests
}

// remember takes the ids of a staged block over, in the block's batch, and in memory where that
// remembers already. It counts from when they came, or from their stamp where that is earlier.
func (s *stream) remember(g *storage.Group, staged stagedBlock, digests []uint64) {
	b, h := s.broker, staged.block.Header()
	now := b.opts.Now().UnixNano()
	wall := min(h.HLC.Wall, now)
	if len(digests) == 0 || wall < now-int64(b.opts.DedupeWindow) {
		return
	}
	slices.Sort(digests)
	value := make([]byte, 0, 8*len(digests))
	for _, digest := range digests {
		value = binary.BigEndian.AppendUint64(value, digest)
	}
	g.Set(storage.Dedupe, dedupeKey(minuteOf(wall), h.Log, h.First), value)
	d := s.staging.dedupe
	if d == nil {
		return
	}
	before := d.bytes()
	if wall-d.since > int64(b.opts.DedupeWindow) {
		d.old, d.young, d.since = d.young, idTable{}, wall
	}
	d.young.add(idPlace{log: staged.log, first: h.First, wall: wall}, digests)
	b.dedupeBytes.Add(d.bytes() - before)
}

// loadDedupe fills the tables from disk.
func (s *stream) loadDedupe() (*dedupe, error) {
	b := s.broker
	d := &dedupe{seen: make(map[uint64][]*edged.Draft), since: b.opts.Now().UnixNano()}
	oldest := b.opts.Now().Add(-b.opts.DedupeWindow)
	logs := slices.Clone(s.staging.own)
	for _, l := range s.staging.others {
		logs = append(logs, l)
	}
	for _, l := range logs {
		if err := d.load(b, l, oldest.UnixNano()); err != nil {
			return nil, err
		}
	}
	b.dedupeBytes.Add(d.bytes())
	return d, nil
}

// load takes in what the minutes since oldest hold of a log.
func (d *dedupe) load(b *Broker, l *storage.Log, oldest int64) error {
	newest := min(l.Staged().Newest.Wall, b.opts.Now().UnixNano())
	if newest < oldest {
		return nil
	}
	for minute := minuteOf(oldest); minute <= minuteOf(newest); minute++ {
		rows := b.store.Scan(storage.Dedupe, dedupeKey(minute, l.ID(), 0), dedupeKey(minute, l.ID(), ^edged.Sequence(0)))
		for key, value := range rows.All() {
			digests := make([]uint64, len(value)/8)
			for i := range digests {
				digests[i] = binary.BigEndian.Uint64(value[8*i:])
			}
			first := edged.Sequence(binary.BigEndian.Uint64(key[len(key)-8:]))
			wall := (int64(minute) + 1) * int64(time.Minute) // the latest it can be
			d.young.add(idPlace{log: l, first: first, wall: wall}, digests)
		}
		if err := rows.Err(); err != nil {
			return err
		}
	}
	return nil
}

func minuteOf(wall int64) uint32 { return uint32(max(wall, 0) / int64(time.Minute)) }

func dedupeKey(minute uint32, id edged.LogID, first edged.Sequence) []byte {
	key := binary.BigEndian.AppendUint32(make([]byte, 0, 28), minute)
	key = append(key, id[:]...)
	return binary.BigEndian.AppendUint64(key, uint64(first))
}

// dropDedupe forgets a stream's ids in memory; on disk they go with their minutes.
func (b *Broker) dropDedupe(s *stream) {
	if d := s.staging.dedupe; d != nil {
		b.dedupeBytes.Add(-d.bytes())
	}
}

// confirmed is the block in which an id was last looked up: a retried batch asks it many times.
type confirmed struct {
	id    edged.LogID
	block block.Block
	ids   map[string]held // by producer's id
}

// held is an event that is held.
type held struct {
	seq  edged.Sequence
	data []byte
}

func newConfirmed(l *storage.Log, in block.Block) confirmed {
	c := confirmed{id: l.ID(), block: in, ids: make(map[string]held)}
	for _, e := range in.Events(l.Name(), 0, in.Header().Count) {
		if e.ID != "" {
			c.ids[e.ID] = held{e.Sequence, e.Data}
		}
	}
	return c
}
