package partition

import (
	"fmt"
	"maps"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
)

// join is how far the merge of another node's state has come. In the store:
//
//	version | uvarint keys | uvarint bytes | theirs, a vector | mine, a vector | 0 or 1, and the last key merged
type join struct {
	keys   int64 // that have a value, of those merged
	bytes  int64
	theirs crdt.Vector
	mine   crdt.Vector // before the join
	labels map[edged.OriginID]string
	begun  bool
	after  string // all keys up to it are merged
}

func (j *join) append(dst []byte) []byte {
	m := meta{keys: j.keys, bytes: j.bytes, vector: j.theirs, labels: j.labels}
	dst = appendVector(m.append(dst), j.mine, j.labels)
	if !j.begun {
		return append(dst, 0)
	}
	return append(append(dst, 1), j.after...)
}

func parseJoin(raw []byte) (*join, error) {
	r := fields{rest: raw}
	v := r.take(1)
	j := &join{keys: int64(r.uvarint()), bytes: int64(r.uvarint()), labels: map[edged.OriginID]string{}}
	theirs, labels := r.vector()
	maps.Copy(j.labels, labels)
	mine, labels := r.vector()
	maps.Copy(j.labels, labels)
	begun := r.take(1)
	if r.failed || v[0] != version {
		return nil, fmt.Errorf("partition: the marker of a join does not parse")
	}
	j.theirs, j.mine, j.begun, j.after = theirs, mine, begun[0] == 1, string(r.rest)
	return j, nil
}

// Joining says whether a join is under way: Step goes on with it.
func (p *Partition) Joining() bool { return p.join != nil }

// Staged is the range of what is staged for a join. What is in it while no join runs is left over.
func (p *Partition) Staged() (from, to []byte) { return p.key('s', ""), p.key('s'+1, "") }

// Stage reads a part of another node's state and gives what is to be staged of it. A part that
// does not parse, whole, is an error. theirs is the vector in a first part.
func (p *Partition) Stage(part []byte) (b *Batch, theirs *Theirs, err error) {
	r := fields{rest: part}
	if r.part(&theirs) {
		b = &Batch{buffer: make([]byte, 0, len(part)+len(part)/4)}
	}
	for !r.failed && len(r.rest) > 0 {
		key, raw := r.text(), r.text()
		if r.failed {
			break
		}
		if !p.holds(string(key)) {
			return nil, nil, fmt.Errorf("partition: a part holds a key that has no place in partition %d", p.Number)
		}
		if _, err := p.parse(raw); err != nil {
			return nil, nil, fmt.Errorf("partition: a part, key %.64q: %w", key, err)
		}
		b.begin(p.Prefix, 's', string(key))
		b.buffer = append(b.buffer, raw...)
		b.close()
	}
	if r.failed {
		return nil, nil, fmt.Errorf("partition: a part does not parse")
	}
	return b, theirs, nil
}

// Join begins to merge the state that is staged, all of it, and of which theirs came first. What
// had been folded must have been flushed. Nothing is folded until Step says that all is merged; the
// batch has to be written first.
func (p *Partition) Join(theirs *Theirs) (*Batch, error) {
	if p.moved || len(p.dirty) > 0 || p.sent != nil || p.join != nil {
		return nil, fmt.Errorf("partition: a join has to wait for what is not flushed")
	}
	p.join = &join{theirs: theirs.vector, mine: maps.Clone(p.meta.vector), labels: maps.Clone(p.meta.labels)}
	maps.Copy(p.join.labels, theirs.labels)
	p.clean, p.cleanBytes = nil, 0 // the store changes below it
	b := &Batch{}
	p.putMarker(b)
	return b, nil
}

func (p *Partition) putMarker(b *Batch) {
	b.begin(p.Prefix, 'j', "")
	b.buffer = p.join.append(b.buffer)
	b.close()
}

// Forsake ends a join that has just begun and whose marker could not be written.
func (p *Partition) Forsake() { p.join = nil }

