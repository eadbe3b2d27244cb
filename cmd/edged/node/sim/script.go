package sim

import (
	"time"

	"github.com/edgedhq/edged"
)

// script has happen, beside what the seed draws, what a seed of its focus must not miss.
func (w *world) script() {
	h, other := w.hosts[0], w.hosts[1]
	at := func(s int, do func()) { w.queue.put(time.Duration(s)*time.Second, do) }
	restart := func() {
		h.stop(false)
		w.again(h, time.Second)
	}
	switch w.plan.focus {
	case "clocks": // a clock three hours ahead while the node writes, and right at its next start
		at(10, func() { h.offset = 3 * time.Hour })
		at(14, func() {
			h.offset = 0
			restart()
		})
	case "memory":
		at(12, func() { w.early(h) })
		at(13, restart)
	case "copies": // a disk set back to before its origin ended
		var copied *image
		at(10, func() { copied = h.disk.clone() })
		at(15, func() { w.early(h) })
		at(16, restart)
		at(30, func() { w.setBackTo(h, copied) })
	case "clones": // twins that write while they do not see each other
		at(14, func() { w.alone(h, 6*time.Second) })
		at(15, func() { w.clone(h) })
	case "years": // a node away for a year, in which logs are truncated
		at(12, func() { other.stop(false) })
		at(20, func() {
			w.leapt += 365 * 24 * time.Hour
			w.trace("a year passes")
		})
		w.again(other, 38*time.Second)
	case "joins": // a disk lost, and one set back, after logs were truncated
		var copied *image
		at(8, func() { copied = h.disk.clone() })
		at(28, func() { w.setBackTo(h, copied) })
		at(32, func() { w.loseDiskOf(other) })
		const apart = 5
		for s := 6; s < 40; s += apart { // what one writes of another's reaches a third before that does
			at(s, func() { w.apart(w.anyHost(), w.anyHost(), apart*time.Second) })
		}
	case "retention", "deletes": // a node away, while events are retired or a stream is deleted
		at(10, func() { other.stop(false) })
		at(20, func() {
			if p := h.process; p != nil && w.plan.deletes {
				p.delete(w.plan.streams[0])
			}
		})
		w.again(other, 30*time.Second)
	}
}

// early shows an event before the disk has it.
func (w *world) early(h *host) {
	if h.process != nil {
		h.process.publish(w.plan.streams[0], 0, edged.Memory())
	}
}

// apart cuts two hosts off from one another for a while.
func (w *world) apart(a, b *host, lasts time.Duration) {
	if a == b {
		return
	}
	w.cut(a, b)
	w.cut(b, a)
	w.queue.put(w.queue.now+lasts, func() {
		w.mend(a, b)
		w.mend(b, a)
	})
}

// alone cuts one host off for a while.
func (w *world) alone(h *host, lasts time.Duration) {
	for _, o := range w.hosts {
		if o != h {
			w.apart(h, o, lasts)
		}
	}
}
