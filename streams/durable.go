package streams

import "github.com/edgedhq/edged"

// ahead is the place just before what is visible ahead of its fsync: blocks of one group, which end
// the ring, as nothing is shown ahead of its fsync before all that stands before it is durable.
type ahead struct {
	some bool
	pos  uint64 // in the ring
	base edged.Base
}

// tip is the place of a reader who has had all that it may see.
type tip struct {
	vector edged.Vector
	base   edged.Base // the same, encoded
	pos    uint64     // the same in the ring
	inRing bool       // the ring holds all that comes after
}

// tip is where the feed stands when it has caught up. The caller holds the stream's mutex.
func (f *feed) tip() tip {
	v := &f.stream.view
	if f.query.Durable && v.ahead.some {
		a := v.ahead
		return tip{a.base.Cursor().Vector, a.base, a.pos, a.pos >= v.ring.first}
	}
	return tip{v.ring.vector, v.ring.base, v.ring.next(), true}
}

// await has the feed called when there is more for it. The caller holds the stream's mutex.
func (f *feed) await() {
	v := &f.stream.view
	if f.query.Durable && v.ahead.some {
		v.unsynced = append(v.unsynced, &f.wait)
		return
	}
	v.waiting = append(v.waiting, &f.wait)
}

// showEarly makes blocks visible ahead of their fsync.
func (s *stream) showEarly(blocks []stagedBlock) {
	if len(blocks) == 0 {
		return
	}
	s.mu.Lock()
	s.view.ahead = ahead{true, s.view.ring.next(), s.view.ring.base}
	s.mu.Unlock()
	show(blocks)
}

// synced says that the fsync of what was shown ahead of it has returned.
func (s *stream) synced() {
	s.mu.Lock()
	s.view.ahead = ahead{}
	waiting := s.view.unsynced
	s.view.unsynced = nil
	s.mu.Unlock()
	s.broker.waker.wake(waiting)
}
