package partition

import (
	"maps"
	"slices"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
)

// Reader gives what is stored. A slice given to each is valid during the call; each ends the scan
// by false. A key that is not there is nil.
type Reader interface {
	Get(key []byte) ([]byte, error)
	Scan(from, to []byte, each func(key, value []byte) bool) error
}

// Place says which partition of which collection it is.
type Place struct {
	Prefix []byte // of its keys in the store; no other's begins with it
	Number edged.Partition
	Type   crdt.Type
	Limits crdt.Limits
}

// Partition is the state of one partition. It is used by one goroutine at a time.
type Partition struct {
	Place
	read  Reader
	empty []byte // the encoding of a value that nobody has touched

	meta       meta
	dirty      map[string]*entry // changed since the last Flush
	out        map[string]*entry // on their way to the store
	clean      map[string]*entry // as the store has them, for who comes back soon
	cleanBytes int               // of clean, about
	bytes      int               // of dirty, about
	moved      bool              // meta has changed since the last Flush
	sent       crdt.Vector       // of the Flush that is on its way
	stored     crdt.Vector       // that the store holds
	join       *join             // nil while none runs
}

// Open reads a partition's meta record; without one the partition is empty. If a join was under
// way it goes on; what had been staged for one that had not begun is left over, and the caller
// drops the range Staged.
func Open(at Place, read Reader) (*Partition, error) {
	p := &Partition{Place: at, read: read, dirty: map[string]*entry{}}
	p.empty = at.Type.New(at.Limits).AppendTo(nil)
	raw, err := read.Get(p.key('m', ""))
	if err != nil {
		return nil, err
	}
	if p.meta, err = parseMeta(raw); err != nil {
		return nil, err
	}
	p.stored = maps.Clone(p.meta.vector)
	if raw, err = read.Get(p.key('j', "")); err != nil || raw == nil {
		return p, err
	}
	p.join, err = parseJoin(raw)
	return p, err
}

// key is a key of the store.
func (p *Partition) key(kind byte, key string) []byte {
	b := make([]byte, 0, len(p.Prefix)+1+len(key))
	return append(append(append(b, p.Prefix...), kind), key...)
}

// Fate is what became of a record.
type Fate uint8

// The fates of a record.
const (
	Folded  Fate = iota
	Known        // the vector includes it already
	Skipped      // of another type, or not to be read: the vector has moved past it
	Waits        // for records before it, or for a join to end: nothing has changed
)

// Fold takes in the record at a place: typeName is the type of its event, delta its data. An error
// is the store's, and nothing has changed.
func (p *Partition) Fold(at crdt.Place, key, typeName string, delta []byte) (Fate, error) {
	fate := p.fate(at)
	if fate != Folded {
		return fate, nil
	}
	if typeName != p.Type.Name() || !p.holds(key) {
		p.pass(at)
		return Skipped, nil
	}
	e, err := p.look(key)
	if err != nil {
		return Waits, err
	}
	if e == nil {
		e = p.fresh()
	}
	if err := e.value.Fold(at, delta); err != nil {
		p.pass(at)
		return Skipped, nil
	}
	p.pass(at)
	e.untouched = false
	if e.last.before(at) {
		e.last = place(at)
	}
	p.count(key, e)
	return Folded, nil
}

// Pass moves past a record that is not a delta.
func (p *Partition) Pass(at crdt.Place) Fate {
	fate := p.fate(at)
	if fate == Folded {
		p.pass(at)
	}
	return fate
}

func (p *Partition) fate(at crdt.Place) Fate {
	had := p.meta.vector[at.Origin]
	switch {
	case at.Sequence <= had:
		return Known
	case at.Sequence > had+1 || p.join != nil:
		return Waits
	}
	return Folded
}

func (p *Partition) pass(at crdt.Place) {
	p.meta.vector[at.Origin] = at.Sequence
	p.moved = true
}

// holds says whether a key can be of this partition.
func (p *Partition) holds(key string) bool {
	return edged.CheckKey("key", key) == nil &&
		edged.PartitionOf(key, edged.CollectionPartitions) == p.Number
}

// Raise moves the vector past records of an origin that nobody holds any more.
func (p *Partition) Raise(o edged.OriginID, to edged.Sequence) {
	if p.join == nil && p.meta.vector[o] < to {
		p.meta.vector[o] = to
		p.moved = true
	}
}

