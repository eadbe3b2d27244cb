package session

import (
	"container/heap"
	"slices"
	"strings"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/wire"
)

// schedule asks for what is lacking: hidden logs first, then small needs, each from the nearest
// peer that holds it and has a fetch to spare.
func (t *Table) schedule(now Now) {
	spare := func(s *session) bool { return s.fetches < fetchesMax && !s.ending }
	if len(t.needs.queue) == 0 || !slices.ContainsFunc(t.order, spare) {
		return
	}
	const tries = 64
	var passed []*need
	for range tries {
		if len(t.needs.queue) == 0 {
			break
		}
		d := heap.Pop(&t.needs).(*need)
		if h := t.nearest(d); h != nil {
			t.fetch(now, d, h)
		} else {
			passed = append(passed, d)
		}
	}
	for _, d := range passed {
		heap.Push(&t.needs, d)
	}
}

// nearest is the holder to ask: who still has what comes next, or else the earliest of it; then who
// is of the same region, then of the shortest round trip. Who was asked in vain comes last.
func (t *Table) nearest(d *need) *holder {
	head, _ := t.store.HeadOf(d.log)
	next := max(d.asked, head.Head+1)
	var best *holder
	for i := range d.holders {
		h := &d.holders[i]
		if h.s.fetches >= fetchesMax || h.s.ending {
			continue
		}
		if best == nil || t.nearer(d, next, h, best) {
			best = h
		}
	}
	return best
}

func (t *Table) nearer(d *need, next edged.Sequence, x, y *holder) bool {
	a, b := x.s, y.s
	from, than := max(x.start, next), max(y.start, next)
	here := func(s *session) bool { return s.hello.Region == t.self.Region }
	switch {
	case (a.node == d.failed) != (b.node == d.failed):
		return b.node == d.failed
	case from != than:
		return from < than
	case here(a) != here(b):
		return here(a)
	case a.rtt != b.rtt:
		return a.rtt < b.rtt
	}
	return strings.Compare(a.node, b.node) < 0
}

// fetch asks one peer.
func (t *Table) fetch(now Now, d *need, h *holder) {
	if d.asked == 0 || d.asked > d.to {
		head, _ := t.store.HeadOf(d.log)
		d.asked = head.Head + 1
	}
	budget := fetchBytes
	switch {
	case len(t.needs.byLog) == 1:
		budget *= fetchesLarge // nothing else wants the way
	case h.s.fetches >= fetchesLarge:
		budget = writeBytes
	}
	d.from, d.sent, d.landing = h.s, now.Mono, false
	h.s.fetches++
	t.send(h.s, wire.Fetch{Log: d.log, From: d.asked, To: d.to, Budget: budget})
}

// settleNeed brings a need up to date with what is durable.
func (t *Table) settleNeed(now Now, h *edged.Head) {
	d := t.needs.byLog[h.Log]
	if d == nil || h.Head == h.Before {
		return
	}
	d.moved = now.Mono
	d.first, d.since = 0, 0
	if h.Head >= d.to {
		t.needs.drop(h.Log)
	}
}

// receiveFetched ends a fetch: all before it on the lane has arrived.
func (t *Table) receiveFetched(now Now, s *session, f wire.Fetched) {
	d := t.needs.byLog[f.Log]
	if d == nil || d.from != s {
		return
	}
	d.from = nil
	s.fetches--
	t.hear(now, d, s, f.Start)
	if stateful(d.name) {
		t.giveUp(now, d)
	}
	if f.Next <= d.asked && f.Start <= d.asked { // it has nothing of this
		d.holders = slices.DeleteFunc(d.holders, func(h holder) bool { return h.s == s })
		if len(d.holders) == 0 {
			t.needs.drop(f.Log)
			return
		}
	}
	d.after = 0
	if d.landing = f.Next > d.to; d.landing || f.Next <= d.asked {
		d.after = now.Mono + fetchStalled
	}
	d.asked = max(d.asked, f.Next)
	if d.again || now.Mono-d.moved >= fetchStalled {
		t.needs.restart(now.Mono, d)
		return
	}
	t.needs.put(now.Mono, d)
}

// hear takes a holder's word about the first sequence that it still has.
func (t *Table) hear(now Now, d *need, s *session, start edged.Sequence) {
	for i := range d.holders {
		if h := &d.holders[i]; h.s == s {
			h.start = max(h.start, start)
			if start == h.head+1 { // all of it
				d.offer(now, start, h.chain)
			}
		}
	}
}

// offered notes where a block begins that lies above the head.
func (t *Table) offered(now Now, a *announced, block []byte) {
	d := t.needs.byLog[a.log]
	if d == nil {
		return
	}
	d.name = a.name
	h, _ := t.store.HeadOf(a.log)
	if first, prev := span(block); first > h.Head+1 {
		d.offer(now, first, prev)
	}
}

// offer takes the place where a holder's events begin, and the chain value before it: the end of
// the hole, if it is one.
func (d *need) offer(now Now, first edged.Sequence, prev edged.Chain) {
	if d.since == 0 {
		d.since = now.Mono
	}
	if d.first == 0 || first < d.first {
		d.first, d.prev = first, prev
	}
}

// sweep is done once a second: it asks others where one was asked in vain, and gives up what
// nobody holds.
func (t *Table) sweep(now Now) {
	if now.Mono < t.needs.swept+tickEvery {
		return
	}
	t.needs.swept = now.Mono
	for _, d := range t.needs.sorted() {
		t.giveUp(now, d)
		switch {
		case now.Mono-d.moved < fetchStalled, d.index >= 0:
		case d.from == nil:
			t.needs.restart(now.Mono, d)
		case now.Mono-d.sent >= fetchStalled:
			d.failed = d.from.node
			d.from.fetches--
			d.from = nil
			t.needs.restart(now.Mono, d)
		}
	}
}

// giveUp jumps over a hole, to the lowest place on offer, when its origin itself says that it has
// retired the events, or when the origin is away and no holder has had them for a while. Of a log
// that states are made of the word of the holders is enough: their states, or later records, include
// what they have retired.
func (t *Table) giveUp(now Now, d *need) {
	if d.name.Stream == "" || d.first == 0 {
		return
	}
	h, _ := t.store.HeadOf(d.log)
	if d.first <= h.Head+1 { // offered by one that has retired more since
		d.first, d.since = 0, 0
		return
	}
	retired, away := stateful(d.name), true
	for i := range d.holders {
		holder := &d.holders[i]
		if holder.start <= h.Head+1 || holder.start < d.first {
			return
		}
		retired = retired || holder.s.hello.Origin.ID == d.name.Origin.ID
	}
	for _, s := range t.order {
		away = away && !(s.up && s.hello.Origin.ID == d.name.Origin.ID)
	}
	if retired || away && now.Mono-d.since >= giveUpAfter {
		t.skip(d)
	}
}

func (t *Table) skip(d *need) {
	t.do(Skip{Name: d.name, To: d.first - 1, Chain: d.prev, Reason: "retired"})
	if !stateful(d.name) {
		t.report(nil, "gap", d.name.Stream)
	}
	d.first = 0
}
