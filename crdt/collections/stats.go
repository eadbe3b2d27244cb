package collections

import (
	"sync/atomic"
)

// counters are what a Keeper counts as it goes.
type counters struct {
	updates, appends, folded, skipped, flushes, expired, joins, lost, truncations, watchers atomic.Int64
}

// Stats are a Keeper's figures since it was opened, and what it holds now.
type Stats struct {
	Collections int
	Keys        int64 // that have a value
	Bytes       int64 // of keys and values, about
	Waiting     int   // updates
	Watchers    int64
	Behind      int // collections that have not yet folded once all that the journal held
	Torn        int // partitions that wait for the state of another node

	Updates     int64 // that had their turn
	Appends     int64 // that carried them
	Folded      int64 // records
	Skipped     int64 // records of another type, or not to be read
	Flushes     int64
	Expired     int64 // removals of keys whose time was over
	Joins       int64 // states of other nodes that were merged
	Lost        int64 // records that no node holds
	Truncations int64 // asked of the journal
}

// Stats gives the figures as they stand.
func (k *Keeper) Stats() Stats {
	s := &k.stats
	st := Stats{
		Updates: s.updates.Load(), Appends: s.appends.Load(), Folded: s.folded.Load(), Skipped: s.skipped.Load(),
		Flushes: s.flushes.Load(), Expired: s.expired.Load(), Joins: s.joins.Load(), Lost: s.lost.Load(),
		Truncations: s.truncations.Load(), Watchers: s.watchers.Load(),
	}
	for _, c := range k.collections() {
		st.Collections++
		info := c.info()
		st.Keys += info.Keys
		st.Bytes += info.Bytes
		if !c.caughtUp.Load() {
			st.Behind++
		}
		c.mu.Lock()
		st.Waiting += len(c.waiting)
		c.mu.Unlock()
		for _, p := range c.parts {
			p.mu.Lock()
			if len(p.torn) > 0 {
				st.Torn++
			}
			p.mu.Unlock()
		}
	}
	return st
}
