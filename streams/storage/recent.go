package storage

import (
	"slices"
	"sync"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
)

const (
	// recentBytesMax bounds the recent blocks. Most of them are held by the rings of streams too.
	recentBytesMax = 32 << 20
	// recentBytesEach is what a block takes beyond its bytes.
	recentBytesEach = 128
)

// recent is the blocks last appended to this node's own logs, for peers, which ask for each soon
// after its fsync. The oldest give way.
type recent struct {
	mu     sync.Mutex
	blocks map[edged.LogID][]edged.Packed // each log's without a hole
	order  []edged.LogID                  // whose oldest block is the next to go
	bytes  int
}

func (r *recent) add(b block.Block) {
	h := b.Header()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.blocks[h.Log] = append(r.blocks[h.Log], edged.Packed{First: h.First, Last: h.Last(), HLC: h.HLC, Bytes: b.Bytes()})
	r.order = append(r.order, h.Log)
	r.bytes += len(b.Bytes()) + recentBytesEach
	for r.bytes > recentBytesMax {
		r.dropOldest(r.order[0])
		r.order = r.order[1:]
	}
}

func (r *recent) dropOldest(id edged.LogID) {
	blocks := r.blocks[id]
	r.bytes -= len(blocks[0].Bytes) + recentBytesEach
	blocks[0] = edged.Packed{}
	if len(blocks) == 1 {
		delete(r.blocks, id)
	} else {
		r.blocks[id] = blocks[1:]
	}
}

// read appends the blocks of a stretch to dst; ok is false when its first event is not in them.
func (r *recent) read(id edged.LogID, in stretch, dst []edged.Packed) (_ []edged.Packed, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	blocks := r.blocks[id]
	if len(blocks) == 0 || in.first < blocks[0].First {
		return dst, false
	}
	at, _ := slices.BinarySearchFunc(blocks, in.first, func(b edged.Packed, first edged.Sequence) int {
		if b.Last < first {
			return -1
		}
		return 1
	})
	for _, b := range blocks[at:] {
		if in.bytes <= 0 || b.First > in.last {
			break
		}
		dst = append(dst, b)
		in.bytes -= int64(len(b.Bytes))
	}
	return dst, true
}
