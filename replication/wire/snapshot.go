package wire

import "github.com/edgedhq/edged"

// Snapshot asks for a part of the state that the receiver keeps of a partition of a stream.
type Snapshot struct {
	Pin        uint64 // names the transfer; all its parts are of one state
	Stream     string
	Generation edged.Generation
	Partition  edged.Partition
	After      []byte // the key behind which the part begins; empty for the first
	BytesMax   int    // about how long the part may be
}

// Type is 16.
func (Snapshot) Type() byte { return typeSnapshot }

func (f Snapshot) appendFields(b []byte) []byte {
	b = appendText(appendUint(appendArray(b, 6), f.Pin), f.Stream)
	b = appendUint(appendUint(b, uint64(f.Generation)), uint64(f.Partition))
	return appendInt(appendBin(b, f.After), f.BytesMax)
}

func readSnapshot(a *array) (f Snapshot) {
	f.Pin, f.Stream = a.uint64(), a.text()
	f.Generation, f.Partition = edged.Generation(a.uint64()), edged.Partition(a.uint32())
	f.After, f.BytesMax = a.bin(), a.int()
	return f
}
