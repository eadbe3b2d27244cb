package session

import (
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/wire"
)

// flagLagging is the flag of a TICK whose sender has dropped its rows.
const flagLagging = 1

// tickSession does what is due on one session.
func (t *Table) tickSession(now Now, s *session) {
	switch {
	case s.ending:
	case s.watch != 0:
		if now.Mono >= s.watch {
			s.watch = 0
			t.close(s, "replaced", "a newer link to this node stands")
		}
	case !s.up:
		if now.Mono >= s.opened.Mono+helloWithin {
			t.close(s, "silent", "no HELLO in time")
		}
	default:
		t.tickUp(now, s)
	}
}

func (t *Table) tickUp(now Now, s *session) {
	if !s.late && now.Mono-s.heard >= lateAfter {
		s.late = true
		t.report(s.peer, "late", "")
	}
	if len(s.in.due) > 0 && now.Mono >= s.in.ackAt {
		t.flushAcks(now, s)
	}
	if now.Mono < s.nextAt {
		return
	}
	t.tick(now, s)
	t.dropQuietRows(now, s, rowKept)
	if s.compare.running && now.Mono >= s.compare.since+exchangeEnds {
		t.endComparison(s)
	}
	if now.Mono >= s.compare.nextAll {
		s.compare.nextAll = now.Mono + compareEvery
		t.compareNow(now, s)
	}
}

// tick sends the TICK that is due.
func (t *Table) tick(now Now, s *session) {
	f := wire.Tick{
		Sent: now.Wall, Echo: s.echo, Waited: int64(now.Mono - s.echoAt),
		Newest: t.toldOf(s.hello.Origin.ID),
	}
	if at := t.tickFor(now, s); at > 0 {
		f.Tick, f.Root = at, root(t.store.Sums(at))
	}
	for _, o := range t.origins {
		if o.time > s.told[o.origin.ID] {
			s.told[o.origin.ID] = o.time
			f.Held = append(f.Held, wire.Held{Origin: o.origin.ID, Time: o.time})
		}
	}
	f.NeedEvents, f.NeedBytes = t.needs.size()
	if s.lagging {
		f.Flags |= flagLagging
	}
	s.nextAt = now.Mono + tickEvery
	t.send(s, f)
}

// tickFor is the tick to compare at with a peer: the slower clock's second, less two.
func (t *Table) tickFor(now Now, s *session) int64 {
	slower := min(now.Wall, now.Wall+int64(s.skew))
	return max(0, slower/second-ticksBack)
}

// root is the sum of all shards.
func root(sums [edged.Shards]edged.Sum) (r edged.Sum) {
	for _, s := range sums {
		r.Add(s)
	}
	return r
}

func (t *Table) receiveTick(now Now, s *session, f wire.Tick) {
	s.ticks++
	if s.ticks == 1 {
		s.settleSince(f.Sent)
		for lane := wire.LaneLive; lane <= wire.LaneFetch; lane++ {
			t.do(Wake{Link: s.link, Lane: lane})
		}
		t.wakeJoins(now)
	}
	t.measure(now, s, f)
	for _, h := range f.Held {
		if h.Time > s.theirs[h.Origin] {
			s.theirs[h.Origin] = h.Time
		}
	}
	t.heardOurs(now, s, f.Newest)
	if f.Tick <= 0 || f.Tick+ticksKept < now.Wall/second || f.Tick*second > now.Wall {
		return // the clocks are too far apart to share a tick; current sums are compared each minute
	}
	if f.Root == root(t.store.Sums(f.Tick)) {
		t.equalAt(now, s, f.Tick)
		return
	}
	t.compareAt(now, s, f.Tick)
}

// measure takes round trip and skew from the four samples of a TICK (Mills, RFC 5905 section 8).
func (t *Table) measure(now Now, s *session, f wire.Tick) {
	s.echo, s.echoAt = f.Sent, now.Mono
	if f.Echo == 0 {
		return
	}
	trip := time.Duration(now.Wall - f.Echo - f.Waited)
	if trip < 0 {
		return
	}
	if s.rtt == 0 {
		s.rtt = trip
	}
	s.rtt += (trip - s.rtt) / 8
	s.skew = time.Duration(f.Sent-now.Wall) + trip/2
}

// equalAt notes that a peer held at a tick just what we do.
func (t *Table) equalAt(now Now, s *session, tick int64) {
	s.catchUp()
	s.peer.unacked, s.peer.appendedThen, s.peer.lagSince = 0, t.appended, 0
	if s.equal < tick {
		s.equal, s.equalAt = tick, now.Mono
	}
	if tick*second > s.in.since {
		s.in.compared = true
	}
	if s.peer.lastEqual < tick {
		s.peer.lastEqual = tick
	}
	if t.equal < tick {
		t.equal = tick
	}
	for log, newest := range t.young {
		if newest < tick*second {
			delete(t.young, log)
		}
	}
	t.checkAllWaits()
	for origin, time := range s.theirs {
		t.assure(now, origin, min(tick*second, time))
	}
	t.takePromises(now, s)
	t.raiseFrontier()
}
