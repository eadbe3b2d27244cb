package wire

import "github.com/edgedhq/edged"

// Fetch asks for blocks of a log, up to Budget bytes.
type Fetch struct {
	Log      edged.LogID
	From, To edged.Sequence
	Budget   int
}

// Type is 11.
func (Fetch) Type() byte { return typeFetch }

func (f Fetch) appendFields(b []byte) []byte {
	b = appendBin(appendArray(b, 4), f.Log[:])
	return appendInt(appendUint(appendUint(b, uint64(f.From)), uint64(f.To)), f.Budget)
}

func readFetch(a *array) (f Fetch) {
	a.fixed(f.Log[:])
	f.From, f.To = a.sequence(), a.sequence()
	f.Budget = a.int()
	return f
}
