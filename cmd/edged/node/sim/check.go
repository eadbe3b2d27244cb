package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/session"
)

// moved checks a log of which the head has moved on a disk, and gives the blocks by which.
func (w *world) moved(p *process, l *logState, before edged.Sequence) []*block {
	head, _ := l.head()
	if head < before && l.start <= before {
		w.fail("R3: h%d: the head of %s went from %d to %d", p.h.index, l.name.Stream, before, head)
	}
	fresh := after(l.blocks, before)
	if len(fresh) > 1 || len(fresh) == 1 && fresh[0].name.Origin.ID != p.h.disk.origin.ID {
		w.checkHeld(p, fresh)
	}
	at := before + 1
	if l.gaps > 0 || l.start > at {
		at = max(at, l.start)
	}
	for _, b := range fresh {
		if b.first != at {
			w.fail("R2: h%d: %s of %s goes from %d to %d", p.h.index, l.name.Stream, l.name.Origin, at-1, b.first)
		}
		at = b.last + 1
		w.onDisk(p, b)
	}
	if l.name.Generation <= p.h.disk.deleted[l.name.Stream] {
		w.fail("R8: h%d: generation %d of %s is deleted, and grows", p.h.index, l.name.Generation, l.name.Stream)
	}
	return fresh
}

// onDisk notes that a block is on a disk.
func (w *world) onDisk(p *process, b *block) {
	w.shown(b)
	b.places |= p.h.bit()
	w.learn(b)
	b.second = b.second || b.places&^p.h.bit() != 0
	w.trace("held", p.h.index, b.log, b.first)
}

// shown holds a block that somebody may have seen against what has that dot already.
func (w *world) shown(b *block) {
	for seq := b.first; seq <= b.last; seq++ {
		d := dot{b.log, seq}
		if was := w.dots[d]; was != nil && was != b {
			if !w.doubtful[b.name.Origin.ID] {
				w.fail("R1: %s %d of %s has two payloads", b.name.Stream, seq, b.name.Origin)
			}
			w.forked[b.log] = true
			w.taint(b.name)
			w.count("fork")
		}
		w.dots[d] = b
	}
}

// checkHeld holds what comes against what the node said that it holds.
func (w *world) checkHeld(p *process, fresh []*block) {
	if p.dead {
		return
	}
	held := p.table.HeldBack()
	for _, b := range fresh {
		if w.doubtful[b.name.Origin.ID] || w.deletedAnywhere(b.name) {
			continue // nodes are equal with and without what one of them knows to be deleted
		}
		for _, h := range held {
			if h.Origin.ID == b.name.Origin.ID && b.at.Wall < h.Held {
				w.fail("R7: h%d: %s %d of %s comes, %s below its held time", p.h.index, b.name.Stream, b.first, b.name.Origin, time.Duration(h.Held-b.at.Wall))
			}
		}
		if p.reader.late(b) {
			w.fail("R7: h%d: %s %d of %s comes, %s below the frontier", p.h.index, b.name.Stream, b.first, b.name.Origin, time.Duration(p.reader.frontier-b.at.Wall))
		}
	}
}

// checkStamp holds a stamp against what its origin has promised.
func (w *world) checkStamp(p *process, b *block) {
	if at := w.promises[b.name.Origin.ID]; b.at.Wall < at && !w.doubtful[b.name.Origin.ID] {
		w.fail("R7: h%d: a stamp %s below a promise", p.h.index, time.Duration(at-b.at.Wall))
	}
}

func (w *world) promised(origin edged.OriginID, at int64) {
	if at < w.promises[origin] && !w.doubtful[origin] {
		w.fail("R3: a promise went back by %s", time.Duration(w.promises[origin]-at))
	}
	w.promises[origin] = max(w.promises[origin], at)
}

