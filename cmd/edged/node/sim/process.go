package sim

import (
	"fmt"
	"math"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/roster"
	"github.com/edgedhq/edged/replication/session"
)

// host is a machine: a disk, a clock, an address, and the process that runs there, if any.
type host struct {
	w       *world
	index   int
	region  string
	disk    *image
	copies  []*image // of the disk, for a restore
	offset  time.Duration
	drift   float64
	slow    time.Duration // what an fsync takes more than usual
	full    bool
	paused  time.Duration // until when the process is stopped
	process *process
	gone    bool // a clone that was taken away
}

// wall is what its clock shows, in grains.
func (h *host) wall() int64 {
	now := h.w.queue.now
	return epoch + int64((now + h.w.leapt).Truncate(h.w.plan.grain)) + int64(float64(now)*h.drift) + int64(h.offset)
}

func (h *host) fsyncTakes() time.Duration {
	return time.Millisecond + h.w.upTo(6*time.Millisecond) + h.slow
}

func (h *host) bit() uint64 { return 1 << h.index }

func (h *host) address() string { return fmt.Sprintf("h%d", h.index) }

// process is one run of a node.
type process struct {
	w      *world
	h      *host
	boot   time.Duration // with what clocks had leapt then
	self   session.Self
	table  *session.Table
	store  *store
	dead   bool
	tickAt time.Duration
	missed []func() // while it was paused

	ends   map[session.LinkID]*end
	last   session.LinkID
	waits  map[session.WaitID]func()
	waited session.WaitID

	roster  *roster.Roster
	targets []*target
	open    bool
	halted  bool
	chores  []session.Work
	busy    bool // with chores

	stamp    edged.Timestamp // the last one given or followed
	floor    int64           // no stamp below it
	appended time.Duration   // when it last did
	reader   reader
	folds    map[session.State]*fold
	pins     map[uint64]*pinned // states that peers take over
}

// start boots a host.
func (h *host) start() {
	w := h.w
	p := &process{
		w: w, h: h, boot: w.queue.now + w.leapt,
		ends:   make(map[session.LinkID]*end),
		waits:  make(map[session.WaitID]func()),
		roster: roster.New(),
	}
	h.process = p
	p.reader.init()
	clean := p.identify()
	p.store = newStore(p)
	p.self = session.Self{
		Mesh: "mesh", Node: h.disk.id, Name: h.disk.id, Region: h.region, Address: h.address(),
		Nonce: [8]byte(w.bytes(8)), Started: h.wall(), BlockVersion: 1, Clean: clean, RowsMax: w.plan.rowsMax,
	}
	p.table = session.New(p.now(), p.self, h.disk.origin, p.store)
	w.trace("start", h.index, h.disk.origin)
	p.join()
	p.recall()
	p.openFolds()
	p.later(promiseBusy, p.promise)
	p.later(w.upTo(retireEvery), p.retire)
	p.later(w.upTo(truncateEvery), p.truncate)
	p.joinSome()
	p.rearm()
}

// identify reads who the node is, as streams/storage does at each start.
func (p *process) identify() (clean bool) {
	d, w := p.h.disk, p.w
	clean = d.clean
	was := d.origin
	switch {
	case d.id == "":
		d.id = fmt.Sprintf("%x-h%d", w.bytes(2), p.h.index)
		d.origin, clean = w.mint(p.h), true
		w.count("mint: new directory")
	case !d.clean && d.exposed:
		p.end(was, "exposed")
		w.count("mint: shown before the disk had it")
	case d.ceiling > p.h.wall()+int64(time.Hour):
		p.end(was, "clock")
		w.count("mint: a clock that jumped")
	default:
		p.stamp = d.newest[was.ID].Newest
		p.floor = d.ceiling
		if !d.clean {
			p.floor++
		}
	}
	d.clean, d.exposed = false, false
	return clean
}

// end seals an origin of ours at what is held of it, and takes another.
func (p *process) end(was edged.Origin, reason string) {
	d := p.h.disk
	at := d.newest[was.ID].Newest.Wall + 1
	d.ended = append(d.ended, roster.Seal{Origin: was, At: at, Reason: reason})
	d.seals[was.ID] = at
	d.origin, d.ceiling = p.w.mint(p.h), 0
}

// stop ends the process; a clean stop has everything on the disk, a crash some of it.
func (h *host) stop(clean bool) {
	p := h.process
	if p == nil {
		return
	}
	if clean {
		p.store.settle()
		h.disk.clean, h.disk.exposed = true, false
		h.disk.ceiling = max(p.stamp.Wall+1, p.floor)
	} else {
		p.store.cut()
	}
	p.dead = true
	h.process = nil
	h.paused = 0
	for _, e := range p.sortedEnds() {
		e.open = false
		if clean {
			e.farewell()
		}
	}
	h.w.trace("stop", h.index, clean)
}

// settle puts all that waits on the disk.
func (s *store) settle() {
	for _, o := range append(s.flying, s.pending...) {
		before := s.before(o)
		if _, moved := s.durable.apply(o); moved != nil {
			s.p.w.moved(s.p, moved, before)
		}
	}
}

