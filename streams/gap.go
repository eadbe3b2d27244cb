package streams

import (
	"slices"

	"github.com/edgedhq/edged"
)

// gapReasons are the reasons that a gap notice gives.
var gapReasons = [...]string{"retired", "forced", "lost", "forked", "corrupt"} // read-only

// clamp moves a cursor back to the heads of logs that have ended, when all of them is held here:
// what the cursor covers beyond was shown before an fsync, and is lost.
func (s *stream) clamp(c edged.Cursor) (lost []edged.Notice) {
	for key, seen := range s.uncovered(c) {
		name := edged.LogName{
			Stream: c.Stream, Generation: c.Generation, Partition: key.Partition, Origin: edged.Origin{ID: key.Origin},
		}
		head, ended := s.broker.endOf(&name)
		if !ended || head >= seen {
			continue
		}
		c.Vector[key] = head
		lost = append(lost, edged.Notice{Op: "gap", Log: name, From: head + 1, To: seen, Reason: "lost"})
		s.broker.countGap("lost")
	}
	return lost
}

// uncovered is what a cursor covers and is not visible here.
func (s *stream) uncovered(c edged.Cursor) edged.Vector {
	s.mu.Lock()
	defer s.mu.Unlock()
	beyond := edged.Vector{}
	for key, seen := range c.Vector {
		if s.view.ring.vector[key] < seen {
			beyond[key] = seen
		}
	}
	return beyond
}

// endOf is where a log ends for good, and completes its name; ended is false while more may come.
func (b *Broker) endOf(name *edged.LogName) (head edged.Sequence, ended bool) {
	l, err := b.store.Find(name.ID())
	switch {
	case err != nil:
		b.opts.Log.Warn("log not looked up", "stream", name.Stream, "err", err)
	case l != nil:
		name.Origin = l.Name().Origin
		return l.Durable().Head, l.Sealed() && l.End() < b.frontier.at()
	default:
		if _, closed := b.store.Closed(name.Origin.ID); closed {
			head, _, err := b.store.Limit(name.Origin.ID, name.ID())
			return 0, err == nil && head == 0
		}
		for _, own := range b.store.SelfSealed() {
			if own.Origin.ID == name.Origin.ID {
				name.Origin = own.Origin
				return 0, true
			}
		}
	}
	return 0, false
}

// missing says why the next event of a lane is not held, and up to which one, at most last, that
// is so.
func (f *feed) missing(l *lane, last edged.Sequence) (to edged.Sequence, reason string) {
	gaps, err := f.stream.broker.store.Gaps(l.log)
	if err != nil {
		f.stream.broker.opts.Log.Warn("gaps of a log not read", "stream", f.query.Stream, "err", err)
	}
	for _, g := range gaps {
		if g.From > l.next {
			last = min(last, g.From-1)
			break
		}
		if l.next <= g.To {
			return min(last, g.To), g.Reason
		}
	}
	if start := l.log.Durable().Start; l.next < start {
		return min(last, start-1), "retired"
	}
	return last, "corrupt" // the vector covers it, the database does not hold it
}

// gap moves a lane past events that are gone and tells the reader.
func (f *feed) gap(m *merge, l *lane, last edged.Sequence, reason string) {
	last = min(last, l.stop)
	f.notices = append(f.notices, edged.Notice{Op: "gap", Log: l.log.Name(), From: l.next, To: last, Reason: reason})
	f.stream.broker.countGap(reason)
	m.vector.Raise(l.key, last)
	l.next = last + 1
	m.leave(l)
	f.stand(f.cursorAt(m.vector).Base())
}

// countGap counts a notice.
func (b *Broker) countGap(reason string) {
	if i := slices.Index(gapReasons[:], reason); i >= 0 {
		b.stats.gaps[i].Add(1)
	}
}
