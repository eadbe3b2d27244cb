package partition

import (
	"encoding/binary"
	"fmt"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
)

// entry is one key as it is kept, in the store as
//
//	place: origin, 10 | uvarint sequence | wall, 8, big-endian | uvarint logical
//	value: crdt.Value.AppendTo
type entry struct {
	last   place // the latest that touched the key
	value  crdt.Value
	alive  bool // counted as a key
	stored int  // bytes counted
	held   int  // bytes counted as dirty

	untouched bool // by any record
}

// place is a crdt.Place in the order of (stamp, origin).
type place crdt.Place

func (p place) before(at crdt.Place) bool {
	return edged.Mark{HLC: p.HLC, Origin: p.Origin}.Compare(edged.Mark{HLC: at.HLC, Origin: at.Origin}) < 0
}

func (e *entry) show(key string) Entry {
	return Entry{Key: key, Last: crdt.Place(e.last), value: e.value}
}

func (e *entry) appendPlace(dst []byte) []byte {
	dst = append(dst, e.last.Origin[:]...)
	dst = binary.AppendUvarint(dst, uint64(e.last.Sequence))
	dst = binary.BigEndian.AppendUint64(dst, uint64(e.last.HLC.Wall))
	return binary.AppendUvarint(dst, uint64(e.last.HLC.Logical))
}

// parse reads an entry. It keeps nothing of raw.
func (p *Partition) parse(raw []byte) (*entry, error) {
	r := fields{rest: raw}
	e := &entry{}
	copy(e.last.Origin[:], r.take(len(e.last.Origin)))
	e.last.Sequence = edged.Sequence(r.uvarint())
	if wall := r.take(8); wall != nil {
		e.last.HLC.Wall = int64(binary.BigEndian.Uint64(wall))
	}
	logical := r.uvarint()
	e.last.HLC.Logical = uint32(logical)
	if r.failed || logical != uint64(e.last.HLC.Logical) {
		return nil, fmt.Errorf("partition: an entry's place does not parse")
	}
	var err error
	if e.value, err = p.Type.Parse(r.rest, p.Limits); err != nil {
		return nil, fmt.Errorf("partition: an entry's value: %w", err)
	}
	e.alive = !e.value.Absent()
	return e, nil
}

// Entry is one key of a partition as it stands.
type Entry struct {
	Key   string
	Last  crdt.Place // of the latest record that touched it
	value crdt.Value
}

// Absent says whether the key has no value.
func (e *Entry) Absent() bool { return e.value.Absent() }

// Size is about the number of bytes that the value takes when it is stored.
func (e *Entry) Size() int { return e.value.Size() }

// JSON is the value as users see it; nil when the key has none.
func (e *Entry) JSON() []byte {
	if e.value.Absent() {
		return nil
	}
	return e.value.AppendJSON(nil)
}

// Conflicts is a JSON array of all concurrent values; nil unless there are several.
func (e *Entry) Conflicts() []byte { return e.value.AppendConflicts(nil) }

// fields takes fields off a byte slice and remembers whether one was missing.
type fields struct {
	rest   []byte
	failed bool
}

func (r *fields) take(n int) []byte {
	if n < 0 || n > len(r.rest) {
		r.failed, r.rest = true, nil
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *fields) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.failed, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// text reads a length and as many bytes.
func (r *fields) text() []byte {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.failed, r.rest = true, nil
		return nil
	}
	return r.take(int(n))
}

func appendText[T string | []byte](dst []byte, s T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}
