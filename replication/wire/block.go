package wire

import "encoding/binary"

// Block carries one block of the log that has the number on this lane. Bytes that a Reader gives
// are the receiver's own.
type Block struct {
	Number uint64
	Flags  int // bit 0: a publisher waits
	Bytes  []byte
}

// blockHeadMax is the most that stands before the bytes of a block: the heads of the array and
// of the bin, and two integers.
const blockHeadMax = 5 + 9 + 9 + 5

// Type is 6.
func (Block) Type() byte { return typeBlock }

func (f Block) appendFields(b []byte) []byte {
	return append(appendBlockHead(b, f.Number, f.Flags, len(f.Bytes)), f.Bytes...)
}

// AppendBlock appends all of a BLOCK frame but its bytes, size of them, which have to follow.
func AppendBlock(dst []byte, number uint64, flags, size int) []byte {
	var room [blockHeadMax]byte
	head := appendBlockHead(room[:0], number, flags, size)
	dst = binary.AppendUvarint(dst, uint64(1+len(head)+size))
	return append(append(dst, typeBlock), head...)
}

func appendBlockHead(b []byte, number uint64, flags, size int) []byte {
	return appendBinHead(appendInt(appendUint(appendArray(b, 3), number), flags), size)
}
