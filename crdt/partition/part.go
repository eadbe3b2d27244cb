package partition

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
)

// Scan is Reader.Scan over a state that stays.
type Scan = func(from, to []byte, each func(key, value []byte) bool) error

// Theirs is what the first part of a state says: the vector that it includes.
type Theirs struct {
	vector crdt.Vector
	labels map[edged.OriginID]string
}

// Covers says whether the state includes a record.
func (t *Theirs) Covers(d crdt.Dot) bool { return t.vector.Covers(d) }

// Within says whether logs that are held up to a vector hold all that the state includes. Only then
// may it be joined: records that are nowhere but in a state would never reach the others, and their
// origin, set back to an older disk, would give their dots again.
func (t *Theirs) Within(held crdt.Vector) bool {
	for o, s := range t.vector {
		if held[o] < s {
			return false
		}
	}
	return true
}

// A part of a state is
//
//	first:  version | 1 | vector | entries
//	others: version | 0 | entries
//	entries: (uvarint length, key | uvarint length, entry as it is stored) ...
//
// with keys in their order over all parts.

// part reads what a part begins with.
func (r *fields) part(theirs **Theirs) bool {
	head := r.take(2)
	if r.failed || head[0] != version || head[1] > 1 {
		r.failed = true
		return false
	}
	if head[1] == 1 {
		v, labels := r.vector()
		*theirs = &Theirs{v, labels}
	}
	return !r.failed
}

// Part gives a part of about bytesMax of the state that is seen through scan, which must have been
// flushed: the first when after is nil, else what follows the next of the part before. next is nil
// with the last part. Of a state in the middle of a join there are none.
func (at Place) Part(scan Scan, after []byte, bytesMax int) (part, next []byte, err error) {
	if after == nil {
		m, err := at.meta(scan)
		if err != nil {
			return nil, nil, err
		}
		part = appendVector([]byte{version, 1}, m.vector, m.labels)
	} else {
		part = []byte{version, 0}
	}
	from := append(append(slices.Clone(at.Prefix), 'e'), after...)
	if after != nil {
		from = append(from, 0)
	}
	entries := 0
	var last []byte
	err = scan(from, append(slices.Clone(at.Prefix), 'e'+1), func(key, value []byte) bool {
		if entries > 0 && len(part)+len(value) > bytesMax {
			next = last
			return false
		}
		key = key[len(at.Prefix)+1:]
		part = appendText(appendText(part, key), value)
		last = append(last[:0], key...)
		entries++
		return true
	})
	return part, next, err
}

// meta reads the meta record of a state that stays.
func (at Place) meta(scan Scan) (meta, error) {
	var m meta
	var fault error
	marker, record := append(slices.Clone(at.Prefix), 'j'), append(slices.Clone(at.Prefix), 'm')
	err := scan(marker, append(slices.Clone(record), 0), func(key, value []byte) bool {
		switch {
		case bytes.Equal(key, marker):
			fault = fmt.Errorf("partition: in the middle of a join: %w", edged.Unavailable)
		case bytes.Equal(key, record):
			m, fault = parseMeta(value)
		}
		return fault == nil
	})
	if err == nil && fault == nil && m.vector == nil {
		m, _ = parseMeta(nil)
	}
	if err == nil {
		err = fault
	}
	return m, err
}

// Digest sums up the state that is seen through scan, which must have been flushed: equal vectors
// must give equal sums. A term is the first 16 bytes of SHA-256 over the key's length, the key and
// what is alive under it.
func (at Place) Digest(scan Scan) (vector map[edged.Origin]edged.Sequence, sum edged.Sum, err error) {
	m, err := at.meta(scan)
	if err != nil {
		return nil, sum, err
	}
	p := &Partition{Place: at}
	nothing := at.Type.New(at.Limits).AppendAlive(nil)
	var room []byte
	var fault error
	err = scan(p.key('e', ""), p.key('e'+1, ""), func(key, raw []byte) bool {
		var e *entry
		if e, fault = p.parse(raw); fault != nil {
			return false
		}
		room = appendText(room[:0], key[len(at.Prefix)+1:])
		alive := len(room)
		room = e.value.AppendAlive(room)
		if !bytes.Equal(room[alive:], nothing) {
			term := sha256.Sum256(room)
			sum.Add(edged.Sum(term[:16]))
		}
		return true
	})
	if err == nil {
		err = fault
	}
	vector = make(map[edged.Origin]edged.Sequence, len(m.vector))
	for o, s := range m.vector {
		vector[edged.Origin{ID: o, Label: m.labels[o]}] = s
	}
	return vector, sum, err
}
