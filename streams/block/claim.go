package block

import (
	"encoding/binary"

	"github.com/klauspost/compress/zstd"
)

// s2Makes says how many bytes an S2 block inflates to, by following its operations without
// writing anything; -1 when it cannot be inflated. An operation's low 2 bits say: literal, or a
// copy whose offset has 11 bits, 2 bytes or 4 bytes.
func s2Makes(packed []byte) int {
	_, n := binary.Uvarint(packed)
	if n <= 0 {
		return -1
	}
	made, offset := 0, 0
	for src := packed[n:]; len(src) > 0; {
		op, ok := s2Read(src)
		if !ok || op.size > len(src) {
			return -1
		}
		if op.offset != s2Repeat {
			offset = op.offset
		}
		if !op.literal && (offset <= 0 || offset > made) {
			return -1
		}
		src = src[op.size:]
		if made += op.length; made > BytesMax {
			return -1
		}
	}
	return made
}

// s2Op is one operation: the bytes it takes, the bytes it makes, and how far back it copies from.
type s2Op struct {
	size, length, offset int
	literal              bool
}

// s2Repeat is the offset that stands for the one before.
const s2Repeat = -1

func s2Read(src []byte) (op s2Op, ok bool) {
	tag := int(src[0])
	switch tag & 3 {
	case 0:
		return s2Literal(src)
	case 1:
		low, ok := little(src[1:], 1)
		op = s2Op{size: 2, length: tag>>2&7 + 4, offset: tag>>5<<8 | low}
		if !ok || op.offset > 0 {
			return op, ok
		}
		op.offset = s2Repeat
		if extra := tag>>2&7 - 4; extra > 0 { // bytes of length follow
			more, ok := little(src[2:], extra)
			op.size, op.length = 2+extra, 4+more+[...]int{4, 1 << 8, 1 << 16}[extra-1]
			return op, ok
		}
		return op, true
	case 2:
		op.size = 3
	default:
		op.size = 5
	}
	op.length = tag>>2 + 1
	op.offset, ok = little(src[1:], op.size-1)
	return op, ok && op.offset > 0
}

func s2Literal(src []byte) (op s2Op, ok bool) {
	n, extra := int(src[0])>>2, 0
	if n >= 60 { // the length follows
		extra = n - 59
		if n, ok = little(src[1:], extra); !ok || n < 0 || n >= BytesMax {
			return op, false
		}
	}
	return s2Op{size: 1 + extra + n + 1, length: n + 1, offset: s2Repeat, literal: true}, true
}

// little reads a little-endian number of up to 4 bytes.
func little(b []byte, size int) (int, bool) {
	if len(b) < size {
		return 0, false
	}
	n := 0
	for i := range size {
		n |= int(b[i]) << (8 * i)
	}
	return n, true
}

// zstdRoom is the most that one zstd frame, which must be all of packed, can inflate to: at least
// size when its header names size and its blocks have room for it, else -1.
func zstdRoom(packed []byte, size int) int {
	const blockMax = 128 << 10
	var h zstd.Header
	if err := h.Decode(packed); err != nil || h.Skippable || h.DictionaryID != 0 ||
		!h.HasFCS || h.FrameContentSize != uint64(size) || h.HeaderSize > len(packed) {
		return -1
	}
	room := 0
	for rest := packed[h.HeaderSize:]; ; {
		head, ok := little(rest, 3)
		if !ok {
			return -1
		}
		last, kind, n := head&1 == 1, head>>1&3, head>>3
		stored := n
		switch kind {
		case 0: // as it is
		case 1: // one byte, n times
			stored = 1
		case 2: // compressed
			n = blockMax
		default:
			return -1
		}
		if stored > len(rest)-3 {
			return -1
		}
		rest, room = rest[3+stored:], min(room+n, BytesMax)
		if !last {
			continue
		}
		if h.HasCheckSum && len(rest) == 4 || !h.HasCheckSum && len(rest) == 0 {
			return room
		}
		return -1
	}
}
