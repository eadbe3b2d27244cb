package wire

// Drop asks for no more blocks of a log, named by its number on the lane that brings it.
type Drop struct {
	Lane   int
	Number uint64
	Reason string // an edged.Outcome's word: deleted, forked, sealed or version
}

// Type is 10.
func (Drop) Type() byte { return typeDrop }

func (f Drop) appendFields(b []byte) []byte {
	return appendText(appendUint(appendInt(appendArray(b, 3), f.Lane), f.Number), f.Reason)
}

func readDrop(a *array) Drop { return Drop{a.int(), a.uint64(), a.text()} }