// checkLanding holds what became of a change on the disk against what was staged.
func (w *world) checkLanding(p *process, o *op, landing edged.Landing) {
	if o.kind == opAppend || o.kind == opIngest {
		if landing.Outcome != o.landing.Outcome {
			w.fail("h%d: a block was staged as %s and became %s", p.h.index, o.landing.Outcome, landing.Outcome)
		}
		if landing.Outcome == edged.Sparse {
			o.block.places |= p.h.bit()
		}
	}
}

func (w *world) landed(l edged.Landing) { w.count("landing: " + l.Outcome.String()) }

// checkAck says whether a block is where its publisher is told that it is.
func (w *world) checkAck(p *process, b *block, level edged.Ack) {
	places, regions := 0, map[string]bool{p.h.region: true}
	for _, h := range w.hosts {
		if b.places&h.bit() == 0 {
			continue
		}
		if h == p.h {
			places++
			continue
		}
		if h.region == p.h.region {
			places += 2
		}
		regions[h.region] = true
	}
	switch {
	case places&1 == 0,
		level.InRegion() && places < 3,
		level.RegionCount() > len(regions):
		deleted := b.name.Generation <= p.h.disk.deleted[b.name.Stream]
		l := p.h.disk.logs[b.log]
		retired := l != nil && b.last < l.start
		if !deleted && !retired && !w.lostSince(b) {
			w.fail("R4: h%d: %s %d is answered at level %s and stands on disks %b", p.h.index, b.name.Stream, b.last, level, b.places)
		}
	}
}

// lostSince says whether disks were lost, so that a block may stand on fewer than had acked it.
func (w *world) lostSince(*block) bool {
	return w.counts["disk lost"]+w.counts["disk set back"]+w.counts["disk cloned"] > 0
}

// answered is the answer to a publisher at a level beyond this node.
func (w *world) answered(p *process, b *block, level edged.Ack, began time.Duration) {
	w.count("publish: answered at " + level.String())
	w.checkAck(p, b, level)
	const slow = 2 * time.Second
	if w.phase == calm && w.settled() && w.queue.now-began > slow {
		w.fail("R6: h%d: level %s took %s though all are connected", p.h.index, level, w.queue.now-began)
	}
}

// diskLost says whether events may be gone of which what follows is still there.
func (w *world) diskLost() bool { return w.counts["disk lost"]+w.counts["disk set back"] > 0 }

// checkSkip looks whether events that are given up are with somebody who is connected.
func (w *world) checkSkip(p *process, s session.Skip) {
	w.count("gap jump")
	id := s.Name.ID()
	head := edged.Sequence(0)
	if l := p.h.disk.logs[id]; l != nil {
		head, _ = l.head()
	}
	for _, h := range w.hosts {
		if h.process == nil || h.disk.origin.ID != s.Name.Origin.ID && !stateful(s.Name.Stream) {
			continue
		}
		if l := h.disk.logs[id]; l != nil && l.start > s.To {
			return // the origin has retired them, or any node what its state includes
		}
	}
	for _, h := range w.hosts {
		if h == p.h || h.process == nil {
			continue
		}
		if up, late := p.table.Up(h.process.self.Node); !up || late {
			continue
		}
		l := h.disk.logs[id]
		if l == nil || l.frozen {
			continue
		}
		if last, _ := l.head(); l.start <= head+1 && last > head {
			w.fail("R5: h%d gives up %s %d to %d, which h%d holds from %d", p.h.index, s.Name.Stream, head+1, s.To, h.index, l.start)
		}
	}
}

// checkRetire wants two disks to have held what an origin retires.
func (w *world) checkRetire(p *process, l *logState, to edged.Sequence) {
	if l.name.Origin.ID != p.h.disk.origin.ID || len(w.hosts) == 1 {
		return
	}
	for _, b := range l.blocks {
		if b.last <= to && !b.second && !w.doubtful[l.name.Origin.ID] && p.metOthers() {
			w.fail("h%d retires %s %d to %d, which no other node has held", p.h.index, l.name.Stream, b.first, b.last)
		}
	}
	w.count("retired")
}

