package streams

import (
	"errors"
	"math"
	"slices"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
	"github.com/edgedhq/edged/streams/storage"
)

// merge reads a stream from disk, from a vector to a target that was visible when it began, its
// logs merged by (hlc, origin, partition, sequence). At the target it begins again, until the
// ring can take over. In stable order it stops below the frontier.
type merge struct {
	vector   edged.Vector // had
	target   edged.Vector
	lanes    []*lane
	frontier int64
	blocked  bool // the next event is not below the frontier
}

// lane is one log of a merge.
type lane struct {
	log    *storage.Log
	key    edged.LogKey
	next   edged.Sequence
	stop   edged.Sequence // the last that is wanted
	blocks []block.Block  // read ahead; blocks[0] holds next
}

// laneBytes is the most that is read ahead for a lane at a time. It is no more than what the reader
// takes is likely to be stored in, a quarter: what stays ahead is let go when the reader has enough.
const laneBytes = 1 << 20

// fromDisk gives what the database holds behind the ring.
func (f *feed) fromDisk(dst []edged.Delivery, left *budget) (_ []edged.Delivery, more bool) {
	if f.behind == nil {
		if more, waits := f.begin(); waits || f.live {
			return dst, more
		}
	}
	m := f.behind
	for len(m.lanes) > 0 && !m.blocked && !left.spent() && f.failed == nil && len(f.notices) == 0 {
		dst = f.step(dst, m, left)
	}
	for _, l := range m.lanes {
		l.blocks = l.blocks[:min(len(l.blocks), 1)]
	}
	if m.blocked || len(m.lanes) == 0 {
		f.stand(f.cursorAt(m.vector).Base())
		f.behind, f.ahead = nil, m.lanes
	}
	return dst, !m.blocked || !f.stall(m)
}

// stall waits for the frontier to move, unless it has since the merge began.
func (f *feed) stall(m *merge) bool {
	s := f.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.view.def.Generation != f.gen || !s.broker.frontier.block(s, m.frontier) {
		return false
	}
	s.view.waiting = append(s.view.waiting, &f.wait)
	return true
}

func (f *feed) cursorAt(v edged.Vector) edged.Cursor {
	return edged.Cursor{Stream: f.query.Stream, Generation: f.gen, Vector: v}
}

