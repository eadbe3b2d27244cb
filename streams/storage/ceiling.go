package storage

import (
	"sync/atomic"
	"time"

	"github.com/edgedhq/edged"
)

// Clock makes the stamps of events. One goroutine uses it at a time.
type Clock interface {
	// Stamp reserves n stamps, all later than any before, and returns the first; the others
	// follow it by their counters.
	Stamp(n int) edged.Timestamp
	// Restore makes every later stamp greater than the one given.
	Restore(at edged.Timestamp)
}

// While stamps are made the ceiling stays between ceilingRenew and ceilingAhead above them.
const (
	ceilingAhead = int64(time.Second)
	ceilingRenew = int64(500 * time.Millisecond)
	// ceilingJump is how far the ceiling found at start may be above the wall clock; beyond it
	// the clock has jumped, then or now.
	ceilingJump = int64(time.Hour)
)

var ceilingKey = spaceNode.key(nil, []byte("ceiling")) // read-only

// ceiling is a wall time on disk: no stamp that anyone is shown is above it, so that stamps rise
// across a crash. It needs no fsync of its own: a group that makes stamps carries it.
type ceiling struct {
	staged  int64 // as the groups staged so far leave it; for the committer only
	durable atomic.Int64
}

// cover says what a group that made n stamps has to raise the ceiling to; 0 when it suffices.
func (c *ceiling) cover(at edged.Timestamp, n int) int64 {
	if c.staged-at.Plus(n-1).Wall >= ceilingRenew {
		return 0
	}
	c.staged = at.Wall + ceilingAhead
	return c.staged
}

// covers says whether the durable ceiling is not below a stamp.
func (c *ceiling) covers(at edged.Timestamp) bool {
	durable := edged.Timestamp{Wall: c.durable.Load()}
	return at.Compare(durable) <= 0
}
