package window

import (
	"math"
	"slices"

	"github.com/edgedhq/edged"
)

// Unknown is the watermark of which nothing is known, past no window.
const Unknown int64 = math.MinInt64

// Watermark is the event time that a log has reached: its bound, and the quiet time that its origin
// vouches for. A promise is the stamp before which the origin appends nothing more, 0 without one;
// it is covered when all that the log held then is in p. Which of those found stands: Mark.
func (s *Spec) Watermark(p Progress, promise int64, covered bool) int64 {
	if covered = covered && promise != 0; !p.Bounded {
		if !covered {
			return Unknown
		}
		return s.Unstarted(promise)
	}
	switch {
	case !covered:
		return p.Bound
	case s.Ingest:
		return max(p.Last, promise)
	}
	return plus(p.Bound, s.quiet(p.Last, promise))
}

// Unstarted is the watermark of an origin in scope that has no log in the stream, and of a covered
// log without a bound, whatever Idle is. It is a guess: the first events may bring any time.
func (s *Spec) Unstarted(promise int64) int64 {
	switch {
	case promise == 0:
		return Unknown
	case s.Ingest:
		return promise
	}
	return minus(promise, s.OutOfOrderness)
}

// Mark is the watermark that stands for one log. The largest found does, for what comes is late by
// the log's own bound; but those found before it had a bound were guesses, and end with them: events
// of any time may have come on time, and more may follow.
type Mark struct {
	Watermark int64
	Bounded   bool // no guess
}

// Raise takes in what is known of the log now.
func (m *Mark) Raise(s *Spec, p Progress, promise int64, covered bool) {
	now := Mark{s.Watermark(p, promise, covered), p.Bounded}
	if m.Bounded {
		now.Watermark = max(now.Watermark, m.Watermark)
	}
	*m = now
}

// Source is one origin in scope, as one node sees it.
type Source struct {
	Origin    edged.Origin
	Watermark int64 // the least of its logs' Marks, or that of Unstarted
	Bounded   bool  // a log of it has a bound
	Sealed    bool  // it is sealed and folded to its sealed heads: past everything
	Unheard   int64 // nanoseconds since it was heard, by this node's clock and since its start at most
}

// Watermark is the query's: the least of the sources without the sealed and the excluded. Unknown
// if no other source is there, and math.MaxInt64 if they are all sealed. By that of the Bounded
// sources alone, rows are retained.
func Watermark(sources []Source, excluded []edged.Origin) int64 {
	least, found := int64(math.MaxInt64), false
	for i := range sources {
		source := &sources[i]
		if slices.Contains(excluded, source.Origin) {
			continue
		}
		if found = true; !source.Sealed {
			least = min(least, source.Watermark)
		}
	}
	if !found {
		return Unknown
	}
	return least
}
