package codec

import "encoding/binary"

// Frames are the frames of all events of a run, one after the other, each event's frame
// complete with what stands around it. They never change.
type Frames struct {
	bytes []byte
	ends  []uint32 // frame i is bytes[ends[i]:ends[i+1]]
	form  Form
	shape Shape
	few   [4]uint32 // room for the ends of a short run
}

// Range is the frames of the events from index from up to, not including, to.
func (f *Frames) Range(from, to int) []byte { return f.bytes[f.ends[from]:f.ends[to]] }

// Len is the number of frames.
func (f *Frames) Len() int { return len(f.ends) - 1 }

// WebSocket opcodes, with the bit that says a message ends with this frame.
const (
	opText   = 0x81
	opBinary = 0x82
)

// headerGuess is the length of a header whose payload has 126 to 65,535 bytes, as most have.
const headerGuess = 4

// openFrame leaves room for a header and returns where the frame starts.
func openFrame(b []byte) ([]byte, int) {
	at := len(b)
	return append(b, 0, 0, 0, 0), at
}

// closeFrame writes the header of the frame that starts at, now that its length is known.
// Servers do not mask.
func closeFrame(b []byte, at int, opcode byte) []byte {
	n := len(b) - at - headerGuess
	switch {
	case n < 126:
		b[at], b[at+1] = opcode, byte(n)
		copy(b[at+2:], b[at+headerGuess:])
		return b[:len(b)-2]
	case n <= 0xffff:
		b[at], b[at+1] = opcode, 126
		binary.BigEndian.PutUint16(b[at+2:], uint16(n))
		return b
	default:
		b = append(b, 0, 0, 0, 0, 0, 0)
		copy(b[at+10:], b[at+headerGuess:len(b)-6])
		b[at], b[at+1] = opcode, 127
		binary.BigEndian.PutUint64(b[at+2:], uint64(n))
		return b
	}
}

// AppendFrame appends one unmasked text or binary frame.
func AppendFrame(b []byte, binaryData bool, payload []byte) []byte {
	opcode := byte(opText)
	if binaryData {
		opcode = opBinary
	}
	return append(AppendFrameHeader(b, opcode, len(payload)), payload...)
}

// AppendFrameHeader appends the header of an unmasked frame; opcode holds the final bit too.
func AppendFrameHeader(b []byte, opcode byte, n int) []byte {
	switch {
	case n < 126:
		return append(b, opcode, byte(n))
	case n <= 0xffff:
		return binary.BigEndian.AppendUint16(append(b, opcode, 126), uint16(n))
	default:
		return binary.BigEndian.AppendUint64(append(b, opcode, 127), uint64(n))
	}
}

// FrameLen is the length of the whole server frame that p starts with, or 0 when p is too short
// to tell.
func FrameLen(p []byte) int {
	header, payload := frameSizes(p)
	return header + payload
}

func frameSizes(p []byte) (header, payload int) {
	switch {
	case len(p) >= 2 && p[1] < 126:
		return 2, int(p[1])
	case len(p) >= 4 && p[1] == 126:
		return 4, int(binary.BigEndian.Uint16(p[2:]))
	case len(p) >= 10 && p[1] == 127:
		return 10, int(binary.BigEndian.Uint64(p[2:]))
	}
	return 0, 0
}