// Step merges some keys: entriesMax, or fewer if they are large. It gives the batch to be written
// and what is to be called once it has been; done says that with it the join has ended, and what is
// staged is left over. A step that could not be written is taken again.
func (p *Partition) Step(entriesMax int) (b *Batch, stepped func(), done bool, err error) {
	s := &step{p: p, now: *p.join}
	b = &Batch{}
	if done, err = s.merge(b, entriesMax); err != nil {
		return nil, nil, false, err
	}
	if !done {
		was := p.join
		p.join = &s.now
		p.putMarker(b)
		p.join = was
		return b, func() { p.join = &s.now }, false, nil
	}
	now := meta{keys: s.now.keys, bytes: s.now.bytes, labels: s.now.labels, vector: merged(s.now.mine, s.now.theirs)}
	was := p.meta
	p.meta = now
	p.putMeta(b)
	p.meta = was
	b.begin(p.Prefix, 'j', "")
	b.remove()
	return b, func() {
		p.meta, p.join, p.moved = now, nil, false
		p.stored = maps.Clone(now.vector)
	}, true, nil
}

// stepBytesMax bounds what one step of a join writes, but for one value.
const stepBytesMax = 1 << 20

// step is one step of a join.
type step struct {
	p   *Partition
	now join
}

// merge merges the keys that come next, whether they are held here, staged or both.
func (s *step) merge(b *Batch, entriesMax int) (done bool, err error) {
	own, ownMore, err := s.list('e', entriesMax)
	if err != nil {
		return false, err
	}
	staged, stagedMore, err := s.list('s', entriesMax)
	if err != nil {
		return false, err
	}
	union := merged(s.now.mine, s.now.theirs)
	for len(own) > 0 || len(staged) > 0 {
		// Where a list was cut off, what follows its end is not known.
		if len(own) == 0 && ownMore || len(staged) == 0 && stagedMore || len(b.buffer) > stepBytesMax {
			return false, nil
		}
		var mine, theirs *entry
		key := ""
		if len(staged) == 0 || len(own) > 0 && own[0].key <= staged[0].key {
			key = own[0].key
		} else {
			key = staged[0].key
		}
		if mine, own, err = s.take(own, key); err != nil {
			return false, err
		}
		if theirs, staged, err = s.take(staged, key); err != nil {
			return false, err
		}
		s.unite(b, key, mine, theirs, union)
	}
	return !ownMore && !stagedMore, nil
}

// unite writes what becomes of one key; an entry is nil on the side that does not hold it.
func (s *step) unite(b *Batch, key string, mine, theirs *entry, union crdt.Vector) {
	fresh := func() *entry { return &entry{value: s.p.Type.New(s.p.Limits)} }
	if mine == nil {
		mine = fresh()
	}
	if theirs == nil {
		theirs = fresh()
	}
	mine.value.Merge(theirs.value, s.now.mine, s.now.theirs)
	mine.value.Trim(union)
	if mine.last.before(crdt.Place(theirs.last)) {
		mine.last = theirs.last
	}
	if stored := s.p.put(b, key, mine); stored > 0 {
		s.now.bytes += int64(stored)
	}
	if !mine.value.Absent() {
		s.now.keys++
	}
	s.now.begun, s.now.after = true, key
}

// pair is a key of the store with what stands under it.
type pair struct {
	key string
	raw []byte
}

// take parses the first pair if it is the key's.
func (s *step) take(list []pair, key string) (*entry, []pair, error) {
	if len(list) == 0 || list[0].key != key {
		return nil, list, nil
	}
	e, err := s.p.parse(list[0].raw)
	return e, list[1:], err
}

// list reads the pairs that come next; more says that there are others behind them.
func (s *step) list(kind byte, entriesMax int) (list []pair, more bool, err error) {
	from, bytes := s.p.key(kind, ""), 0
	if s.now.begun {
		from = append(s.p.key(kind, s.now.after), 0)
	}
	err = s.p.read.Scan(from, s.p.key(kind+1, ""), func(key, raw []byte) bool {
		if more = len(list) == entriesMax || bytes > stepBytesMax; more {
			return false
		}
		bytes += len(raw)
		list = append(list, pair{string(key[len(s.p.Prefix)+1:]), append([]byte(nil), raw...)})
		return true
	})
	return list, more, err
}
