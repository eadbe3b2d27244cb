package wire

import "github.com/edgedhq/edged"

// Tick is sent every second: clocks, the digest, and what moves all the time.
type Tick struct {
	Sent, Echo, Waited int64 // own clock now; the peer's last Sent (0: none); nanoseconds between its arrival and now
	Tick               int64 // Unix seconds of the digest; 0: none
	Root               edged.Sum
	Newest             edged.Timestamp // newest stamp held here of the receiver's origin
	Held               []Held          // those that have changed
	NeedEvents         int64
	NeedBytes          int64
	Flags              int // bit 0: lagging
}

// Held is the time up to which everything of an origin is held.
type Held struct {
	Origin edged.OriginID
	Time   int64 // Unix nanoseconds
}

// Type is 4.
func (Tick) Type() byte { return typeTick }

func (f Tick) appendFields(b []byte) []byte {
	b = appendArray(b, 11)
	b = appendInt(appendInt(appendInt(b, f.Sent), f.Echo), f.Waited)
	b = appendBin(appendInt(b, f.Tick), f.Root[:])
	b = appendTimestamp(b, f.Newest)
	b = appendArray(b, len(f.Held))
	for _, h := range f.Held {
		b = appendInt(appendBin(appendArray(b, 2), h.Origin[:]), h.Time)
	}
	return appendInt(appendInt(appendInt(b, f.NeedEvents), f.NeedBytes), f.Flags)
}

func readTick(a *array) (f Tick) {
	f.Sent, f.Echo, f.Waited = a.int64(), a.int64(), a.int64()
	f.Tick = a.int64()
	a.fixed(f.Root[:])
	f.Newest = a.timestamp()
	if l := a.list(14); l.left > 0 {
		f.Held = make([]Held, l.left)
		for i := range f.Held {
			e := l.element(2)
			e.fixed(f.Held[i].Origin[:])
			f.Held[i].Time = e.int64()
			e.end()
		}
	}
	f.NeedEvents, f.NeedBytes = a.int64(), a.int64()
	f.Flags = a.int()
	return f
}
