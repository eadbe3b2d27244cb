package sim

import (
	"time"

	"github.com/edgedhq/edged"
)

// publishing lets clients publish at random until the quiet time.
func (w *world) publishing() {
	var next func()
	next = func() {
		if w.phase == quiet {
			return
		}
		w.queue.put(w.queue.now+w.upTo(2*w.plan.every), next)
		h := w.hosts[w.rand.IntN(len(w.hosts))]
		p := h.process
		if p == nil || h.paused > w.queue.now {
			return
		}
		stream := w.plan.streams[w.rand.IntN(len(w.plan.streams))]
		if w.plan.deletes && w.phase == storm && w.rand.IntN(150) == 0 {
			p.delete(stream)
			return
		}
		p.publish(stream, w.partition(p, stream), w.level())
	}
	w.queue.put(time.Second, next)
}

// partition chooses one. In a crowd all logs of a stream fall into one shard, which has then more of
// them than one answer lists.
func (w *world) partition(p *process, stream string) edged.Partition {
	if w.plan.crowd == 0 {
		return edged.Partition(w.rand.IntN(w.plan.partitions))
	}
	name := edged.LogName{Stream: stream, Generation: p.store.staged.deleted[stream] + 1, Origin: p.store.staged.origin}
	all := w.crowds[name]
	for at := name; len(all) < w.plan.crowd; at.Partition++ {
		if at.ID()[0] == 0 {
			all = append(all, at.Partition)
		}
	}
	w.crowds[name] = all
	return all[w.rand.IntN(len(all))]
}

func (w *world) level() edged.Ack {
	switch n := w.rand.IntN(20); {
	case n < 2 && w.plan.memory && w.phase == storm:
		return edged.Memory()
	case n < 11:
		return edged.Disk()
	case n < 14:
		return edged.Region()
	case n < 18:
		return edged.Regions(2)
	default:
		return edged.Regions(3)
	}
}

// faults puts all that goes wrong into the queue.
func (w *world) faults() {
	put := func(n int, fault func()) {
		for range n {
			w.queue.put(5*time.Second+w.upTo(w.plan.storm-10*time.Second), func() {
				if w.phase == storm {
					fault()
				}
			})
		}
	}
	put(w.plan.cuts, w.cutSome)
	put(w.plan.crashes, w.crash)
	put(1+w.plan.crashes/2, w.pause)
	put(1, w.slowDisk)
	put(1, w.fillDisk)
	put(w.plan.copies+1, w.copyDisk)
	put(w.plan.copies, w.setBack)
	put(w.plan.lost, w.loseDisk)
	put(w.plan.clones, func() { w.clone(w.anyHost()) })
	if w.plan.jumps {
		put(3, w.jump)
	}
	w.script()
}

func (w *world) anyHost() *host { return w.hosts[w.rand.IntN(len(w.hosts))] }

// lasts is how long a fault goes on: mostly shorter than the idle time-out, at times much longer.
func (w *world) lasts() time.Duration {
	if w.rand.IntN(3) == 0 {
		return w.upTo(40 * time.Second)
	}
	return w.upTo(9 * time.Second)
}

func (w *world) cut(a, b *host) {
	way := w.path(a, b)
	if !way.cut {
		way.cut, way.cutAt = true, w.queue.now
		w.trace("cut", a.index, b.index)
	}
}

func (w *world) mend(a, b *host) {
	if way := w.path(a, b); way.cut {
		way.cut = false
		w.trace("mend", a.index, b.index)
		w.release(a, b)
	}
}

// cutSome cuts paths in one of several shapes, and mends them one by one.
func (w *world) cutSome() {
	var cut [][2]*host
	both := func(a, b *host) { cut = append(cut, [2]*host{a, b}, [2]*host{b, a}) }
	a, b := w.anyHost(), w.anyHost()
	shape := w.rand.IntN(6)
	side := w.rand.Uint32()
	for _, x := range w.hosts {
		for _, y := range w.hosts[:x.index] {
			halves := side>>x.index&1 != side>>y.index&1
			switch {
			case shape == 0 && (x == a || y == a), // one node alone
				shape == 1 && halves,                             // two halves
				shape == 2 && halves && x != a && y != a,         // with a bridge
				shape == 3 && x.index-y.index > 1,                // all but neighbours
				shape == 4 && x == max2(a, b) && y == min2(a, b): // one pair
				both(x, y)
			}
		}
	}
	if shape == 5 && a != b { // one way
		cut = append(cut, [2]*host{a, b})
	}
	until := w.queue.now + w.lasts()
	for _, c := range cut {
		w.cut(c[0], c[1])
		w.queue.put(until+w.upTo(time.Second), func() { w.mend(c[0], c[1]) })
	}
}

