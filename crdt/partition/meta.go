package partition

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
)

// version is the first byte of the records that this package makes.
const version = 1

// meta is what is stored beside the values of a partition, and always in one batch with them:
//
//	version | uvarint keys | uvarint bytes | vector
//	vector: uvarint n | n x (origin, 10 | uvarint sequence | uvarint length, label)
type meta struct {
	keys   int64
	bytes  int64
	vector crdt.Vector
	labels map[edged.OriginID]string
}

func (m *meta) append(dst []byte) []byte {
	dst = append(dst, version)
	dst = binary.AppendUvarint(dst, uint64(max(m.keys, 0)))
	dst = binary.AppendUvarint(dst, uint64(max(m.bytes, 0)))
	return appendVector(dst, m.vector, m.labels)
}

func parseMeta(raw []byte) (m meta, err error) {
	if raw == nil {
		return meta{vector: crdt.Vector{}, labels: map[edged.OriginID]string{}}, nil
	}
	r := fields{rest: raw}
	v := r.take(1)
	m.keys, m.bytes = int64(r.uvarint()), int64(r.uvarint())
	m.vector, m.labels = r.vector()
	if r.failed || len(r.rest) > 0 || v[0] != version {
		return m, fmt.Errorf("partition: a meta record does not parse")
	}
	return m, nil
}

func appendVector(dst []byte, v crdt.Vector, labels map[edged.OriginID]string) []byte {
	origins := slices.SortedFunc(maps.Keys(v), edged.OriginID.Compare)
	dst = binary.AppendUvarint(dst, uint64(len(origins)))
	for _, o := range origins {
		dst = append(dst, o[:]...)
		dst = binary.AppendUvarint(dst, uint64(v[o]))
		dst = appendText(dst, labels[o])
	}
	return dst
}

// originBytesMin is the least that an origin takes in a vector.
const originBytesMin = 12

func (r *fields) vector() (crdt.Vector, map[edged.OriginID]string) {
	n := r.uvarint()
	if n > uint64(len(r.rest)/originBytesMin) {
		r.failed = true
		return nil, nil
	}
	v, labels := make(crdt.Vector, n), make(map[edged.OriginID]string, n)
	for range n {
		var o edged.OriginID
		copy(o[:], r.take(len(o)))
		v[o] = edged.Sequence(r.uvarint())
		labels[o] = string(r.text())
	}
	return v, labels
}

// merged is the least upper bound of two vectors.
func merged(v, w crdt.Vector) crdt.Vector {
	u := maps.Clone(v)
	for o, s := range w {
		u[o] = max(u[o], s)
	}
	return u
}
