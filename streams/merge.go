package streams

import (
	"errors"
	"slices"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
	"github.com/edgedhq/edged/streams/storage"
)

// merge reads a stream from disk, from a vector to a target that was visible when it began, its
// logs merged by (hlc, origin, partition, sequence). At the target it begins again, until the
// ring can take over.
type merge struct {
	vector edged.Vector // had
	target edged.Vector
	lanes  []*lane
}

// lane is one log of a merge.
type lane struct {
	log    *storage.Log
	key    edged.LogKey
	next   edged.Sequence
	stop   edged.Sequence // the last that is wanted
	blocks []block.Block  // read ahead; blocks[0] holds next
}

// laneBytes is read ahead for each lane at a time.
const laneBytes = 1 << 20

// fromDisk gives what the database holds behind the ring.
func (f *feed) fromDisk(dst []edged.Delivery, left *budget) (_ []edged.Delivery, more bool) {
	if f.behind == nil {
		if more, waits := f.begin(); waits || f.live {
			return dst, more
		}
	}
	m := f.behind
	for len(m.lanes) > 0 && !left.spent() && f.failed == nil && len(f.notices) == 0 {
		dst = f.step(dst, m, left)
	}
	for _, l := range m.lanes {
		l.blocks = l.blocks[:min(len(l.blocks), 1)]
	}
	if len(m.lanes) == 0 {
		f.stand(f.cursorAt(m.vector).Base())
		f.behind = nil
	}
	return dst, true
}

func (f *feed) cursorAt(v edged.Vector) edged.Cursor {
	return edged.Cursor{Stream: f.query.Stream, Generation: f.gen, Vector: v}
}

// begin takes the newest visible vector as the target. A feed that stands there already goes
// live; one that stands beyond it, or wants the stable order, waits.
func (f *feed) begin() (more, waits bool) {
	s := f.stream
	had := f.Cursor()
	s.mu.Lock()
	defer s.mu.Unlock()
	v := &s.view
	if f.gen == 0 && v.def.Generation > 0 {
		f.gen = v.def.Generation
		had.Generation, had.Vector = f.gen, edged.Vector{}
		f.place.base, f.place.seq = had.Base(), 0
	}
	if v.def.Generation != f.gen {
		f.end()
		return true, true
	}
	m := &merge{vector: had.Vector, target: v.ring.vector.Clone()}
	for _, key := range m.target.Keys() {
		head := m.target[key]
		if f.query.Local && key.Origin != s.broker.store.Origin().ID {
			m.vector.Raise(key, head)
		}
		if f.query.Stable {
			head = f.stableHead(v.logs[key], head)
			m.target[key] = head
		}
		if m.vector[key] < head {
			m.lanes = append(m.lanes, &lane{log: v.logs[key], key: key, next: m.vector[key] + 1, stop: head})
		}
	}
	switch {
	case len(m.lanes) > 0:
		f.behind = m
		return true, false
	case f.gen > 0 && !f.query.Stable && m.target.Covers(m.vector):
		f.live, f.pos, f.off = true, v.ring.next(), 0
		f.stand(v.ring.base)
		return true, false
	default:
		v.waiting = append(v.waiting, &f.wait)
		return false, true
	}
}

// stableHead is the last event of a log, up to head, below the time for which every event of every
// origin is held here.
func (f *feed) stableHead(l *storage.Log, head edged.Sequence) edged.Sequence {
	b := f.stream.broker
	frontier := b.frontier.Load()
	if l.Durable().Newest.Wall < frontier {
		return head
	}
	first, err := b.store.SeekTime(l, frontier)
	if err != nil {
		b.opts.Log.Error("a log could not be searched for the stable order", "stream", f.stream.name, "err", err)
		return 0
	}
	return min(head, first-1)
}

