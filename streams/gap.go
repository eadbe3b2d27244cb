package streams

import (
	"slices"

	"github.com/edgedhq/edged"
)

// gapReasons are the reasons that a gap notice gives.
var gapReasons = [...]string{"retired", "forced", "lost", "forked", "corrupt"} // read-only

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
