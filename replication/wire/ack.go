package wire

import "github.com/edgedhq/edged"

// AckEntriesMax bounds the entries of one ACK.
const AckEntriesMax = 2048

// Ack tells how far logs of the peer's blocks are durable here.
type Ack struct {
	Entries []Acked
}

// Acked is a log, by its number on the lane that brought it, and what of it is durable.
type Acked struct {
	Lane    int
	Number  uint64
	Durable edged.Sequence
}

// Type is 7.
func (Ack) Type() byte { return typeAck }

func (f Ack) appendFields(b []byte) []byte {
	b = appendArray(appendArray(b, 1), len(f.Entries))
	for _, e := range f.Entries {
		b = appendInt(appendArray(b, 3), e.Lane)
		b = appendUint(appendUint(b, e.Number), uint64(e.Durable))
	}
	return b
}

func readAck(a *array) (f Ack) {
	l := a.list(4)
	if l.left > AckEntriesMax {
		a.d.fail("too many entries")
		return f
	}
	if l.left > 0 {
		f.Entries = make([]Acked, l.left)
	}
	for i := range f.Entries {
		e := l.element(3)
		f.Entries[i] = Acked{e.int(), e.uint64(), e.sequence()}
		e.end()
	}
	return f
}
