// Package hlc is the hybrid logical clock: time stamps that follow the wall clock when they can,
// and never repeat or go back when it does (Kulkarni et al., "Logical Physical Clocks", 2014).
//
//	wall clock   100       100       90        200       200       210
//	call         Stamp(1)  Stamp(2)  Stamp(1)  Stamp(1)  Observe   Stamp(1)
//	                                                     300+5
//	answer       100+0     100+1     100+3     200+0     followed  300+6
//
// A stamp is wall nanoseconds and a counter; one call reserves stamps for a whole block, whose
// event i has counter + i. The 8 and 4 bytes in which blocks carry it are in streams/block.
//
// # Invariants
//
// Every stamp is above all that were given out, followed or restored before. What others say moves
// the clock ahead of the wall clock by AheadMax at most.
//
// # Not here
//
// The ceiling that is kept on disk ahead of use: streams/storage. Text form and order of stamps:
// edged.Timestamp. Locks: whoever shares a Clock guards it.
package hlc

import (
	"math"
	"time"

	"github.com/edgedhq/edged"
)

// AheadMax is how far ahead of the wall clock another node's stamp may be and still be followed.
// One bad clock must not drag the whole mesh into the future.
const AheadMax = 500 * time.Millisecond

// Clock gives out stamps. Made by New; used by one goroutine at a time.
type Clock struct {
	now  func() time.Time
	last edged.Timestamp
}

// New makes a Clock over a wall clock.
func New(now func() time.Time) *Clock { return &Clock{now: now} }

// Stamp reserves n stamps, at least one, that differ in the counter only, and gives the first of
// them: the wall time, or one past the last stamp when the wall clock is not past it. When the
// counter has no room for n the stamp moves on by a nanosecond.
func (c *Clock) Stamp(n int) edged.Timestamp {
	if n < 1 || int64(n) > math.MaxUint32 {
		panic("hlc: a stamp is for at least one event, and for no more than a counter can count")
	}
	first := edged.Timestamp{Wall: c.now().UnixNano()}
	if first.Wall <= c.last.Wall {
		first.Wall = c.last.Wall
		if room := math.MaxUint32 - c.last.Logical; uint32(n) <= room {
			first.Logical = c.last.Logical + 1
		} else {
			first.Wall++
		}
	}
	c.last = first.Plus(n - 1)
	return first
}

// Observe takes note of another node's stamp: later stamps are above it. One that is more than
// AheadMax ahead of the wall clock is not followed; the answer is then false, and what came with
// the stamp is as good as ever.
func (c *Clock) Observe(remote edged.Timestamp) (followed bool) {
	if remote.Wall > c.now().Add(AheadMax).UnixNano() {
		return false
	}
	c.Restore(remote)
	return true
}

// Last is the highest stamp given out, followed or restored.
func (c *Clock) Last() edged.Timestamp { return c.last }

// Restore goes on above at, however far ahead that is: what was kept of an earlier run. It never
// sets the clock back.
func (c *Clock) Restore(at edged.Timestamp) {
	if c.last.Compare(at) < 0 {
		c.last = at
	}
}