// begin takes the newest visible vector as the target. A feed that stands there already goes
// live; one that stands beyond it, at a generation to come, or in the stable order, waits.
func (f *feed) begin() (more, waits bool) {
	s := f.stream
	had := f.Cursor()
	if f.gen > 0 {
		if lost := s.clamp(had); len(lost) > 0 {
			f.notices = append(f.notices, lost...)
			f.stand(had.Base())
			return true, true
		}
	}
	frontier := int64(math.MaxInt64)
	if f.query.Stable { // asked before the vector is: what is below it is in the vector
		frontier = s.broker.frontier.at()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v := &s.view
	if now := v.def.Generation; now > f.gen && (f.gen == 0 || f.early) {
		f.gen = now
		had.Generation, had.Vector = f.gen, edged.Vector{}
		f.stand(had.Base())
	}
	if f.early = f.early && v.def.Generation < f.gen; f.early {
		v.waiting = append(v.waiting, &f.wait)
		return false, true
	}
	if v.def.Generation != f.gen {
		f.end()
		return true, true
	}
	now := f.tip()
	m := &merge{vector: had.Vector, target: now.vector.Clone(), frontier: frontier}
	for _, key := range m.target.Keys() {
		head := m.target[key]
		if f.query.Local && key.Origin != s.broker.store.Origin().ID {
			m.vector.Raise(key, head)
		}
		if m.vector[key] < head {
			m.lanes = append(m.lanes, f.lane(v.logs[key], m.vector[key]+1, head))
		}
	}
	switch {
	case len(m.lanes) > 0:
		f.behind = m
		return true, false
	case f.gen > 0 && !f.query.Stable && now.inRing && m.target.Covers(m.vector):
		f.live, f.pos, f.off = true, now.pos, 0
		f.stand(now.base)
		return true, false
	case !m.target.Covers(m.vector):
		s.broker.frontier.await(s)
	}
	f.await()
	return false, true
}

// lane is a lane from one sequence to another: that of the merge before, with what it has read, if
// it stands there.
func (f *feed) lane(log *storage.Log, next, stop edged.Sequence) *lane {
	for _, l := range f.ahead {
		if l.log == log && l.next == next {
			l.stop = stop
			return l
		}
	}
	return &lane{log: log, key: log.Name().Key(), next: next, stop: stop}
}

// step gives the next run of the lane whose next event is the oldest.
func (f *feed) step(dst []edged.Delivery, m *merge, left *budget) []edged.Delivery {
	base := f.cursorAt(m.vector).Base()
	if len(m.lanes) == 1 { // also with blocks read ahead: the forms of a run are worth more than a block
		if r := f.stream.broker.runs.get(m.lanes[0], base); r != nil {
			return f.advance(dst, m, m.lanes[0], r, left)
		}
	}
	for _, l := range slices.Clone(m.lanes) {
		if !f.fill(m, l, left) || f.failed != nil {
			return dst // a gap or a fault: the places have moved, so the base has
		}
	}
	first, limit := m.oldest()
	if first == nil {
		return dst
	}
	held := first.blocks[0]
	last := min(first.stop, held.Header().Last())
	if limit != nil {
		last = min(last, first.lastBefore(limit))
	}
	r := newRun(first.log.Name(), held, first.next, last, base)
	if len(m.lanes) == 1 {
		r = f.stream.broker.runs.put(r)
	}
	return f.advance(dst, m, first, r, left)
}

// advance gives a run and moves its lane on.
func (f *feed) advance(dst []edged.Delivery, m *merge, l *lane, r *run, left *budget) []edged.Delivery {
	if r.block.Header().HLC.Wall >= m.frontier {
		m.blocked = true
		return dst
	}
	dst, to := f.give(dst, r, 0, left)
	if f.query.Stable {
		f.order(r, to)
	}
	l.next = r.first() + edged.Sequence(to)
	m.vector.Raise(l.key, l.next-1)
	for len(l.blocks) > 0 && l.blocks[0].Header().Last() < l.next {
		l.blocks = l.blocks[1:]
	}
	m.leave(l)
	return dst
}

// leave takes a lane out that has reached its end.
func (m *merge) leave(l *lane) {
	if l.next > l.stop {
		m.lanes = slices.DeleteFunc(m.lanes, func(x *lane) bool { return x == l })
	}
}

// order notes that the first n events of a run were given in stable order, and counts them if
// later ones were given before.
func (f *feed) order(r *run, n int) {
	if n == 0 {
		return
	}
	first := r.block.Header().HLC.Plus(r.off)
	if first.Compare(f.newest) < 0 {
		f.stream.broker.stats.late.Add(int64(n))
		return
	}
	f.newest = first.Plus(n - 1)
}

// fill reads ahead in a lane until blocks[0] holds its next event. If events are gone it moves
// past them with a notice and says false: the merge has changed.
func (f *feed) fill(m *merge, l *lane, left *budget) bool {
	if len(l.blocks) > 0 {
		return true
	}
	blocks, err := f.stream.broker.store.Read(l.log, l.next, min(laneBytes, max(left.bytes/4, 1)), nil)
	var corrupt *storage.CorruptError
	if err != nil && !errors.As(err, &corrupt) {
		f.failed = err
		return false
	}
	until := l.stop + 1 // where the next event can be that is held
	switch {
	case len(blocks) > 0:
		until = blocks[0].Header().First
	case corrupt != nil:
		until = max(corrupt.Next, l.next+1)
	}
	if until > l.next {
		to, reason := f.missing(l, until-1)
		f.gap(m, l, to, reason)
		return false
	}
	l.blocks = blocks
	return true
}

// oldest is the lane whose next event comes first, and the lane that comes after it.
func (m *merge) oldest() (first, second *lane) {
	for _, l := range m.lanes {
		switch {
		case first == nil || l.before(first):
			first, second = l, first
		case second == nil || l.before(second):
			second = l
		}
	}
	return first, second
}

// stamp is the HLC of a sequence in the lane's first block.
func (l *lane) stamp(seq edged.Sequence) edged.Timestamp {
	h := l.blocks[0].Header()
	return h.HLC.Plus(int(seq - h.First))
}

func (l *lane) before(o *lane) bool {
	if c := l.stamp(l.next).Compare(o.stamp(o.next)); c != 0 {
		return c < 0
	}
	return l.key.Compare(o.key) < 0
}

// lastBefore is the last sequence of the lane's first block that comes before the other lane's
// next event.
func (l *lane) lastBefore(o *lane) edged.Sequence {
	h, until := l.blocks[0].Header(), o.stamp(o.next)
	if h.HLC.Wall != until.Wall || l.stamp(h.Last()).Compare(until) < 0 {
		return h.Last()
	}
	// Both count on one nanosecond: event i of the block has the logical part HLC.Logical+i.
	last := h.First + edged.Sequence(until.Logical-h.HLC.Logical)
	if l.key.Compare(o.key) > 0 {
		last--
	}
	return min(max(last, l.next), h.Last())
}
