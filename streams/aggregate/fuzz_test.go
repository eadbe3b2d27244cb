package aggregate

import (
	"bytes"
	"runtime"
	"slices"
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

// FuzzLoad feeds bytes that are no cells, of three layouts: what is read is written again as it was, and
// can be merged and shown. An item of TOPK takes more memory than its bytes: about 130 for six.
func FuzzLoad(f *testing.F) {
	texts := [][]string{
		catalogueCalls[:14],
		slices.DeleteFunc(slices.Clone(catalogueCalls[14:]), func(s string) bool { return s == "TOPK(x, 3)" }),
		{"TOPK(x, 3)"},
	}
	times := []uint64{4, 4, 40}
	var layouts []*Layout
	for i := range texts {
		layouts = append(layouts, NewLayout(calls(f, texts[i]...)))
	}
	for seed := range uint64(20) {
		w := &world{Rand: newRand(6, seed), doubles: true}
		events := w.occurrences(int(seed))
		for i, l := range layouts {
			c := NewCells(l)
			place := c.Add()
			for j := range events {
				for _, r := range l.calls { // each state once and more: any cell will do
					input := slices.IndexFunc(l.inputs, func(in input) bool { return in.from <= r.state && r.state < in.to })
					c.Fold(place, input, []expr.Value{events[j].x, events[j].y}[:len(r.call.Args())], &events[j].at)
				}
			}
			f.Add(uint8(i), c.Append(nil, place))
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, in []byte) {
		which %= uint8(len(layouts))
		l := layouts[which]
		c := NewCells(l)
		place := c.Add()
		var err error
		if n := allocated(func() { err = c.Load(place, in) }); n > times[which]*uint64(len(in))+64<<10 {
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
