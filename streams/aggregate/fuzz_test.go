package aggregate

import (
	"bytes"
	"runtime"
	"testing"

	"github.com/edgedhq/edged/streams/expr"
)

// allocated is the number of bytes of memory that f takes.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// FuzzLoad feeds bytes that are no cells, of a layout for each half of the catalogue: what is read is
// written again as it was, and can be merged and shown. An item of TOPK takes up to 200 bytes of
// memory for six of input.
func FuzzLoad(f *testing.F) {
	layouts := []*Layout{NewLayout(calls(f, catalogueCalls[:14]...)), NewLayout(calls(f, catalogueCalls[14:]...))}
	for seed := range uint64(20) {
		w := &world{Rand: newRand(6, seed), doubles: true}
		events := w.occurrences(int(seed))
		for i, l := range layouts {
			c := NewCells(l)
			place := c.Add()
			for j := range events {
				for input := range l.inputs {
					args := []expr.Value{events[j].x, events[j].y}
					c.Fold(place, input, args[:min(2, input+i)], &events[j].at)
				}
			}
			f.Add(i == 1, c.Append(nil, place))
		}
	}
	f.Fuzz(func(t *testing.T, second bool, in []byte) {
		l := layouts[0]
		if second {
			l = layouts[1]
		}
		c := NewCells(l)
		place := c.Add()
		var err error
		if n := allocated(func() { err = c.Load(place, in) }); n > 40*uint64(len(in))+128<<10 {
			t.Fatalf("%d bytes of input took %d bytes", len(in), n)
		}
		empty := c.Add()
		if err != nil {
			if !bytes.Equal(c.Append(nil, place), c.Append(nil, empty)) {
				t.Fatal("a refused cell is not empty")
			}
			return
		}
		if out := c.Append(nil, place); !bytes.Equal(in, out) {
			t.Fatalf("%x was read as %x", in, out)
		}
		if err := c.Merge(place, in); err != nil {
			t.Fatal(err)
		}
		var text expr.Arena
		for i := range l.calls {
			c.Result(place, i, &text)
		}
	})
}
