package edged

import (
	"encoding/base64"
	"encoding/binary"
)

// Marks writes the cursors along one log at a Base: they share all but the sequence, so most of
// their text is made once.
type Marks struct {
	text []byte // of the whole triples of bytes that are shared
	rest []byte // the 0 to 2 shared bytes after them
	sum  uint32 // over all that is shared
}

// Along prepares the cursors after the events of log k: Marks.AppendAt of the result writes what
// Base.AppendAt does.
func (p Base) Along(k LogKey) Marks {
	shared := make([]byte, 0, len(p.raw)+len(k.Origin)+1+binary.MaxVarintLen32)
	shared = append(append(shared, p.raw...), k.Origin[:]...)
	shared = binary.AppendUvarint(append(shared, 1), uint64(k.Partition))
	whole := len(shared) / 3 * 3
	return Marks{
		text: base64.RawURLEncoding.AppendEncode(nil, shared[:whole]),
		rest: shared[whole:],
		sum:  checksum(p.sum, shared[len(p.raw):]),
	}
}

// AppendAt appends the text of the cursor that stands just after event s.
func (m *Marks) AppendAt(dst []byte, s Sequence) []byte {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	var room [2 + binary.MaxVarintLen64 + 4]byte
	b := append(room[:0], m.rest...)
	b = binary.AppendUvarint(b, uint64(s))
	b = binary.LittleEndian.AppendUint32(b, checksum(m.sum, b[len(m.rest):]))
	dst = append(dst, m.text...)
	for ; len(b) >= 3; b = b[3:] {
		dst = append(dst, digits[b[0]>>2], digits[(b[0]<<4|b[1]>>4)&63], digits[(b[1]<<2|b[2]>>6)&63], digits[b[2]&63])
	}
	switch len(b) {
	case 1:
		dst = append(dst, digits[b[0]>>2], digits[b[0]<<4&63])
	case 2:
		dst = append(dst, digits[b[0]>>2], digits[(b[0]<<4|b[1]>>4)&63], digits[b[1]<<2&63])
	}
	return dst
}

// checksum is crc32.Update with the Castagnoli table, for the few bytes where a call through
// the package costs more than the sum, and an allocation.
func checksum(sum uint32, p []byte) uint32 {
	sum = ^sum
	for _, c := range p {
		sum = castagnoli[byte(sum)^c] ^ sum>>8
	}
	return ^sum
}
