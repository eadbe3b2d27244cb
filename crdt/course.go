package crdt

import (
	"math"

	"github.com/edgedhq/edged"
)

// course is where operations lead a counter, before any is carried out.
type course struct {
	start   rows
	own     edged.OriginID
	stamp   edged.Timestamp
	tally   tally // of the own origin
	sum     wide  // that shows
	cleared bool
}

func newCourse(start rows, own edged.OriginID, stamp edged.Timestamp) *course {
	return &course{start: start, own: own, stamp: stamp, tally: start.of(own), sum: start.sum()}
}

func (c *course) clear() {
	c.tally.raise(c.tally.reset())
	c.cleared, c.sum = true, wide{}
}

// move adds a number of either sign, or refuses it.
func (c *course) move(n int64, refuse func(format string, args ...any) error) error {
	sum := c.sum.moved(n)
	if !sum.fits() && (sum.high >= 0) == (n >= 0) {
		return refuse("the value is %d; it stays between -2^63 and 2^63-1", c.sum.int64())
	}
	total, mark := &c.tally.plus, c.tally.plusMark
	if n < 0 {
		total, mark = &c.tally.minus, c.tally.minusMark
	}
	from := max(*total, mark)
	if magnitude(n) > math.MaxInt64-from {
		return refuse("this node has moved the value by %d in this direction; it may by 2^63-1 in all", from)
	}
	if n != 0 {
		*total, c.sum = from+magnitude(n), sum
	}
	return nil
}

// carry puts what has been raised into a delta.
func (c *course) carry(delta *rows) {
	var raised rows
	for i := range c.start {
		if r := &c.start[i]; c.cleared && r.alive() && r.origin != c.own {
			raised = append(raised, row{origin: r.origin, tally: r.reset()})
		}
	}
	delta.merge(raised)
	if c.tally != c.start.of(c.own) {
		own := row{origin: c.own, tally: c.tally}
		own.stampWith(c.stamp)
		delta.merge(rows{own})
	}
}
