package sim

import (
	"bytes"
	"slices"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/session"
	"github.com/edgedhq/edged/replication/wire"
)

const (
	closeAfter = 200 * time.Millisecond // the last frames go out before
	idleAfter  = 10 * time.Second
)

// path is one direction between two hosts.
type path struct {
	delay, jitter time.Duration
	perByte       time.Duration
	loss          float64 // shows as delay
	cut           bool
	cutAt         time.Duration
}

// conn is one link between two processes. Frames on a lane keep their order; while a direction is
// cut they wait.
type conn struct {
	w    *world
	ends [2]*end
}

// end is a link as one process sees it.
type end struct {
	p      *process
	c      *conn
	side   int
	id     session.LinkID
	open   bool
	began  time.Duration
	heard  time.Duration
	lanes  [wire.Lanes]lane
	dialed bool
}

// lane is what one end writes.
type lane struct {
	free    time.Duration // when the writer may go on
	arrives time.Duration // the last frame
	held    []func()      // behind a cut
	writing bool
	again   bool
}

func (w *world) path(from, to *host) *path { return w.paths[from.index][to.index] }

func (e *end) other() *end { return e.c.ends[1-e.side] }

// connect makes a link; both processes are told, in their own time.
func (w *world) connect(from, to *process) {
	c := &conn{w: w}
	c.ends[0] = &end{p: from, c: c, side: 0, dialed: true}
	c.ends[1] = &end{p: to, c: c, side: 1}
	w.conns = append(w.conns, c)
	for _, e := range c.ends {
		e.open, e.began, e.heard = true, w.queue.now, w.queue.now
		p := e.p
		p.last++
		e.id = p.last
		p.ends[e.id] = e
	}
	for _, e := range c.ends {
		e.p.do(func(now session.Now) []session.Work {
			return e.p.table.Connected(now, e.id, e.other().p.self.Node, e.dialed)
		})
		e.idle()
	}
}

// idle closes an end that has heard nothing for a while.
func (e *end) idle() {
	e.p.later(e.heard+idleAfter-e.c.w.queue.now, func() {
		switch {
		case !e.open:
		case e.c.w.queue.now-e.heard >= idleAfter:
			e.close("idle")
		default:
			e.idle()
		}
	})
}

// close ends a link at this side, and tells the other if it can.
func (e *end) close(why string) {
	if !e.open {
		return
	}
	e.open = false
	e.c.w.trace("closed", e.p.h.index, e.id, why)
	delete(e.p.ends, e.id)
	p := e.p
	p.do(func(now session.Now) []session.Work { return p.table.Closed(now, e.id) })
	p.ended(e.other().p.self.Node, e.c.w.queue.now-e.began)
	e.farewell()
}

// farewell tells the other side that the link is gone, unless the way there is cut.
func (e *end) farewell() {
	o := e.other()
	way := e.c.w.path(e.p.h, o.p.h)
	o.p.later(way.delay, func() {
		if !way.cut {
			o.close("closed by the peer")
		}
	})
}

// transmit sends a frame on a lane.
func (e *end) transmit(to int, f wire.Frame) {
	if !e.open {
		return
	}
	w, l := e.c.w, &e.lanes[to]
	const control = 100
	size := control
	if b, ok := f.(wire.Block); ok {
		size = len(b.Bytes)
	}
	if w.plan.encode {
		f = w.encoded(f)
	}
	o := e.other()
	way := w.path(e.p.h, o.p.h)
	l.free = max(l.free, w.queue.now) + time.Duration(size)*way.perByte
	at := l.free + way.delay + w.upTo(way.jitter)
	for way.loss > 0 && w.rand.Float64() < way.loss {
		at += 2*way.delay + 25*time.Millisecond
	}
	l.arrives = max(l.arrives, at)
	w.queue.put(l.arrives, func() { e.arrive(to, f) })
}