// later does something of the process after a time, if it still runs then.
func (p *process) later(d time.Duration, do func()) {
	p.w.queue.put(p.w.queue.now+d, func() { p.run(do) })
}

// run does something now, or when the process goes on, in order.
func (p *process) run(do func()) {
	switch {
	case p.dead:
	case p.h.paused <= p.w.queue.now && len(p.missed) == 0:
		do()
	default:
		if p.missed = append(p.missed, do); len(p.missed) == 1 {
			p.w.queue.put(p.h.paused, p.goOn)
		}
	}
}

// goOn does what was missed during a pause.
func (p *process) goOn() {
	if p.h.paused > p.w.queue.now {
		p.w.queue.put(p.h.paused, p.goOn)
		return
	}
	for len(p.missed) > 0 && !p.dead {
		do := p.missed[0]
		do()
		p.missed = p.missed[1:]
	}
}

func (p *process) now() session.Now {
	return session.Now{Mono: p.w.queue.now + p.w.leapt - p.boot, Wall: p.h.wall()}
}

// do tells the Table something and does what comes of it.
func (p *process) do(input func(session.Now) []session.Work) {
	for _, w := range input(p.now()) {
		p.perform(w)
	}
	p.rearm()
}

// rearm has Tick called when the Table wants it.
func (p *process) rearm() {
	const never = time.Duration(math.MaxInt64)
	wants := p.table.Due()
	if wants == never {
		return
	}
	due := max(p.boot+wants-p.w.leapt, p.w.queue.now+time.Millisecond)
	if p.tickAt != 0 && p.tickAt <= due {
		return
	}
	p.tickAt = due
	p.later(due-p.w.queue.now, func() {
		if p.tickAt == due {
			p.tickAt = 0
			p.do(p.table.Tick)
			p.w.checkBounds(p)
		}
	})
}

// perform does one piece of work.
func (p *process) perform(w session.Work) {
	switch w := w.(type) {
	case session.Ingest:
		p.ingest(w)
	case session.Send:
		if e := p.ends[w.Link]; e != nil {
			e.transmit(0, w.Frame)
		}
	case session.Wake:
		if e := p.ends[w.Link]; e != nil {
			e.wake(w.Lane)
		}
	case session.Close:
		if e := p.ends[w.Link]; e != nil {
			p.w.trace("close", p.h.index, w)
			p.later(closeAfter, func() { e.close(w.Code) })
		}
	case session.Stable:
		p.reader.raise(p, w.Frontier)
	case session.Reached:
		if met := p.waits[w.Wait]; met != nil {
			delete(p.waits, w.Wait)
			met()
		}
	case session.Report:
		p.w.count("report: " + w.What)
		p.w.trace("report", p.h.index, w)
	default:
		p.chores = append(p.chores, w)
		p.work()
	}
}

// work does chores one after the other.
func (p *process) work() {
	if p.busy || len(p.chores) == 0 {
		return
	}
	p.busy = true
	p.later(p.w.upTo(2*time.Millisecond), func() {
		w := p.chores[0]
		p.chores = p.chores[1:]
		p.busy = false
		p.chore(w)
		p.work()
	})
}

func (p *process) chore(w session.Work) {
	switch w := w.(type) {
	case session.List:
		heads := p.store.shown().list(p.store.near(w.Tick), w.Prefix, w.After, w.Limit)
		if len(w.Prefix) > 1 {
			p.w.count("digest of depth 2")
		}
		p.do(func(now session.Now) []session.Work { return p.table.Listed(now, w, heads) })
	case session.Skip:
		p.w.checkSkip(p, w)
		p.store.submit(&op{kind: opSkip, name: w.Name, to: w.To, chain: w.Chain})
	case session.Mint:
		p.w.count("mint: " + w.Reason)
		o := p.w.mint(p.h)
		p.floor = 0
		p.store.submit(&op{kind: opMint, origin: o, done: func(edged.Landing) {
			p.do(func(now session.Now) []session.Work { return p.table.Renamed(now, o) })
		}})
	case session.Provide:
		p.provide(w)
	case session.Take:
		p.take(w)
	case session.Halt:
		p.w.count("clone refused")
		p.halted = true
	case session.Introduce:
		p.introduce()
	}
}

// ingest takes a block from a peer.
func (p *process) ingest(in session.Ingest) {
	raw := in.Bytes
	in.Bytes = nil
	o := &op{done: func(landing edged.Landing) {
		p.w.landed(landing)
		p.do(func(now session.Now) []session.Work { return p.table.Landed(now, in, landing) })
	}}
	switch {
	case p.h.full:
		o.kind, o.landing = opRefuse, edged.Landing{Log: in.Name.ID(), Outcome: edged.Refused}
	case !whole(raw):
		o.kind, o.landing = opDamaged, edged.Landing{Log: in.Name.ID(), Outcome: edged.Damaged}
	default:
		o.kind, o.block = opIngest, p.w.blockOf(in.Name, raw)
		const follow = int64(500 * time.Millisecond)
		if o.block.at.Wall <= p.h.wall()+follow && o.block.newest().Compare(p.stamp) > 0 {
			p.stamp = o.block.newest()
		}
		if o.block.first > 0 && p.h.full {
			o.kind = opRefuse
		}
	}
	p.store.submit(o)
}
