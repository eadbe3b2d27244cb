package function

import (
	"bytes"
	"encoding/binary"

	"github.com/edgedhq/edged"
)

// source names a log that a query folds. Sources are ordered by their bytes in keys.
type source struct {
	Origin    edged.OriginID
	Partition edged.Partition
	Input     uint8 // of the query, from 0
}

// sourceSize is the length of a source in keys: origin 10, partition 2, input 1.
const sourceSize = 13

func (s source) append(dst []byte) []byte {
	dst = append(dst, s.Origin[:]...)
	dst = binary.BigEndian.AppendUint16(dst, uint16(s.Partition))
	return append(dst, s.Input)
}

// readSource reads what append wrote; b has sourceSize bytes.
func readSource(b []byte) (s source) {
	copy(s.Origin[:], b)
	s.Partition = edged.Partition(binary.BigEndian.Uint16(b[10:]))
	s.Input = b[12]
	return s
}

func (s source) compare(t source) int {
	if c := bytes.Compare(s.Origin[:], t.Origin[:]); c != 0 {
		return c
	}
	if s.Partition != t.Partition {
		return int(s.Partition) - int(t.Partition)
	}
	return int(s.Input) - int(t.Input)
}

// logKey is the source's place in the vector of a cut, in which each input has its own partitions.
func (s source) logKey() edged.LogKey {
	return edged.LogKey{Origin: s.Origin, Partition: s.Partition | edged.Partition(s.Input)<<16}
}

// sourceAt is the source of a place in the vector of a cut.
func sourceAt(k edged.LogKey) source {
	return source{Origin: k.Origin, Partition: k.Partition & 0xffff, Input: uint8(k.Partition >> 16)}
}