// encoded takes a frame through its bytes.
func (w *world) encoded(f wire.Frame) wire.Frame {
	again, err := wire.NewReader(bytes.NewReader(wire.Append(nil, f)), 0).Next()
	if err != nil {
		w.fail("a frame of type %d cannot be read: %v", f.Type(), err)
	}
	return again
}

// arrive brings a frame to the other side, or holds it while the way is cut.
func (e *end) arrive(to int, f wire.Frame) {
	w, o, l := e.c.w, e.other(), &e.lanes[to]
	if w.path(e.p.h, o.p.h).cut || len(l.held) > 0 {
		l.held = append(l.held, func() { e.hand(to, f) })
		return
	}
	e.hand(to, f)
}

func (e *end) hand(to int, f wire.Frame) {
	w, o := e.c.w, e.other()
	if e.p.dead && w.queue.now > e.lanes[to].arrives {
		return // nobody was there to send it again
	}
	back := w.path(o.p.h, e.p.h)
	if !o.open {
		// The host answers for a link that it does not know, if it is there.
		if o.p.h.process != nil && !back.cut {
			e.p.later(back.delay, func() { e.close("reset") })
		}
		return
	}
	o.p.run(func() {
		if !o.open {
			return
		}
		o.heard = w.queue.now
		if !back.cut {
			e.heard = w.queue.now
		}
		w.frame(o, to, f)
		o.p.do(func(now session.Now) []session.Work { return o.p.table.Receive(now, o.id, to, f) })
	})
}

// release lets what was held behind a cut go on, a lane at a time.
func (w *world) release(from, to *host) {
	way := w.path(from, to)
	most := min(2*time.Second, w.queue.now-way.cutAt)
	w.conns = slices.DeleteFunc(w.conns, func(c *conn) bool { return !c.ends[0].open && !c.ends[1].open })
	for _, c := range w.conns {
		for _, e := range c.ends {
			if e.p.h != from || e.other().p.h != to {
				continue
			}
			for i := range e.lanes {
				l := &e.lanes[i]
				if len(l.held) == 0 {
					continue
				}
				w.queue.put(w.queue.now+way.delay+w.upTo(most), func() {
					if way.cut {
						return
					}
					held := l.held
					l.held = nil
					for _, hand := range held {
						hand()
					}
				})
			}
		}
	}
}

// wake has a lane's writer look.
func (e *end) wake(to int) {
	l := &e.lanes[to]
	if l.writing {
		l.again = true
		return
	}
	l.writing = true
	e.p.later(e.c.w.upTo(100*time.Microsecond), func() { e.write(to) })
}

// write does what the Table has for a lane.
func (e *end) write(to int) {
	p, l := e.p, &e.lanes[to]
	for e.open {
		o, ok := p.table.Writable(p.now(), e.id, to)
		switch {
		case !ok && l.again:
			l.again = false
		case !ok:
			l.writing = false
			return
		case o.Frame != nil:
			e.transmit(to, o.Frame)
		default:
			e.blocks(to, o)
			return
		}
	}
}

// blocks writes those of one Output, and goes on when they are out.
func (e *end) blocks(to int, o session.Output) {
	p := e.p
	p.later(p.w.upTo(200*time.Microsecond), func() {
		var last edged.Sequence
		size := 0
		for _, b := range p.store.durable.read(o.Log, o.From, o.Budget) {
			if b.first > o.To {
				break
			}
			e.transmit(to, wire.Block{Number: o.Number, Flags: o.Flags, Bytes: p.w.wear(b.bytes)})
			last, size = b.last, size+len(b.bytes)
		}
		p.later(max(0, e.lanes[to].free-p.w.queue.now), func() {
			p.do(func(now session.Now) []session.Work { return p.table.Sent(now, e.id, to, o, last, size) })
			e.write(to)
		})
	})
}

// sortedEnds gives a process's links in the order in which they were made.
func (p *process) sortedEnds() []*end {
	all := make([]*end, 0, len(p.ends))
	for _, e := range p.ends {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b *end) int { return int(a.id) - int(b.id) })
	return all
}
