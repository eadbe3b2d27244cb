package wire

import (
	"bytes"
	"strconv"
	"testing"
)

func BenchmarkBlockAppend(b *testing.B) {
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		out = AppendBlock(out[:0], 300, 0, 64<<10)
	}
}

func BenchmarkBlockRead(b *testing.B) {
	for _, size := range []int{200, 16 << 10, 256 << 10} {
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			raw := Append(nil, Block{300, 0, make([]byte, size)})
			in := &again{raw: raw}
			r := NewReader(in, 0)
			b.ReportAllocs()
			b.SetBytes(int64(size))
			for b.Loop() {
				if _, err := r.Next(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// again gives the same bytes for ever.
type again struct {
	raw  []byte
	next bytes.Reader
}

func (a *again) Read(p []byte) (int, error) {
	if a.next.Len() == 0 {
		a.next.Reset(a.raw)
	}
	return a.next.Read(p)
}

func BenchmarkTick(b *testing.B) {
	f := Tick{Sent: 1, Echo: 2, Held: make([]Held, 5)}
	var out []byte
	r := NewReader(&again{raw: Append(nil, f)}, 0)
	b.ReportAllocs()
	for b.Loop() {
		out = Append(out[:0], f)
		if _, err := r.Next(); err != nil {
			b.Fatal(err)
		}
	}
}