// step gives the next run of the lane whose next event is the oldest.
func (f *feed) step(dst []edged.Delivery, m *merge, left *budget) []edged.Delivery {
	base := f.cursorAt(m.vector).Base()
	if len(m.lanes) == 1 && len(m.lanes[0].blocks) == 0 {
		if r := f.stream.broker.runs.get(m.lanes[0], base); r != nil {
			return f.advance(dst, m, m.lanes[0], r, left)
		}
	}
	for _, l := range slices.Clone(m.lanes) {
		if !f.fill(m, l) || f.failed != nil {
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
		f.stream.broker.runs.put(r)
	}
	return f.advance(dst, m, first, r, left)
}

// advance gives a run and moves its lane on.
func (f *feed) advance(dst []edged.Delivery, m *merge, l *lane, r *run, left *budget) []edged.Delivery {
	dst, to := f.give(dst, r, 0, left)
	if f.query.Stable {
		f.countLate(r, to)
	}
	l.next = r.first() + edged.Sequence(to)
	m.vector.Raise(l.key, l.next-1)
	for len(l.blocks) > 0 && l.blocks[0].Header().Last() < l.next {
		l.blocks = l.blocks[1:]
	}
	if l.next > l.stop {
		m.lanes = slices.DeleteFunc(m.lanes, func(x *lane) bool { return x == l })
	}
	return dst
}

// countLate counts the events that come after later ones: their origin was not known then.
func (f *feed) countLate(r *run, n int) {
	h := r.block.Header()
	if first := h.HLC.Plus(r.off); first.Compare(f.given) < 0 {
		f.stream.broker.stats.late.Add(int64(n))
	} else if n > 0 {
		f.given = h.HLC.Plus(r.off + n - 1)
	}
}

// fill reads ahead in a lane until blocks[0] holds its next event. If events are gone it moves
// past them with a notice and says false: the merge has changed.
func (f *feed) fill(m *merge, l *lane) bool {
	if len(l.blocks) > 0 {
		return true
	}
	blocks, err := f.stream.broker.store.Read(l.log, l.next, laneBytes, nil)
	var corrupt *storage.CorruptError
	switch {
	case errors.As(err, &corrupt) && len(blocks) == 0:
		f.gap(m, l, max(corrupt.Next-1, l.next), "corrupt")
		return false
	case err != nil && corrupt == nil:
		f.failed = err
		return false
	case len(blocks) == 0:
		last, reason := f.why(l, l.stop)
		f.gap(m, l, last, reason) // the vector covers it, the database does not hold it
		return false
	}
	l.blocks = blocks
	if first := blocks[0].Header().First; first > l.next {
		last, reason := f.why(l, first-1)
		f.gap(m, l, last, reason)
		return false
	}
	return true
}

// why says up to where the events from the lane's next one are missing for one reason, and which.
func (f *feed) why(l *lane, last edged.Sequence) (edged.Sequence, string) {
	gaps, err := f.stream.broker.store.Gaps(l.log)
	if err != nil {
		f.stream.broker.opts.Log.Error("gaps of a log could not be read", "stream", f.stream.name, "err", err)
	}
	for _, g := range gaps {
		if g.From <= l.next && l.next <= g.To {
			return min(last, g.To), g.Reason
		}
		if l.next < g.From && g.From <= last {
			last = g.From - 1
		}
	}
	if start := l.log.Durable().Start; l.next < start {
		return min(last, start-1), "retired"
	}
	return last, "corrupt"
}

// gap moves a lane past events that are gone and tells the reader.
func (f *feed) gap(m *merge, l *lane, last edged.Sequence, reason string) {
	f.notices = append(f.notices, edged.Notice{
		Op: "gap", Log: l.log.Name(), From: l.next, To: min(last, l.stop), Reason: reason,
	})
	f.stream.broker.stats.gaps.Add(1)
	m.vector.Raise(l.key, min(last, l.stop))
	if l.next = last + 1; l.next > l.stop {
		m.lanes = slices.DeleteFunc(m.lanes, func(x *lane) bool { return x == l })
	}
	f.stand(f.cursorAt(m.vector).Base())
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
