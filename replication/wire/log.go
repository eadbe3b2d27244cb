package wire

import "github.com/edgedhq/edged"

// Log gives a log the number that BLOCK frames of its lane have from then on. An empty Stream
// forgets the number.
type Log struct {
	Number uint64
	Name   edged.LogName
	Region string
}

// Type is 5.
func (Log) Type() byte { return typeLog }

func (f Log) appendFields(b []byte) []byte {
	b = appendText(appendUint(appendArray(b, 7), f.Number), f.Name.Stream)
	b = appendUint(appendUint(b, uint64(f.Name.Generation)), uint64(f.Name.Partition))
	return appendText(appendOrigin(b, f.Name.Origin), f.Region)
}

func readLog(a *array) (f Log) {
	f.Number = a.uint64()
	f.Name.Stream = a.text()
	f.Name.Generation = edged.Generation(a.uint64())
	f.Name.Partition = edged.Partition(a.uint32())
	f.Name.Origin = a.origin()
	f.Region = a.text()
	return f
}
