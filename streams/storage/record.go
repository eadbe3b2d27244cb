package storage

import (
	"encoding/binary"
	"errors"

	"github.com/edgedhq/edged"
)

// A log's record, written once a group in which the log moved:
//
//	version 1 | uvarint start | uvarint head | uvarint bytes | chain value, 16 | stamp | label
//	version 2 | flags: 1 forked | uvarint whole | as version 1 from start on
//	stamp: wall, 8, little-endian | uvarint logical
//
// Version 2 is that of a log with a gap or a fork.
const (
	recordVersion = 1
	recordMarked  = 2
	flagForked    = 1
)

// labelBytesMax bounds an origin's label, which ends every record of its logs.
const labelBytesMax = 128

var errRecord = errors.New("cut off, or made by a newer version")

func appendRecord(dst []byte, s State, label string) []byte {
	if s.Forked || s.Whole > 0 {
		var flags byte
		if s.Forked {
			flags = flagForked
		}
		dst = binary.AppendUvarint(append(dst, recordMarked, flags), uint64(s.Whole))
	} else {
		dst = append(dst, recordVersion)
	}
	dst = binary.AppendUvarint(dst, uint64(s.Start))
	dst = binary.AppendUvarint(dst, uint64(s.Head))
	dst = binary.AppendUvarint(dst, uint64(s.Bytes))
	dst = append(dst, s.Chain[:]...)
	dst = appendStamp(dst, s.Newest)
	return append(dst, label...)
}

func parseRecord(raw []byte) (s State, label string, err error) {
	r := fields{rest: raw}
	switch r.byte() {
	case recordVersion:
	case recordMarked:
		s.Forked = r.byte()&flagForked != 0
		s.Whole = edged.Sequence(r.uvarint())
	default:
		return State{}, "", errRecord
	}
	s.Start = edged.Sequence(r.uvarint())
	s.Head = edged.Sequence(r.uvarint())
	s.Bytes = int64(r.uvarint())
	copy(s.Chain[:], r.take(len(s.Chain)))
	s.Newest = r.stamp()
	if r.failed || s.Start < 1 || s.Start > s.Head+1 || s.Bytes < 0 || len(r.rest) > labelBytesMax {
		return State{}, "", errRecord
	}
	return s, string(r.rest), nil
}

func appendStamp(dst []byte, at edged.Timestamp) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, uint64(at.Wall))
	return binary.AppendUvarint(dst, uint64(at.Logical))
}

// fields takes fields off a record and remembers whether one was missing.
type fields struct {
	rest   []byte
	failed bool
}

func (f *fields) take(n int) []byte {
	if n > len(f.rest) {
		f.failed, f.rest = true, nil
		return nil
	}
	b := f.rest[:n]
	f.rest = f.rest[n:]
	return b
}

func (f *fields) byte() byte {
	if b := f.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (f *fields) uvarint() uint64 {
	v, n := binary.Uvarint(f.rest)
	if n <= 0 {
		f.failed, f.rest = true, nil
		return 0
	}
	f.rest = f.rest[n:]
	return v
}

func (f *fields) uint64() uint64 {
	if b := f.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (f *fields) stamp() edged.Timestamp {
	at := edged.Timestamp{Wall: int64(f.uint64())}
	logical := f.uvarint()
	if logical > 1<<32-1 {
		f.failed = true
	}
	at.Logical = uint32(logical)
	return at
}

func (f *fields) text() string {
	n := f.uvarint()
	if n > uint64(len(f.rest)) {
		f.failed, f.rest = true, nil
		return ""
	}
	return string(f.take(int(n)))
}
