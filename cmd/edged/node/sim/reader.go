package sim

import (
	"cmp"
	"math"
	"slices"

	"github.com/edgedhq/edged"
)

// reader reads everything in stable order: what lies below the frontier, by stamp.
type reader struct {
	frontier int64
	known    map[edged.OriginID]int64 // the frontier when an origin was first known
	next     map[edged.LogID]edged.Sequence
	list     []*block
	behind   map[*block]bool // came late: their origin was not known in time
}

func (r *reader) init() {
	r.frontier = math.MinInt64
	r.known = make(map[edged.OriginID]int64)
	r.next = make(map[edged.LogID]edged.Sequence)
	r.behind = make(map[*block]bool)
}

// raise reads on up to a frontier.
func (r *reader) raise(p *process, to int64) {
	if to <= r.frontier {
		p.w.fail("h%d: the frontier went from %d to %d", p.h.index, r.frontier, to)
	}
	for _, h := range p.table.HeldBack() {
		if _, ok := r.known[h.Origin.ID]; !ok {
			r.known[h.Origin.ID] = r.frontier
		}
	}
	was := r.frontier
	r.frontier = to
	r.read(p, was)
}

// read takes what lies below the frontier; what lies below an earlier one comes late.
func (r *reader) read(p *process, was int64) {
	m := p.store.durable
	var fresh []*block
	for _, id := range m.ids {
		if stateful(m.logs[id].name.Stream) {
			continue // read as values
		}
		for _, b := range after(m.logs[id].blocks, r.next[id]) {
			if b.at.Wall >= r.frontier {
				break
			}
			fresh = append(fresh, b)
			if b.at.Wall < was {
				r.behind[b] = true
			}
			r.next[id] = b.last
		}
	}
	slices.SortFunc(fresh, func(a, b *block) int {
		return cmp.Or(a.at.Compare(b.at), a.name.Origin.ID.Compare(b.name.Origin.ID), compareIDs(a.log, b.log))
	})
	r.list = append(r.list, fresh...)
}

// late says whether a block that comes now lies below what readers were told, though its origin
// was known then.
func (r *reader) late(b *block) bool {
	since, ok := r.known[b.name.Origin.ID]
	return ok && b.at.Wall < r.frontier && b.at.Wall >= since
}