func max2(a, b *host) *host {
	if a.index > b.index {
		return a
	}
	return b
}

func min2(a, b *host) *host {
	if a.index > b.index {
		return b
	}
	return a
}

// again starts a host after a time, if nobody has.
func (w *world) again(h *host, after time.Duration) {
	w.queue.put(w.queue.now+after, func() {
		if h.process == nil && !h.gone {
			h.start()
		}
	})
}

func (w *world) crash() {
	h := w.anyHost()
	h.stop(w.rand.IntN(4) == 0)
	w.again(h, 100*time.Millisecond+w.lasts())
}

// pause stops a process as SIGSTOP does.
func (w *world) pause() {
	if h := w.anyHost(); h.process != nil {
		h.paused = max(h.paused, min(w.queue.now+w.lasts(), w.plan.storm))
		w.trace("pause", h.index)
	}
}

func (w *world) slowDisk() {
	h := w.anyHost()
	h.slow = w.upTo(2 * time.Second)
	w.queue.put(w.queue.now+w.lasts(), func() { h.slow = 0 })
}

func (w *world) fillDisk() {
	h := w.anyHost()
	h.full = true
	w.queue.put(w.queue.now+w.upTo(9*time.Second), func() { h.full = false })
}

// jump moves a clock.
func (w *world) jump() {
	h := w.anyHost()
	most := []time.Duration{time.Second, 20 * time.Second, 2 * time.Hour, 24 * time.Hour}[w.rand.IntN(4)]
	h.offset = w.upTo(2*most) - most
	w.trace("clock", h.index, h.offset)
	if w.rand.IntN(2) == 0 {
		h.stop(false)
		w.again(h, w.upTo(3*time.Second))
	}
}

// copyDisk keeps a copy of a disk for a restore.
func (w *world) copyDisk() {
	if h := w.anyHost(); h.disk.id != "" {
		h.copies = append(h.copies, h.disk.clone())
	}
}

// setBack gives a host an older copy of its disk.
func (w *world) setBack() {
	for _, h := range w.hosts {
		if n := len(h.copies); n > 0 {
			w.setBackTo(h, h.copies[n-1])
			return
		}
	}
}

func (w *world) setBackTo(h *host, disk *image) {
	h.stop(false)
	w.doubt(h.disk.origin.ID)
	w.swap(h, disk.clone())
	w.doubt(h.disk.origin.ID)
	w.count("disk set back")
	w.again(h, w.lasts())
}

// loseDisk gives a host an empty one.
func (w *world) loseDisk() { w.loseDiskOf(w.anyHost()) }

func (w *world) loseDiskOf(h *host) {
	h.stop(false)
	w.swap(h, newImage())
	w.count("disk lost")
	w.again(h, w.lasts())
}

// clone starts a second host from a copy of a disk.
func (w *world) clone(h *host) {
	if h.disk.id == "" {
		return
	}
	c := w.addHost(h.disk.clone())
	for _, b := range w.blocksOn(c.disk) {
		b.places |= c.bit()
	}
	c.region = h.region
	w.doubt(h.disk.origin.ID)
	w.count("disk cloned")
	c.start()
}

// swap puts another disk into a host.
func (w *world) swap(h *host, disk *image) {
	for _, b := range w.blocks {
		b.places &^= h.bit()
	}
	h.disk = disk
	for _, b := range w.blocksOn(disk) {
		b.places |= h.bit()
	}
}

func (w *world) blocksOn(m *image) (all []*block) {
	for _, id := range m.ids {
		all = append(all, m.logs[id].blocks...)
		all = append(all, m.logs[id].sparse...)
	}
	return all
}

// doubt says that an origin's promises may be broken by what was done to its disk.
func (w *world) doubt(origin edged.OriginID) { w.doubtful[origin] = true }

// healAll takes all faults back. A node that halted gets a new identity, as its operator is told.
func (w *world) healAll() {
	for _, a := range w.hosts {
		for _, b := range w.hosts {
			if a != b {
				w.mend(a, b)
				w.path(a, b).loss = 0
			}
		}
		a.slow, a.full, a.offset = 0, false, 0
		if a.process == nil && !a.gone {
			a.start()
		}
	}
	w.heal = w.queue.now
	w.reidentify()
}

// reidentify looks for halted nodes for a while.
func (w *world) reidentify() {
	for _, h := range w.hosts {
		if h.process != nil && h.process.halted {
			h.stop(false)
			h.disk.id = ""
			h.start()
			w.heal = w.queue.now
		}
	}
	if w.phase != quiet {
		w.queue.put(w.queue.now+time.Second, w.reidentify)
	}
}
