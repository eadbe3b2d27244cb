package wire

import "github.com/edgedhq/edged"

// Fetched ends the answer to a FETCH: where the next would begin, and where the log begins here.
type Fetched struct {
	Log         edged.LogID
	Next, Start edged.Sequence
}

// Type is 12.
func (Fetched) Type() byte { return typeFetched }

func (f Fetched) appendFields(b []byte) []byte {
	b = appendBin(appendArray(b, 3), f.Log[:])
	return appendUint(appendUint(b, uint64(f.Next)), uint64(f.Start))
}

func readFetched(a *array) (f Fetched) {
	a.fixed(f.Log[:])
	f.Next, f.Start = a.sequence(), a.sequence()
	return f
}
