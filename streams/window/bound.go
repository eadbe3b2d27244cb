package window

import (
	"math"
	"time"
)

// Verdict is what becomes of an event.
type Verdict uint8

// OnTime and Late events are folded; a Late one leaves its log's bound with the cell, for windows
// that may have closed. TooLate ones are counted and written to `late`.
const (
	OnTime Verdict = iota
	Late
	TooLate
)

// ahead is how far past its own stamp an event's time may be and still move its log's bound.
const ahead = int64(time.Minute)

// Progress is how far one log has come for one query. The zero value is that of a fresh log: it has
// no bound, so old data loaded into it is on time. For each event, in the log's order: Arrive,
// Verdict if WHERE is true, Advance if it has a time.
type Progress struct {
	Bound   int64 // event time below which this log's prefix calls an event late
	Bounded bool  // whether there is a Bound
	Last    int64 // stamp of the last event
}

// Arrive counts the quiet time before an event in the log's own stamps, and takes note of its stamp.
func (p *Progress) Arrive(s *Spec, stamp int64) {
	switch {
	case s.Ingest:
		p.Bound, p.Bounded = stamp, true
	case p.Bounded:
		p.Bound = plus(p.Bound, s.quiet(p.Last, stamp))
	}
	p.Last = stamp
}

// quiet is how much of the time from last to now counts though nothing came.
func (s *Spec) quiet(last, now int64) int64 {
	if s.Idle == Never {
		return 0
	}
	return max(0, minus(minus(now, last), s.Idle))
}

// Verdict judges an event by the end of its slice; of a Session, by its time.
func (p *Progress) Verdict(s *Spec, sliceEnd int64) Verdict {
	if !p.Bounded || s.Ingest || s.Kind == None {
		return OnTime
	}
	switch {
	case !s.past(sliceEnd, p.Bound):
		return OnTime
	case !s.settled(sliceEnd, p.Bound):
		return Late
	}
	return TooLate
}

// Advance moves the bound by the time of an event that has arrived, kept by WHERE or not. A time
// far ahead of its stamp moves nothing.
func (p *Progress) Advance(s *Spec, stamp, t int64) {
	if s.Ingest || t > plus(stamp, ahead) {
		return
	}
	bound := minus(t, s.OutOfOrderness)
	if !p.Bounded || bound > p.Bound {
		p.Bound, p.Bounded = bound, true
	}
}

// past tells whether a bound or watermark calls what is before end late.
func (s *Spec) past(end, mark int64) bool { return mark >= plus(end, s.Lateness) }

// settled tells whether it calls that too late.
func (s *Spec) settled(end, mark int64) bool {
	return mark >= plus(plus(end, s.Lateness), s.ReviseWithin)
}

// plus and minus stop at the ends of int64: times come from users.
func plus(a, b int64) int64 {
	sum := a + b
	if (a < 0) == (b < 0) && (sum < 0) != (a < 0) {
		return end(a)
	}
	return sum
}

func minus(a, b int64) int64 {
	rest := a - b
	if (a < 0) != (b < 0) && (rest < 0) != (a < 0) {
		return end(a)
	}
	return rest
}

// end is the end of int64 on the side of a.
func end(a int64) int64 {
	if a < 0 {
		return math.MinInt64
	}
	return math.MaxInt64
}
