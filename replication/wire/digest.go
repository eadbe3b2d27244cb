package wire

import "github.com/edgedhq/edged"

// Digest asks for the rows of ranges that differ.
type Digest struct {
	Tick   int64 // Unix seconds; 0: now
	Prefix []byte
	Sums   []edged.Sum // edged.Shards of them; none: send every row
}

// Type is 8.
func (Digest) Type() byte { return typeDigest }

func (f Digest) appendFields(b []byte) []byte {
	b = appendBin(appendInt(appendArray(b, 3), f.Tick), f.Prefix)
	b = appendBinHead(b, len(f.Sums)*len(edged.Sum{}))
	for i := range f.Sums {
		b = append(b, f.Sums[i][:]...)
	}
	return b
}

func readDigest(a *array) (f Digest) {
	f.Tick, f.Prefix = a.int64(), a.bin()
	sums := a.binShared()
	switch len(sums) {
	case 0:
		return f
	case edged.Shards * len(edged.Sum{}):
	default:
		a.d.fail("want 256 sums or none")
		return f
	}
	f.Sums = make([]edged.Sum, edged.Shards)
	for i := range f.Sums {
		sums = sums[copy(f.Sums[i][:], sums):]
	}
	return f
}
