package wire

import (
	"bytes"
	"io"
	"math/rand/v2"
	"reflect"
	"runtime"
	"testing"
)

// allocated is the number of bytes of memory that f takes.
func allocated(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

// FuzzReader reads a stream frame by frame: each takes at most four times its bytes and 64 KiB,
// and comes back from its own bytes as it was.
func FuzzReader(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, g := range golden() {
		f.Add(Append(nil, g.frame))
		f.Add(append(Append(nil, g.frame), Append(nil, anyFrame(r))...))
	}
	f.Add(Append(nil, Ack{make([]Acked, AckEntriesMax)}))
	f.Add(Append(nil, Rows{Rows: make([]Row, 1500)}))
	f.Add(Append(nil, Part{Bytes: make([]byte, 300<<10), Next: []byte("key")}))
	f.Add(Append(nil, Tick{Held: make([]Held, 3000)}))
	f.Add(Append(nil, Hello{Features: make([]string, featuresMax)}))
	f.Add([]byte("\xc0\x80\x80\x08\x11\x95\x01\xa1s\x01\x01\xc6\x00\xff\xff\xff"))
	f.Add([]byte("\xc0\x80\x80\x08\x06\x93\x01\x00\xc6\x00\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, in []byte) {
		left := bytes.NewReader(in)
		frames := NewReader(left, 0)
		for {
			before := left.Len() + frames.r.Buffered()
			var got Frame
			var err error
			n := allocated(func() { got, err = frames.Next() })
			if took := before - left.Len() - frames.r.Buffered(); n > 4*took+64<<10 {
				t.Fatalf("%d bytes of %x took %d bytes", took, in, n)
			}
			if err != nil {
				return
			}
			again, err := NewReader(bytes.NewReader(Append(nil, got)), 0).Next()
			if err == io.EOF || err == nil && !reflect.DeepEqual(again, got) {
				t.Fatalf("%+v came back as %+v, %v", got, again, err)
			}
		}
	})
}
