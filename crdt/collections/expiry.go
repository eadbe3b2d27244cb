package collections

import (
	"context"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
	"github.com/edgedhq/edged/crdt/partition"
)

// A slice of a sweep is this much of one collection.
const (
	sweepKeys  = 1000
	sweepBytes = 1 << 20
)

// sweep is how far a collection has been looked through for keys whose time is over.
type sweep struct {
	part int
	from string
}

// sweeper removes keys whose time is over, a slice at a time. Readers have not seen them since; a
// removal makes room, and is the same at every node.
func (k *Keeper) sweeper(ctx context.Context) {
	places := map[*collection]sweep{}
	every(ctx, k.opts.SweepEvery, func() {
		next := map[*collection]sweep{}
		for _, c := range k.collections() {
			if c.definition().TTL > 0 {
				next[c] = c.sweep(places[c])
			}
		}
		places = next
	})
}

// sweep looks at some keys, and has those removed whose last record is this node's own, or of an
// origin that it stands in for, and older than any that can come.
func (c *collection) sweep(at sweep) sweep {
	d, own := c.definition(), c.k.catalog.Origin().ID
	frontier := c.k.opts.Frontier()
	p := c.parts[at.part]
	ours := map[edged.OriginID]bool{own: true}
	mine := func(origin edged.OriginID) bool {
		if _, asked := ours[origin]; !asked {
			ours[origin] = c.k.opts.StandsIn(origin)
		}
		return ours[origin]
	}
	var over []string
	seen, bytes, last, more := 0, 0, "", false
	p.mu.Lock()
	err := p.state.Scan(at.from, "", func(e partition.Entry) bool {
		if more = seen == sweepKeys || bytes > sweepBytes; more {
			return false
		}
		seen, bytes, last = seen+1, bytes+e.Size(), e.Key
		if d.expired(e.Last.HLC, frontier) && !e.Absent() && mine(e.Last.Origin) {
			over = append(over, e.Key)
		}
		return true
	})
	p.mu.Unlock()
	if err != nil {
		c.k.opts.Log.Warn("keys not looked through", "collection", c.name, "partition", p.Number, "err", err)
	}
	for _, key := range over {
		// Refused when too much waits: the next sweep comes by again.
		_ = c.submit(newRequest(change{key: key, make: expire}))
	}
	c.k.stats.expired.Add(int64(len(over)))
	if err == nil && more {
		return sweep{at.part, last + "\x00"}
	}
	return sweep{part: (at.part + 1) % len(c.parts)}
}

// expire is what removes a key: work has cleared it already, if nobody has touched it since.
func expire(_ *bench, _ *work) []crdt.Op { return nil }
