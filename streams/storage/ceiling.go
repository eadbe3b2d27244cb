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
	// Observe makes every later stamp greater than another node's, unless that is too far ahead
	// of the wall clock to be followed.
	Observe(remote edged.Timestamp) (followed bool)
}

// While stamps are made the ceiling stays between ceilingRenew and ceilingAhead above them.
const (
	ceilingAhead = int64(time.Second)
	ceilingRenew = int64(500 * time.Millisecond)
	// ceilingJump is how far the ceiling found at start may be above the wall clock; beyond it
	// the clock has jumped, then or now.
	ceilingJump = int64(time.Hour)
	// While only promises are made the ceiling stays between quietRenew and quietAhead above them;
	// quietAfter the last stamp of an event that is so.
	quietAfter = 2 * time.Second
	quietAhead = int64(3 * time.Second)
	quietRenew = int64(time.Second)
)

var ceilingKey = spaceNode.key(nil, []byte("ceiling")) // read-only

// ceiling is a wall time on disk: no stamp that anyone is shown is above it, so that stamps rise
// across a crash. It needs no fsync of its own: a group that makes stamps carries it.
type ceiling struct {
	staged  int64 // as the groups staged so far leave it; for the committer only
	used    int64 // the last stamp of an event; for the committer only
	durable atomic.Int64
}

// cover says what a group that made stamps from at on, which differ in the counter, has to raise the ceiling to; 0 when it suffices.
func (c *ceiling) cover(at edged.Timestamp) int64 {
	c.used = at.Wall
	return c.raise(at.Wall, ceilingRenew, ceilingAhead)
}

// promise is cover for a promise.
func (c *ceiling) promise(wall int64) int64 {
	if wall-c.used < int64(quietAfter) {
		return c.raise(wall, ceilingRenew, ceilingAhead)
	}
	return c.raise(wall, quietRenew, quietAhead)
}

func (c *ceiling) raise(wall, renew, ahead int64) int64 {
	if c.staged-wall >= renew {
		return 0
	}
	c.staged = wall + ahead
	return c.staged
}

// covers says whether the durable ceiling is not below a stamp.
func (c *ceiling) covers(at edged.Timestamp) bool {
	durable := edged.Timestamp{Wall: c.durable.Load()}
	return at.Compare(durable) <= 0
}
