package wire

import "github.com/edgedhq/edged"

// Rows answers a DIGEST for one range.
type Rows struct {
	Tick         int64
	Prefix       []byte
	Rows         []Row
	More, Deeper bool // more frames follow; too many logs: ask one byte deeper
}

// Row is what the sender holds of a log.
type Row struct {
	Log         edged.LogID
	Start, Head edged.Sequence
	Chain       edged.Chain
	Hidden      bool
}

// rowBytesMin is the shortest row: two bins of 16 bytes, two integers, a bool, the array's head.
const rowBytesMin = 18 + 18 + 2 + 1 + 1

// Type is 9.
func (Rows) Type() byte { return typeRows }

func (f Rows) appendFields(b []byte) []byte {
	b = appendBin(appendInt(appendArray(b, 5), f.Tick), f.Prefix)
	b = appendArray(b, len(f.Rows))
	for i := range f.Rows {
		r := &f.Rows[i]
		b = appendBin(appendArray(b, 5), r.Log[:])
		b = appendUint(appendUint(b, uint64(r.Start)), uint64(r.Head))
		b = appendBool(appendBin(b, r.Chain[:]), r.Hidden)
	}
	return appendBool(appendBool(b, f.More), f.Deeper)
}

func readRows(a *array) (f Rows) {
	f.Tick, f.Prefix = a.int64(), a.bin()
	if l := a.list(rowBytesMin); l.left > 0 {
		f.Rows = make([]Row, l.left)
		for i := range f.Rows {
			r, e := &f.Rows[i], l.element(5)
			e.fixed(r.Log[:])
			r.Start, r.Head = e.sequence(), e.sequence()
			e.fixed(r.Chain[:])
			r.Hidden = e.bool()
			e.end()
		}
	}
	f.More, f.Deeper = a.bool(), a.bool()
	return f
}
