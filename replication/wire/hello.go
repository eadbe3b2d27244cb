package wire

import "github.com/edgedhq/edged"

// featuresMax bounds the names in a HELLO.
const featuresMax = 256

// Hello is the first frame of each side.
type Hello struct {
	Mesh, Node, Name, Region             string
	Origin                               edged.Origin
	Nonce                                [8]byte // of the boot
	Started                              int64   // Unix nanoseconds of the boot
	VersionMin, VersionMax, BlockVersion int
	Features                             []string
	Sent                                 int64 // clock sample, Unix nanoseconds
	HLC                                  edged.Timestamp
	Selector                             string // what is wanted: "all"
	BlockBytesMax, RowsMax               int
	HTTP, Address                        string // where its door and its mesh port are reached
}

// Type is 1.
func (Hello) Type() byte { return typeHello }

func (f Hello) appendFields(b []byte) []byte {
	b = appendArray(b, 20)
	for _, s := range [...]string{f.Mesh, f.Node, f.Name, f.Region} {
		b = appendText(b, s)
	}
	b = appendBin(appendOrigin(b, f.Origin), f.Nonce[:])
	b = appendInt(b, f.Started)
	b = appendInt(appendInt(appendInt(b, f.VersionMin), f.VersionMax), f.BlockVersion)
	b = appendArray(b, len(f.Features))
	for _, s := range f.Features {
		b = appendText(b, s)
	}
	b = appendTimestamp(appendInt(b, f.Sent), f.HLC)
	b = appendText(b, f.Selector)
	b = appendInt(appendInt(b, f.BlockBytesMax), f.RowsMax)
	return appendText(appendText(b, f.HTTP), f.Address)
}

func readHello(a *array) (f Hello) {
	for _, s := range [...]*string{&f.Mesh, &f.Node, &f.Name, &f.Region} {
		*s = a.text()
	}
	f.Origin = a.origin()
	a.fixed(f.Nonce[:])
	f.Started = a.int64()
	f.VersionMin, f.VersionMax, f.BlockVersion = a.int(), a.int(), a.int()
	l := a.list(1)
	if l.left > featuresMax {
		a.d.fail("too many features")
	}
	for l.left > 0 && a.d.err == nil {
		f.Features = append(f.Features, l.text())
	}
	f.Sent, f.HLC = a.int64(), a.timestamp()
	f.Selector = a.text()
	f.BlockBytesMax, f.RowsMax = a.int(), a.int()
	f.HTTP, f.Address = a.text(), a.text()
	return f
}
