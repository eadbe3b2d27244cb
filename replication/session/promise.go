package session

import (
	"math"
	"slices"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/wire"
)

// heldOrigin is the time below which every event of an origin is held here.
type heldOrigin struct {
	origin edged.Origin
	time   int64         // Unix nanoseconds; MaxInt64 for an origin that has ended and is held whole
	seal   int64         // no event at or after it will come; 0 while the origin lives
	heard  time.Duration // when it promised or time rose; the start of the run before that
}

// ended says whether the origin has ended and is held whole.
func (h *heldOrigin) ended() bool { return h.seal != 0 && h.time >= h.seal }

// marker is a promise that waits until all blocks before it have landed.
type marker struct {
	epoch  uint64
	time   int64
	behind bool
}

// hole is a run of events that a live block has shown to be missing.
type hole struct {
	origin edged.OriginID
	to     edged.Sequence
}

func (t *Table) knowOrigin(o edged.Origin) *heldOrigin {
	h := t.held[o.ID]
	if h == nil {
		h = &heldOrigin{origin: o, time: math.MinInt64, heard: t.began}
		t.held[o.ID] = h
		at, _ := slices.BinarySearchFunc(t.origins, o.ID, func(h *heldOrigin, id edged.OriginID) int { return h.origin.ID.Compare(id) })
		t.origins = slices.Insert(t.origins, at, h)
	}
	if h.origin.Label == "" {
		h.origin.Label = o.Label
	}
	return h
}

// Sealed tells that an origin has ended: no event of it has a stamp at or after a time. whole says
// that all before it is held here.
func (t *Table) Sealed(origin edged.Origin, at int64, whole bool) []Work {
	if origin.ID == t.origin.ID { // by others, or by a later run, of which this disk knows nothing
		t.mint(ended, false)
	}
	h := t.knowOrigin(origin)
	if h.seal == 0 || at < h.seal {
		h.seal = max(at, 1)
	}
	if whole {
		t.raise(origin.ID, h.seal)
	}
	t.raise(origin.ID, h.time)
	t.raiseFrontier()
	return t.work()
}

// Met tells of an origin that the mesh's records name, whether or not anything of it is held.
func (t *Table) Met(origin edged.Origin) []Work {
	t.knowOrigin(origin)
	t.raiseFrontier()
	return t.work()
}

// raise moves a held time on; it never goes back.
func (t *Table) raise(origin edged.OriginID, to int64) (rose bool) {
	h := t.knowOrigin(edged.Origin{ID: origin})
	was := h.time
	h.time = max(h.time, to)
	if h.seal != 0 && h.time >= h.seal {
		h.time = math.MaxInt64
	}
	return h.time > was
}

// assure raises a held time by what the origin has said, to us or to a peer.
func (t *Table) assure(now Now, origin edged.OriginID, to int64) {
	if t.raise(origin, to) {
		t.held[origin].heard = now.Mono
	}
}

// raiseFrontier tells readers when the least of the held times has risen.
func (t *Table) raiseFrontier() {
	least := int64(math.MaxInt64)
	for _, h := range t.origins {
		least = min(least, h.time)
	}
	if least > t.frontier {
		t.frontier = least
		t.do(Stable{Frontier: least})
	}
}

// Promise takes a promise of our own: every event of ours with an earlier stamp was told to
// Durable. Each lane carries it behind the blocks that wait there now.
func (t *Table) Promise(now Now, time int64) []Work {
	t.assure(now, t.origin.ID, time)
	t.raiseFrontier()
	for _, s := range t.order {
		if !s.up {
			continue
		}
		for lane := wire.LaneLive; lane <= wire.LaneHidden; lane++ {
			l := &s.out.lanes[lane]
			if l.promise > l.offered {
				continue // the one before is still on its way
			}
			l.promise = time
			l.behind = l.behind || s.lagging
			for _, r := range l.ready {
				if !r.dropped && r.sent < r.head {
					r.target = r.head
					l.barrier++
				}
			}
			t.do(Wake{Link: s.link, Lane: lane})
		}
	}
	return t.work()
}

func (t *Table) receivePromise(now Now, s *session, lane int, f wire.Promise) {
	if lane < wire.LaneLive || lane > wire.LaneHidden {
		t.close(s, "protocol", "a promise on a lane without live blocks")
		return
	}
	t.knowOrigin(s.hello.Origin).heard = now.Mono
	l := &s.in.lanes[lane]
	l.waiting = append(l.waiting, marker{epoch: l.epoch, time: f.Time, behind: f.Behind || l.lost})
	l.epoch, l.lost = l.epoch+1, false
	t.takePromises(now, s)
	t.raiseFrontier()
}

// takePromises takes the promises for which all before has landed. Their least over the lanes is
// held, if nothing from before this session is missing and no hole is open.
func (t *Table) takePromises(now Now, s *session) {
	least := int64(math.MaxInt64)
	for lane := wire.LaneLive; lane <= wire.LaneHidden; lane++ {
		l := &s.in.lanes[lane]
		for len(l.waiting) > 0 && !l.flies(l.waiting[0].epoch) {
			if m := l.waiting[0]; m.behind {
				s.in.compared, s.in.since = false, max(s.in.since, m.time)
			} else {
				l.time = max(l.time, m.time)
			}
			l.waiting = l.waiting[1:]
		}
		least = min(least, l.time)
	}
	if !s.in.compared || least <= 0 {
		return
	}
	for _, h := range t.holes {
		if h.origin == s.hello.Origin.ID {
			return
		}
	}
	t.assure(now, s.hello.Origin.ID, least)
}

// lose notes that a block of an epoch was not taken, wherever in its log it belongs: the promise
// behind it holds only once the peer is found equal after it.
func (l *inLane) lose(epoch uint64) {
	if epoch == l.epoch {
		l.lost = true
		return
	}
	for i := range l.waiting {
		if l.waiting[i].epoch == epoch {
			l.waiting[i].behind = true
		}
	}
}

// flies says whether a block of an epoch, or of one before, has not landed.
func (l *inLane) flies(epoch uint64) bool {
	for e := range l.flying {
		if e <= epoch {
			return true
		}
	}
	return false
}

// settleSince notes from when on a peer pushes all that it appends: what came before has to be
// compared. Its stamps may run ahead of its clock by the ceiling.
func (s *session) settleSince(sent int64) {
	s.in.compared = false
	s.in.since = max(s.hello.HLC.Wall, sent+4*int64(time.Second))
}
