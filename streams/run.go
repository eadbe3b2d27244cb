package streams

import (
	"iter"
	"sync"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
)

var _ edged.Run = (*run)(nil)

// run is a stretch of a block as readers meet it, with what they share about it.
type run struct {
	name  edged.LogName
	block block.Block
	off   int // index in the block of the run's first event
	count int
	base  edged.Base

	mu     sync.Mutex
	forms  [edged.FormSlots]any
	picks  map[string]*picks // by word
	picked int               // indexes in picks, about
	byKey  map[string][]int32
}

// newRun makes the run of the block's events from sequence first to last.
func newRun(name edged.LogName, b block.Block, first, last edged.Sequence, base edged.Base) *run {
	return &run{
		name: name, block: b, base: base,
		off: int(first - b.Header().First), count: int(last-first) + 1,
	}
}

func (r *run) Name() edged.LogName { return r.name }
func (r *run) Base() edged.Base    { return r.base }
func (r *run) Len() int            { return r.count }

// Bytes is the share of the block's memory that the run's events take.
func (r *run) Bytes() int {
	return r.block.Size() * r.count / r.block.Header().Count
}

// formBytes is about what the shared forms of one event take, beside its data.
const formBytes = 384

// weight is about the memory that the run holds once readers have made its forms.
func (r *run) weight() int { return 2*r.block.Size() + formBytes*r.count }

// first is the sequence of the run's first event, last of its last.
func (r *run) first() edged.Sequence { return r.block.Header().First + edged.Sequence(r.off) }
func (r *run) last() edged.Sequence  { return r.first() + edged.Sequence(r.count) - 1 }

func (r *run) Events(from, to int) iter.Seq2[int, edged.Event] {
	if r.off == 0 {
		return r.block.Events(r.name, from, to)
	}
	return func(yield func(int, edged.Event) bool) {
		for i, e := range r.block.Events(r.name, r.off+from, r.off+to) {
			if !yield(i-r.off, e) {
				return
			}
		}
	}
}

func (r *run) Form(slot int, build func() any) any {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.forms[slot] == nil {
		r.forms[slot] = build()
	}
	return r.forms[slot]
}
