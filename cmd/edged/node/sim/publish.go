package sim

import (
	"fmt"
	"strings"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/session"
)

const (
	promiseBusy = 200 * time.Millisecond
	promiseIdle = time.Second
	busyFor     = 10 * time.Second
	retireEvery = 5 * time.Second
	ackWithin   = 5 * time.Second
	ceilingOver = int64(time.Second)
)

// append adds a block to one of the node's own logs; nil when it cannot. done is told when it is
// durable.
func (p *process) append(name edged.LogName, data []byte, count int, done func(*block, edged.Landing)) *block {
	m := p.store.staged
	name.Origin = m.origin
	if p.h.full || name.Generation <= m.deleted[name.Stream] {
		return nil
	}
	l := m.logOf(name, name.ID())
	if l.frozen || len(l.sparse) > 0 {
		return nil
	}
	head, chain := l.head()
	at := p.nextStamp()
	b := p.w.blockOf(name, seal(l.log, head+1, count, at, chain, data))
	p.stamp = b.newest()
	p.appended = p.w.queue.now
	p.w.checkStamp(p, b)
	o := &op{kind: opAppend, block: b, done: func(l edged.Landing) { done(b, l) }}
	if at.Wall > m.ceiling {
		o.ceiling = at.Wall + ceilingOver
	}
	p.store.submit(o)
	return b
}

// nextStamp is the hybrid clock's next.
func (p *process) nextStamp() edged.Timestamp {
	s := p.stamp.Plus(1)
	if wall := max(p.h.wall(), p.floor); wall > s.Wall {
		s = edged.Timestamp{Wall: wall}
	}
	return s
}

// promise says below what nothing will be appended, once all before is durable.
func (p *process) promise() {
	at := max(p.h.wall(), p.stamp.Wall, p.floor)
	o := &op{kind: opNote}
	if at > p.store.staged.ceiling {
		o.ceiling = at + ceilingOver
	}
	p.floor = max(p.floor, at)
	origin := p.store.staged.origin.ID
	o.done = func(edged.Landing) {
		p.w.promised(origin, at)
		p.do(func(now session.Now) []session.Work { return p.table.Promise(now, at) })
		next := promiseIdle
		if p.appended > 0 && p.w.queue.now-p.appended < busyFor {
			next = promiseBusy
		}
		p.later(next, p.promise)
	}
	p.store.submit(o)
}

// retire gives up old blocks of the streams that are kept for a while only.
func (p *process) retire() {
	p.later(retireEvery, p.retire)
	m := p.store.durable
	for _, id := range m.ids {
		l := m.logs[id]
		keep := p.w.plan.keep
		if keep == 0 || strings.HasPrefix(l.name.Stream, "$") || len(l.blocks) <= keep {
			continue
		}
		bound := m.tell(l).Head
		if l.name.Origin.ID == m.origin.ID {
			bound = p.table.Replicated(m.tell(l))
		}
		to := min(bound, l.blocks[len(l.blocks)-keep-1].last)
		if to >= l.start {
			p.w.checkRetire(p, l, to)
			p.store.submit(&op{kind: opRetire, name: l.name, to: to})
		}
	}
}

// publish is one request of a client, at a level.
func (p *process) publish(stream string, part edged.Partition, level edged.Ack) {
	if !p.open || p.halted {
		p.w.count("publish: not open")
		return
	}
	if level.BeyondNode() {
		if why := p.table.Possible(p.now(), level); why != "" {
			p.w.count("publish: level unreachable")
			return
		}
	}
	m := p.store.staged
	if level.BeforeDisk() && !m.exposed {
		p.store.submit(&op{kind: opExpose, done: func(edged.Landing) { p.publish(stream, part, level) }})
		return
	}
	w := p.w
	w.published++
	data := fmt.Appendf(nil, "event %d of %s %s", w.published, p.self.Node, w.padding())
	name := edged.LogName{Stream: stream, Generation: m.deleted[stream] + 1, Partition: part}
	b := p.append(name, data, 1+w.rand.IntN(4), func(b *block, l edged.Landing) { p.stored(b, l, level) })
	if b != nil && level.BeforeDisk() {
		w.shown(b)
	}
}

// stored goes on with a publish that is durable here.
func (p *process) stored(b *block, l edged.Landing, level edged.Ack) {
	w := p.w
	if l.Outcome != edged.Held || level.BeforeDisk() {
		return
	}
	w.checkAck(p, b, edged.Disk())
	b.acked = true
	if !level.BeyondNode() {
		return
	}
	p.waited++
	id, began := p.waited, w.queue.now
	p.waits[id] = func() { w.answered(p, b, level, began) }
	var met bool
	p.do(func(now session.Now) []session.Work {
		met = p.table.Wait(now, id, level, []edged.Head{headOf(b)})
		return nil
	})
	if met {
		delete(p.waits, id)
		w.answered(p, b, level, began)
		return
	}
	p.later(ackWithin, func() {
		if p.waits[id] == nil {
			return
		}
		delete(p.waits, id)
		p.table.GiveUp(id)
		w.count("publish: ack timeout")
		if w.phase == calm && w.settled() {
			w.fail("h%d: level %s of %s %d was not reached in %s though all are connected", p.h.index, level, b.name.Stream, b.last, ackWithin)
		}
	})
}

// delete ends the generation of a stream.
func (p *process) delete(stream string) {
	generation := p.store.staged.deleted[stream] + 1
	if p.open && !p.halted {
		data := fmt.Appendf(nil, "delete %s %d", stream, generation)
		p.append(edged.LogName{Stream: catalogStream, Generation: 1}, data, 1, func(*block, edged.Landing) {})
	}
}
