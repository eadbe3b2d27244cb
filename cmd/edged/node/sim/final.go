package sim

import (
	"slices"
	"time"

	"github.com/edgedhq/edged"
)

// checkEnd is done when all has been quiet.
func (w *world) checkEnd() {
	if what := w.differs(); what != "" {
		w.fail("R6: %s of quiet, and %s", w.plan.quiet, what)
	}
	for _, h := range w.hosts {
		w.checkPrefixes(h)
		for id := range h.disk.logs {
			if l := h.disk.logs[id]; l.name.Generation <= h.disk.deleted[l.name.Stream] {
				w.fail("R8: h%d holds generation %d of %s, which is deleted", h.index, l.name.Generation, l.name.Stream)
			}
		}
		for _, p := range h.process.table.Peers(h.process.now()) {
			if p.NeedEvents > 0 && !w.harmed() {
				w.fail("R9: h%d says that it lacks %d events of %s", h.index, p.NeedEvents, p.Name)
			}
		}
	}
	w.checkAcked()
	w.checkLists()
	w.checkFrontiers()
}

// checkPrefixes walks the chains of all logs.
func (w *world) checkPrefixes(h *host) {
	for _, id := range h.disk.ids {
		l := h.disk.logs[id]
		at, chain := l.start, l.base
		for _, b := range l.blocks {
			if b.first != at || b.prev != chain {
				w.fail("R2: h%d: %s of %s has a seam at %d", h.index, l.name.Stream, l.name.Origin, at)
			}
			at, chain = b.last+1, b.chain
		}
		if len(l.sparse) > 0 && !w.diskLost() && !w.forkedAnywhere(id) && !w.cutShort(l.name.Origin.ID) {
			w.fail("R2: h%d: %s of %s has blocks from %d waiting beyond %d", h.index, l.name.Stream, l.name.Origin, l.sparse[0].first, at-1)
		}
	}
}

// checkAcked wants all that was acknowledged, and is on a disk that was not lost, everywhere.
func (w *world) checkAcked() {
	deleted := map[string]edged.Generation{}
	for _, h := range w.hosts {
		for stream, g := range h.disk.deleted {
			deleted[stream] = max(deleted[stream], g)
		}
	}
	blocks := make([]*block, 0, len(w.blocks))
	for _, b := range w.blocks {
		if b.acked && b.places != 0 && b.name.Generation > deleted[b.name.Stream] && !w.forkedAnywhere(b.log) && !w.cutShort(b.name.Origin.ID) && !w.unheard(b.name) {
			blocks = append(blocks, b)
		}
	}
	slices.SortFunc(blocks, func(a, b *block) int { return a.at.Compare(b.at) })
	for _, b := range blocks {
		if w.diskLost() && !w.inOrder(b) {
			continue // what came before it is gone with a disk
		}
		for _, h := range w.hosts {
			l := h.disk.logs[b.log]
			if l == nil || b.last >= l.start && !slices.Contains(l.blocks, b) {
				w.fail("R4: h%d has not %s %d to %d, which was acknowledged and stands on disks %b", h.index, b.name.Stream, b.first, b.last, b.places)
			}
		}
	}
}

// inOrder says whether some disk holds a block with all before it.
func (w *world) inOrder(b *block) bool {
	return slices.ContainsFunc(w.hosts, func(h *host) bool {
		l := h.disk.logs[b.log]
		return l != nil && slices.Contains(l.blocks, b)
	})
}

// checkLists wants readers in stable order to have read one list.
func (w *world) checkLists() {
	if w.plan.keep > 0 || w.plan.deletes || len(w.forked) > 0 || len(w.doubtful) > 0 {
		return
	}
	for _, h := range w.hosts {
		r := &h.process.reader
		r.read(h.process, r.frontier)
	}
	first := w.hosts[0].process.reader
	for _, h := range w.hosts[1:] {
		r := h.process.reader
		to := min(first.frontier, r.frontier)
		wanted := func(b *block) bool { return b.at.Wall < to && !first.behind[b] && !r.behind[b] }
		a, b := only(first.list, wanted), only(r.list, wanted)
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				w.fail("R5: h0 and h%d read %s %d and %s %d at place %d", h.index, a[i].name.Stream, a[i].first, b[i].name.Stream, b[i].first, i)
			}
		}
		if len(a) != len(b) {
			w.fail("R5: h0 and h%d read %d and %d blocks below one frontier", h.index, len(a), len(b))
		}
	}
}

// only gives the blocks of a list that are wanted.
func only(list []*block, wanted func(*block) bool) (some []*block) {
	for _, b := range list {
		if wanted(b) {
			some = append(some, b)
		}
	}
	return some
}

// checkFrontiers wants readers in stable order to have got on, where every origin lives or has ended.
func (w *world) checkFrontiers() {
	if len(w.forked) > 0 || len(w.doubtful) > 0 || w.plan.jumps || w.counts["disk lost"] > 0 {
		return
	}
	for _, h := range w.hosts {
		if behind := time.Duration(h.wall() - h.process.reader.frontier); behind > 15*time.Second {
			for _, b := range h.process.table.HeldBack() {
				w.trace("held back", h.index, b)
			}
			w.fail("R6: h%d: the frontier lies %s back", h.index, behind)
		}
	}
}
