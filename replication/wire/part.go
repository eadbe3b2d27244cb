package wire

import "github.com/edgedhq/edged"

// PartBytesMax is the longest part of a state that fits a PART, with a key to go on from.
const PartBytesMax = 16<<20 - ControlBytesMax

// Part answers a SNAPSHOT. Bytes that a Reader gives are the receiver's own.
type Part struct {
	Pin        uint64
	Stream     string
	Generation edged.Generation
	Partition  edged.Partition
	Bytes      []byte
	Next       []byte // the key to go on from; empty with the last part
	Last       bool
	Refused    string // why there is no part; empty when there is
}

// Type is 17.
func (Part) Type() byte { return typePart }

func (f Part) appendFields(b []byte) []byte {
	b = appendText(appendUint(appendArray(b, 8), f.Pin), f.Stream)
	b = appendUint(appendUint(b, uint64(f.Generation)), uint64(f.Partition))
	b = appendBin(appendBin(b, f.Bytes), f.Next)
	return appendText(appendBool(b, f.Last), f.Refused)
}

// readPart leaves the part where it is: the frame has a buffer of its own.
func readPart(a *array) (f Part) {
	f.Pin, f.Stream = a.uint64(), a.text()
	f.Generation, f.Partition = edged.Generation(a.uint64()), edged.Partition(a.uint32())
	if part := a.binShared(); len(part) > 0 {
		f.Bytes = part
	}
	f.Next = a.bin()
	f.Last, f.Refused = a.bool(), a.text()
	return f
}
