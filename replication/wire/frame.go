package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ControlBytesMax is the largest frame that is neither a BLOCK nor a PART: its type and its array.
const ControlBytesMax = 64 << 10

// blockFrameMax is the largest frame: a BLOCK with 16 MiB of block and what stands around it.
const blockFrameMax = 16<<20 + 64

// The types. Numbers from 128 may be skipped by who does not know them.
const (
	typeHello    = 1
	typeRefuse   = 2
	typeBye      = 3
	typeTick     = 4
	typeLog      = 5
	typeBlock    = 6
	typeAck      = 7
	typeDigest   = 8
	typeRows     = 9
	typeDrop     = 10
	typeFetch    = 11
	typeFetched  = 12
	typePromise  = 13
	typeSnapshot = 16
	typePart     = 17
	optional     = 128
)

// ErrMalformed is that bytes are no frame of this protocol; the connection has to end.
var ErrMalformed = errors.New("wire: malformed frame")

// Frame is one of the frames of this package, as a value: Hello, Refuse, Bye, Tick, Log, Block,
// Ack, Digest, Rows, Drop, Fetch, Fetched, Promise, Snapshot or Part.
type Frame interface {
	Type() byte
	appendFields(b []byte) []byte
}

// Append appends a whole frame. Lists are the caller's to keep short enough for ControlBytesMax.
func Append(dst []byte, f Frame) []byte {
	const room = binary.MaxVarintLen32
	start := len(dst)
	dst = append(dst, make([]byte, room)...)
	dst = f.appendFields(append(dst, f.Type()))
	n := binary.PutUvarint(dst[start:], uint64(len(dst)-start-room))
	return append(dst[:start+n], dst[start+room:]...)
}

// decode reads the array of a frame that is not a BLOCK.
func decode(kind byte, in []byte) (Frame, error) {
	d := &decoder{in: in}
	a := d.array()
	f := readFields(kind, &a)
	a.end()
	switch {
	case d.err != nil:
		return nil, fmt.Errorf("%w: type %d: %w", ErrMalformed, kind, d.err)
	case len(d.in) > 0:
		return nil, fmt.Errorf("%w: type %d: %d bytes after its array", ErrMalformed, kind, len(d.in))
	}
	return f, nil
}

func readFields(kind byte, a *array) Frame {
	switch kind {
	case typeHello:
		return readHello(a)
	case typeRefuse:
		return Refuse(readFarewell(a))
	case typeBye:
		return Bye(readFarewell(a))
	case typeTick:
		return readTick(a)
	case typeLog:
		return readLog(a)
	case typeAck:
		return readAck(a)
	case typeDigest:
		return readDigest(a)
	case typeRows:
		return readRows(a)
	case typeDrop:
		return readDrop(a)
	case typeFetch:
		return readFetch(a)
	case typeFetched:
		return readFetched(a)
	case typePromise:
		return readPromise(a)
	case typeSnapshot:
		return readSnapshot(a)
	case typePart:
		return readPart(a)
	}
	a.d.fail("unknown")
	return nil
}
