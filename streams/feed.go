package streams

import (
	"github.com/edgedhq/edged"
)

var _ edged.Feed = (*feed)(nil)

// feed is one reader's place: live, a position in the ring; or behind, a vector from which the
// database is read until it meets the ring.
type feed struct {
	stream *stream
	query  edged.Query
	match  *matcher // nil for all
	wait   waiter
	resume string
	gen    edged.Generation // 0 while the stream is awaited
	early  bool             // its cursor is of a generation that is not known here yet
	failed error            // ends the feed

	// place is after all that was given: just after sequence seq of log key, at base elsewhere.
	place struct {
		base edged.Base
		key  edged.LogKey
		seq  edged.Sequence // 0: at base itself
	}

	live bool
	pos  uint64 // live: position in the ring
	off  int    // live: events of that run already given

	behind  *merge          // not live; nil until begun
	ahead   []*lane         // of the merge before, which the frontier stopped
	newest  edged.Timestamp // of what was given in stable order
	notices []edged.Notice
}

// budget is what is left of one call of Next.
type budget struct{ bytes, events int }

func (b *budget) spent() bool { return b.bytes <= 0 || b.events <= 0 }

// Follow opens a reader's place.
func (b *Broker) Follow(q edged.Query, wake func()) (edged.Feed, error) {
	match, err := b.matcher(q.Match)
	if err != nil {
		return nil, err
	}
	s, err := b.take(q.Stream)
	if err != nil {
		b.leave(match)
		return nil, err
	}
	f := &feed{stream: s, query: q, match: match, resume: "start"}
	f.wait.call = wake
	if err := f.open(); err != nil {
		b.leave(match)
		b.release(s)
		return nil, err
	}
	s.mu.Lock()
	s.view.feeds++
	s.mu.Unlock()
	return f, nil
}

// Close gives the place up.
func (f *feed) Close() {
	s := f.stream
	f.wait.leave()
	s.drop(&f.wait)
	s.mu.Lock()
	if s.view.feeds--; s.view.feeds == 0 {
		s.broker.ringBytes.Add(-int64(s.view.ring.trim(0)))
	}
	s.mu.Unlock()
	s.broker.leave(f.match)
	s.broker.release(s)
}

// Resume says how the feed took up its Start.
func (f *feed) Resume() string { return f.resume }

// Cursor is the place after all that Next gave.
func (f *feed) Cursor() edged.Cursor {
	c := f.place.base.Cursor()
	if f.place.seq > 0 {
		c.Vector.Raise(f.place.key, f.place.seq)
	}
	return c
}

// stand puts the place at a vector.
func (f *feed) stand(at edged.Base) {
	f.place.base, f.place.seq = at, 0
}

// Next appends what waits.
func (f *feed) Next(dst []edged.Delivery, bytesMax, eventsMax int) ([]edged.Delivery, error) {
	left := budget{bytesMax, eventsMax}
	had := len(dst)
	dst = f.tell(dst)
	for more := true; more && f.failed == nil && !left.spent(); {
		if f.live {
			dst, more = f.fromRing(dst, &left)
		} else {
			dst, more = f.fromDisk(dst, &left)
		}
		dst = f.tell(dst)
	}
	if len(dst) == had {
		return dst, f.failed
	}
	return dst, nil
}

// tell gives the notices that have come up.
func (f *feed) tell(dst []edged.Delivery) []edged.Delivery {
	for i := range f.notices {
		dst = append(dst, edged.Delivery{Notice: &f.notices[i]})
	}
	f.notices = nil
	return dst
}

// fromRing gives what the ring holds from the feed's position. more says that another turn may
// give more; without it the feed waits to be woken.
func (f *feed) fromRing(dst []edged.Delivery, left *budget) (_ []edged.Delivery, more bool) {
	s := f.stream
	s.mu.Lock()
	if s.view.def.Generation != f.gen {
		s.mu.Unlock()
		f.end()
		return dst, true
	}
	ring := &s.view.ring
	if f.pos < ring.first {
		f.fallBehind()
		s.mu.Unlock()
		return dst, true
	}
	var runs [32]*run
	n := copy(runs[:], ring.runs[f.pos-ring.first:])
	if a := s.view.ahead; f.query.Durable && a.some {
		n = int(min(uint64(n), a.pos-f.pos))
	}
	if n == 0 {
		f.await()
		s.mu.Unlock()
		return dst, false
	}
	s.mu.Unlock()
	for _, r := range runs[:n] {
		if left.spent() {
			break
		}
		var to int
		dst, to = f.give(dst, r, f.off, left)
		if f.off = to; to == r.count {
			f.pos, f.off = f.pos+1, 0
		}
	}
	return dst, true
}

// give appends the run's events from index from on, as far as the budget goes, and returns the
// index up to which the reader has had them.
func (f *feed) give(dst []edged.Delivery, r *run, from int, left *budget) ([]edged.Delivery, int) {
	to := r.count
	d := edged.Delivery{Run: r, From: from, To: to}
	switch {
	case f.query.Local && r.name.Origin.ID != f.stream.broker.store.Origin().ID:
		d.To = from
	case f.match != nil:
		d.Picks, to = cut(r.pick(f.match), from, to, left.events)
		d.To = to
		if len(d.Picks) == 0 {
			d.To = from
		}
	case to-from > left.events:
		to = from + left.events
		d.To = to
	}
	f.place.base, f.place.key, f.place.seq = r.base, r.name.Key(), r.first()+edged.Sequence(to)-1
	if n := d.Len(); d.To > from && n > 0 {
		left.events -= n
		left.bytes -= r.Bytes() * n / r.count
		dst = append(dst, d)
	}
	return dst, to
}

// cut takes at most limit picks from index from on, and says up to which index they reach.
func cut(picks []int32, from, to, limit int) ([]int32, int) {
	for len(picks) > 0 && int(picks[0]) < from {
		picks = picks[1:]
	}
	if len(picks) > limit {
		picks = picks[:limit]
		to = int(picks[limit-1]) + 1
	}
	return picks, to
}

// fallBehind turns a live feed that the ring has dropped into one that reads from disk, or, if
// it asked to skip, moves it to the newest. The caller holds the stream's mutex.
func (f *feed) fallBehind() {
	f.stream.broker.stats.fellBehind.Add(1)
	now := f.tip()
	if !f.query.SkipLag || !now.inRing {
		f.live, f.behind = false, nil
		return
	}
	had := f.Cursor().Vector
	var skipped int64
	for key, head := range now.vector {
		skipped += int64(head - min(head, had[key]))
	}
	f.pos, f.off = now.pos, 0
	f.stand(now.base)
	f.notices = append(f.notices, edged.Notice{Op: "lagged", Skipped: skipped})
}

// end ends the feed of a generation that is no more.
func (f *feed) end() {
	f.notices = append(f.notices, edged.Notice{Op: "deleted"})
	f.failed = unknown(f.query.Stream)
}