// metOthers says whether the node knows of others.
func (p *process) metOthers() bool { return len(p.table.Peers(p.now())) > 0 || len(p.known()) > 0 }

// checkBounds looks at what a Table keeps.
func (w *world) checkBounds(p *process) {
	if w.plan.rowsMax == 0 {
		return
	}
	for _, peer := range p.table.Peers(p.now()) {
		if peer.Rows > w.plan.rowsMax {
			w.fail("R9: h%d keeps %d rows for %s", p.h.index, peer.Rows, peer.Name)
		}
	}
}

// settled says whether all have been connected for a while.
func (w *world) settled() bool {
	const within = 12 * time.Second
	return w.queue.now >= w.heal+within && w.plan.rowsMax == 0 && !w.harmed()
}

// checkCalm wants the nodes to have found one another equal again, under way.
func (w *world) checkCalm() {
	if !w.settled() || w.plan.jumps || w.plan.keep > 0 && w.ended() {
		return // holes of an origin that is away are given up after a minute
	}
	const within = 12 * time.Second
	for _, h := range w.hosts {
		for _, peer := range h.process.table.Peers(h.process.now()) {
			if peer.Connected && h.wall()-peer.LastEqual.UnixNano() > int64(within) {
				w.fail("R6: h%d and %s are connected, and were not found equal since %s", h.index, peer.Name, peer.LastEqual.UTC())
			}
		}
	}
}

// ended says whether an origin has lost its node.
func (w *world) ended() bool {
	return w.plan.jumps || w.plan.memory || len(w.doubtful)+w.counts["disk lost"] > 0
}

// differs says in what two nodes differ; empty for nothing.
func (w *world) differs() string {
	first := w.hosts[0].disk
	for _, h := range w.hosts[1:] {
		ids := slices.Concat(first.ids, h.disk.ids)
		slices.SortFunc(ids, compareIDs)
		for _, id := range slices.Compact(ids) {
			a, b := first.logs[id], h.disk.logs[id]
			if a != nil && a.frozen || b != nil && b.frozen {
				continue
			}
			var at, bt edged.Head
			if a != nil {
				at = first.tell(a)
			}
			if b != nil {
				bt = h.disk.tell(b)
			}
			if at.Head == bt.Head && at.Chain == bt.Chain {
				continue
			}
			name := at.Name
			if a == nil {
				name = bt.Name
			}
			if !w.forkedAnywhere(id) && !w.cutShort(name.Origin.ID) && !w.unheard(name) {
				return fmt.Sprintf("h0 holds %s/%d of %s (generation %d, log %x) up to %d, h%d up to %d",
					name.Stream, name.Partition, name.Origin, name.Generation, id[:4], at.Head, h.index, bt.Head)
			}
		}
	}
	return w.unequal()
}

// harmed says whether what was done to disks has forked logs or cut them short.
func (w *world) harmed() bool {
	for origin := range w.doubtful {
		if w.cutShort(origin) {
			return true
		}
	}
	return len(w.forked) > 0
}

// unheard says whether a deletion may stand where not all can have it.
func (w *world) unheard(name edged.LogName) bool {
	return w.harmed() && w.deletedAnywhere(name)
}

func (w *world) deletedAnywhere(name edged.LogName) bool {
	return slices.ContainsFunc(w.hosts, func(h *host) bool { return h.disk.deleted[name.Stream] >= name.Generation })
}

// cutShort says whether an origin was sealed by a disk that had been set back: what others hold
// beyond stays where it is.
func (w *world) cutShort(origin edged.OriginID) bool {
	return w.doubtful[origin] && slices.ContainsFunc(w.hosts, func(h *host) bool { return h.disk.seals[origin] != 0 })
}

func (w *world) forkedAnywhere(id edged.LogID) bool {
	if w.forked[id] {
		return true
	}
	for _, h := range w.hosts {
		if l := h.disk.logs[id]; l != nil && l.frozen {
			return true
		}
	}
	return false
}
