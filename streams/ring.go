package streams

import (
	"github.com/edgedhq/edged"
)

// ring holds the recent runs of one stream in the order in which this node's readers learn them,
// and the vector of all that is visible. Positions count runs since the object was made; a live
// reader is a position. It is guarded by its stream's mutex.
type ring struct {
	runs    []*run
	first   uint64       // position of runs[0]
	bytes   int          // of runs
	vector  edged.Vector // visible: after the last run
	base    edged.Base   // the same, encoded
	entries int          // appended to base since it was last encoded afresh
	newest  edged.Timestamp
}

// reset makes the ring empty at a vector.
func (g *ring) reset(at edged.Cursor) {
	g.first += uint64(len(g.runs))
	g.runs, g.bytes = nil, 0
	g.vector = at.Vector
	g.base, g.entries = at.Base(), 0
}

// jump moves one log forward with no run to show for it: no position but the next is left.
func (g *ring) jump(log edged.LogName, to edged.Sequence) {
	g.vector.Raise(log.Key(), to)
	g.first++
	g.reset(edged.Cursor{Stream: log.Stream, Generation: log.Generation, Vector: g.vector})
}

// next is the position after the last run.
func (g *ring) next() uint64 { return g.first + uint64(len(g.runs)) }

// add puts a run at the end; its base becomes the ring's.
func (g *ring) add(r *run, keep bool) {
	r.base = g.base
	key := r.name.Key()
	g.vector.Raise(key, r.last())
	if g.entries++; g.entries > 8+len(g.vector) {
		at := edged.Cursor{Stream: r.name.Stream, Generation: r.name.Generation, Vector: g.vector}
		g.base, g.entries = at.Base(), 0
	} else {
		g.base = g.base.With(key, r.last())
	}
	h := r.block.Header()
	if end := h.HLC.Plus(h.Count - 1); g.newest.Compare(end) < 0 {
		g.newest = end
	}
	if !keep {
		g.first = g.next() + 1
		g.runs, g.bytes = nil, 0
		return
	}
	g.runs = append(g.runs, r)
	g.bytes += r.weight()
}

// trim drops the oldest runs until the ring holds at most bytesMax, and says how many bytes went.
func (g *ring) trim(bytesMax int) (freed int) {
	n := 0
	for n < len(g.runs) && g.bytes > bytesMax {
		g.bytes -= g.runs[n].weight()
		freed += g.runs[n].weight()
		g.runs[n] = nil
		n++
	}
	g.first += uint64(n)
	g.runs = g.runs[n:]
	if len(g.runs) == 0 {
		g.runs = nil
	}
	return freed
}
