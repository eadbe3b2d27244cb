package sim

import (
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"

	"github.com/edgedhq/edged"
)

// block is a model of streams/block: the same header, a body that is one text.
type block struct {
	name        edged.LogName
	log         edged.LogID
	first, last edged.Sequence
	at          edged.Timestamp // of the first event
	prev, chain edged.Chain
	term        edged.Sum
	bytes       []byte

	// Kept by the checks:
	places uint64 // hosts whose disk holds it
	second bool   // a second disk has held it
	acked  bool   // answered at disk or above
	exempt bool   // of an origin whose promises were broken from outside
}

const headerBytes = 100

// seal makes a block's bytes.
func seal(log edged.LogID, first edged.Sequence, count int, at edged.Timestamp, prev edged.Chain, data []byte) []byte {
	b := make([]byte, headerBytes, headerBytes+len(data))
	le := binary.LittleEndian
	copy(b, "EDB1")
	copy(b[8:], log[:])
	le.PutUint64(b[24:], uint64(first))
	le.PutUint32(b[32:], uint32(count))
	le.PutUint64(b[48:], uint64(at.Wall))
	le.PutUint32(b[56:], at.Logical)
	copy(b[76:], prev[:])
	b = append(b, data...)
	le.PutUint32(b[96:], crc32.ChecksumIEEE(b))
	return b
}

// whole says whether a block's bytes are as they were sealed.
func whole(b []byte) bool {
	if len(b) < headerBytes {
		return false
	}
	var zero [4]byte
	sum := crc32.ChecksumIEEE(b[:96])
	sum = crc32.Update(sum, crc32.IEEETable, zero[:])
	return crc32.Update(sum, crc32.IEEETable, b[headerBytes:]) == binary.LittleEndian.Uint32(b[96:])
}

// blockOf gives the one block with these bytes.
func (w *world) blockOf(name edged.LogName, raw []byte) *block {
	sum := sha256.Sum256(raw)
	chain := edged.Chain(sum[:16])
	if b := w.blocks[chain]; b != nil {
		return b
	}
	le := binary.LittleEndian
	b := &block{name: name, log: edged.LogID(raw[8:24]), chain: chain, bytes: raw, prev: edged.Chain(raw[76:92])}
	b.first = edged.Sequence(le.Uint64(raw[24:]))
	b.last = b.first + edged.Sequence(le.Uint32(raw[32:])) - 1
	b.at = edged.Timestamp{Wall: int64(le.Uint64(raw[48:])), Logical: le.Uint32(raw[56:])}
	b.term = (&edged.Head{Log: b.log, Head: b.last, Chain: chain}).Term()
	b.exempt = w.doubtful[name.Origin.ID]
	w.blocks[chain] = b
	return b
}

func (b *block) count() int { return int(b.last-b.first) + 1 }

// newest is the stamp of its last event.
func (b *block) newest() edged.Timestamp { return b.at.Plus(b.count() - 1) }

func (b *block) data() []byte { return b.bytes[headerBytes:] }
