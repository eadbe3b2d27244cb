package aggregate

import (
	"cmp"
	"encoding/binary"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/aggregate/sketch"
)

// Stamp is the place of an event among those of all logs, as FIRST, LAST and the like order them:
// by its time, in Unix nanoseconds, then by the fields that follow. No two events have one stamp.
type Stamp struct {
	Time      int64
	HLC       edged.Timestamp
	Origin    edged.OriginID
	Partition edged.Partition
	Input     uint8
	Sequence  edged.Sequence
}

// Compare orders stamps.
func (s *Stamp) Compare(t *Stamp) int {
	if s.Time != t.Time {
		return cmp.Compare(s.Time, t.Time)
	}
	return cmp.Or(
		s.HLC.Compare(t.HLC), s.Origin.Compare(t.Origin), cmp.Compare(s.Partition, t.Partition),
		cmp.Compare(s.Input, t.Input), cmp.Compare(s.Sequence, t.Sequence),
	)
}

// sameLog says whether two events are of one log.
func (s *Stamp) sameLog(t *Stamp) bool {
	return s.Origin == t.Origin && s.Partition == t.Partition && s.Input == t.Input
}

// append writes a stamp after another, the zero Stamp if there is none:
//
//	00 | time, wall - those before, zigzag | counter | sequence                             of one log
//	01 | origin, 10 B | partition | input, 1 B | time, wall - those before | counter | sequence
func (s *Stamp) append(dst []byte, before *Stamp) []byte {
	if s.sameLog(before) {
		dst = append(dst, 0)
	} else {
		dst = append(append(dst, 1), s.Origin[:]...)
		dst = binary.AppendUvarint(dst, uint64(s.Partition))
		dst = append(dst, s.Input)
	}
	dst = binary.AppendVarint(dst, s.Time-before.Time)
	dst = binary.AppendVarint(dst, s.HLC.Wall-before.HLC.Wall)
	dst = binary.AppendUvarint(dst, uint64(s.HLC.Logical))
	return binary.AppendUvarint(dst, uint64(s.Sequence))
}

// readStamp reads what append wrote.
func readStamp(r *sketch.Reader, before *Stamp) (s Stamp) {
	s.Origin, s.Partition, s.Input = before.Origin, before.Partition, before.Input
	switch r.Byte() {
	case 0:
	case 1:
		copy(s.Origin[:], r.Take(len(s.Origin)))
		s.Partition = edged.Partition(r.Below(1 << 32))
		s.Input = r.Byte()
		if s.sameLog(before) {
			r.Fail()
		}
	default:
		r.Fail()
	}
	s.Time = before.Time + r.Varint()
	s.HLC.Wall = before.HLC.Wall + r.Varint()
	s.HLC.Logical = uint32(r.Below(1 << 32))
	s.Sequence = edged.Sequence(r.Below(sketch.CountEnd))
	return s
}