// Meet keeps the label of an origin for those who are shown the vector.
func (p *Partition) Meet(o edged.Origin) {
	if label, met := p.meta.labels[o.ID]; !met || label != o.Label {
		p.meta.labels[o.ID] = o.Label
		p.moved = true
	}
}

// Folded is the last record of an origin that is included.
func (p *Partition) Folded(o edged.OriginID) edged.Sequence { return p.meta.vector[o] }

// Vector says what is included. It is the partition's own, and changes.
func (p *Partition) Vector() crdt.Vector { return p.meta.vector }

// Stored is the vector that the store holds. It is not changed after it was given.
func (p *Partition) Stored() crdt.Vector { return p.stored }

// Keys is the number of keys that have a value, Bytes about what is stored.
func (p *Partition) Keys() int64  { return p.meta.keys }
func (p *Partition) Bytes() int64 { return p.meta.bytes }

// Dirty is about how many bytes the next Flush writes; 0 when there is nothing to flush.
func (p *Partition) Dirty() int {
	if p.bytes == 0 && p.moved {
		return 1
	}
	return p.bytes
}

// Entry gives one key's entry; ok is false when nothing is kept under it. Its value is the
// partition's own.
func (p *Partition) Entry(key string) (e Entry, ok bool, err error) {
	own, err := p.look(key)
	if err != nil || own == nil || own.untouched {
		return Entry{}, false, err
	}
	return own.show(key), true, nil
}

// look finds an entry without keeping it; nil when there is none.
func (p *Partition) look(key string) (*entry, error) {
	if e := p.dirty[key]; e != nil {
		return e, nil
	}
	if e := p.out[key]; e != nil {
		return e, nil
	}
	if e := p.clean[key]; e != nil {
		return e, nil
	}
	raw, err := p.read.Get(p.key('e', key))
	if err != nil || raw == nil {
		return nil, err
	}
	e, err := p.parse(raw)
	if err == nil {
		e.stored = len(key) + len(raw)
	}
	return e, err
}

// count brings the counts up to a changed entry.
func (p *Partition) count(key string, e *entry) {
	if alive := !e.value.Absent(); alive != e.alive {
		e.alive = alive
		if alive {
			p.meta.keys++
		} else {
			p.meta.keys--
		}
	}
	p.keep(key, e)
}

// size is about the memory that an entry takes.
func (p *Partition) size(key string, e *entry) int {
	const overhead = 128
	return len(key) + e.value.Size() + overhead
}

// keep keeps a changed entry until it is flushed.
func (p *Partition) keep(key string, e *entry) {
	size := p.size(key, e)
	if p.dirty[key] != e {
		p.dirty[key] = e
		e.held = 0
	}
	p.bytes += size - e.held
	e.held = size
	delete(p.clean, key)
}

// fresh is the entry of a key that nobody has touched.
func (p *Partition) fresh() *entry { return &entry{value: p.Type.New(p.Limits), untouched: true} }

// sorted are the keys in [from, to) of what the store does not hold as it is; an empty to is the
// end.
func (p *Partition) sorted(from, to string) []string {
	var keys []string
	for key := range p.dirty {
		if key >= from && (to == "" || key < to) {
			keys = append(keys, key)
		}
	}
	for key := range p.out {
		if key >= from && (to == "" || key < to) && p.dirty[key] == nil {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// Scan gives all entries with keys in [from, to) in the order of their keys, until each says
// false; an empty to is the end. Their values are the partition's own, for the call.
func (p *Partition) Scan(from, to string, each func(Entry) bool) error {
	changed, more := p.sorted(from, to), true
	giveBelow := func(key string, all bool) {
		for more && len(changed) > 0 && (all || changed[0] < key) {
			e, _ := p.look(changed[0])
			more = each(e.show(changed[0]))
			changed = changed[1:]
		}
	}
	end := p.key('e', to)
	if to == "" {
		end = p.key('e'+1, "")
	}
	var broken error
	err := p.read.Scan(p.key('e', from), end, func(stored, raw []byte) bool {
		key := string(stored[len(p.Prefix)+1:])
		giveBelow(key, false)
		if !more || len(changed) > 0 && changed[0] == key {
			return more // the store's is older; given with those below the next one
		}
		e, err := p.parse(raw)
		if err != nil {
			broken = err
			return false
		}
		more = each(e.show(key))
		return more
	})
	if err == nil {
		err = broken
	}
	if err == nil {
		giveBelow("", true)
	}
	return err
}
