package storage

import (
	"testing"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
)

func TestRecentBlocks(t *testing.T) {
	r := recent{blocks: make(map[edged.LogID][]edged.Packed)}
	var builder block.Builder
	id := edged.LogID{1}
	first := edged.Sequence(1)
	for range 600 { // of 64 KiB: the oldest give way
		builder.Start(block.Place{Log: id, First: first, HLC: edged.Timestamp{Wall: int64(first)}})
		for range 2 {
			builder.Add(&edged.Draft{Data: make([]byte, 32<<10)})
		}
		r.add(builder.Seal(block.None))
		first += 2
	}
	if r.bytes > recentBytesMax || r.bytes < recentBytesMax-(70<<10) || len(r.order) != len(r.blocks[id]) {
		t.Errorf("%d bytes, %d blocks, %d in order", r.bytes, len(r.blocks[id]), len(r.order))
	}
	for _, c := range []struct {
		name        string
		in          stretch
		ok          bool
		first, last edged.Sequence // 0: nothing
	}{
		{"gone", stretch{1, 1200, 1}, false, 0, 0},
		{"at least one", stretch{1101, 1200, 1}, true, 1101, 1102},
		{"inside of a block", stretch{1102, 1200, 1}, true, 1101, 1102},
		{"some", stretch{1101, 1200, 100 << 10}, true, 1101, 1104},
		{"not beyond the end", stretch{1101, 1102, 1 << 20}, true, 1101, 1102},
		{"all is read", stretch{1201, 1200, 1 << 20}, true, 0, 0},
	} {
		got, ok := r.read(id, c.in, nil)
		var first, last edged.Sequence
		if len(got) > 0 {
			first, last = got[0].First, got[len(got)-1].Last
		}
		if ok != c.ok || first != c.first || last != c.last {
			t.Errorf("%s: %d to %d, %v", c.name, first, last, ok)
		}
	}
}
