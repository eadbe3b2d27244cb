package function

import (
	"encoding/binary"

	"github.com/edgedhq/edged"
)

// record is one of a node's partials as it travels: what has been folded of one log, past what was
// told before. A record that is too long comes in parts, one after the other.
//
//	1 | origin 10 B | partition, input | tail | since | part, parts | dropped | alone 1 B | cells
//	cell: length, slice end and group | length, content as the store keeps it
type record struct {
	source
	tail
	Since       edged.Sequence // what was told before; 0: these are all cells that count
	Part, Parts int            // from 0
	Dropped     int64          // slice end below which the writer keeps nothing any more
	Alone       bool           // no other node holds the log as far as this
	Cells       []byte         // see cells
}

const recordVersion = 1

// recordMax is about how long the cells of one part are.
const recordMax = 256 << 10

func (r *record) append(dst []byte) []byte {
	dst = append(dst, recordVersion)
	dst = r.source.append(dst)
	dst = r.tail.append(dst)
	dst = binary.AppendUvarint(dst, uint64(r.Since))
	dst = binary.AppendUvarint(dst, uint64(r.Part))
	dst = binary.AppendUvarint(dst, uint64(r.Parts))
	dst = binary.AppendVarint(dst, r.Dropped)
	alone := byte(0)
	if r.Alone {
		alone = 1
	}
	dst = append(dst, alone)
	return append(dst, r.Cells...)
}

// appendRecordCell adds a cell to those of a record.
func appendRecordCell(dst, key, value []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(key)))
	dst = append(dst, key...)
	dst = binary.AppendUvarint(dst, uint64(len(value)))
	return append(dst, value...)
}

// readRecord reads what append wrote; its cells point into b.
func readRecord(b []byte) (rec record, err error) {
	r := scanner{rest: b}
	if r.byte() != recordVersion {
		return rec, errTorn
	}
	if s := r.take(sourceSize); s != nil {
		rec.source = readSource(s)
	}
	if r.err != nil {
		return rec, r.err
	}
	if rec.tail, r.rest, err = readTail(r.rest); err != nil {
		return rec, err
	}
	rec.Since = edged.Sequence(r.uvarint())
	rec.Part, rec.Parts = int(r.uvarint()), int(r.uvarint())
	rec.Dropped = r.varint()
	rec.Alone = r.byte() == 1
	rec.Cells = r.rest
	if r.err == nil && (rec.Parts < 1 || rec.Part < 0 || rec.Part >= rec.Parts) {
		return rec, errTorn
	}
	return rec, r.err
}

// cells gives the cells of a record one after the other; it returns what is wrong with them.
func (r *record) cells(each func(key, value []byte) error) error {
	s := scanner{rest: r.Cells}
	for len(s.rest) > 0 {
		key, value := s.bytes(), s.bytes()
		if s.err != nil {
			return s.err
		}
		if err := each(key, value); err != nil {
			return err
		}
	}
	return s.err
}
