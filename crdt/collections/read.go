package collections

import (
	"context"
	"strings"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt/partition"
)

// Entry gives the value of a key; KeyNotFound when it has none.
func (k *Keeper) Entry(name, key string) (edged.Entry, error) {
	c, err := k.find(name)
	if err != nil {
		return edged.Entry{}, err
	}
	base := c.cursorBase() // before the value: what it covers is in that
	found, err := c.entry(key)
	if err != nil {
		return edged.Entry{}, err
	}
	if found.Value == nil {
		return edged.Entry{}, edged.Refuse(edged.KeyNotFound, "collection %q has no value under this key", name)
	}
	found.Cursor = string(base.AppendTo(nil))
	return found, nil
}

// entry gives the value of a key as readers see it: nil when its time is over.
func (c *collection) entry(key string) (edged.Entry, error) {
	d, now := c.definition(), c.k.opts.Now().UnixNano()
	p := c.partOf(key)
	p.mu.Lock()
	defer p.mu.Unlock()
	e, ok, err := p.state.Entry(key)
	if err != nil || !ok {
		return edged.Entry{Key: key, Type: d.Type}, err
	}
	return d.show(&e, now), nil
}

func (d *definition) show(e *partition.Entry, now int64) edged.Entry {
	shown := edged.Entry{Key: e.Key, Type: d.Type}
	if !d.expired(e.Last.HLC, now) {
		shown.Value, shown.Conflicts = e.JSON(), e.Conflicts()
	}
	return shown
}

// Entries gives up to limit keys that have a value and a prefix, those after one, in the order of
// their bytes. What the cursor covers is in their values.
func (k *Keeper) Entries(name, prefix, after string, limit int) (entries []edged.Entry, cursor string, err error) {
	c, err := k.find(name)
	if err != nil {
		return nil, "", err
	}
	cursor = string(c.cursorBase().AppendTo(nil))
	var lanes [edged.CollectionPartitions]lane
	for i := range lanes {
		lanes[i] = lane{c: c, p: c.parts[i], prefix: prefix, from: max(prefix, after)}
		if after != "" && after >= prefix {
			lanes[i].from = after + "\x00"
		}
	}
	for len(entries) < limit {
		var first *lane
		for i := range lanes {
			l := &lanes[i]
			if err := l.fill(limit/8 + 4); err != nil {
				return nil, "", err
			}
			if len(l.list) > 0 && (first == nil || l.list[0].Key < first.list[0].Key) {
				first = l
			}
		}
		if first == nil {
			break
		}
		entries = append(entries, first.list[0])
		first.list = first.list[1:]
	}
	return entries, cursor, nil
}

// laneBytes bounds what is read ahead of one partition, but for one value.
const laneBytes = 256 << 10

// lane is one partition of a listing, read ahead.
type lane struct {
	c      *collection
	p      *part
	prefix string
	from   string
	list   []edged.Entry
	ended  bool
}

// fill reads ahead when nothing is left.
func (l *lane) fill(n int) error {
	if len(l.list) > 0 || l.ended {
		return nil
	}
	d, now := l.c.definition(), l.c.k.opts.Now().UnixNano()
	bytes, full := 0, false
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	err := l.p.state.Scan(l.from, behind(l.prefix), func(e partition.Entry) bool {
		if full = len(l.list) >= n || bytes > laneBytes; full {
			return false
		}
		if shown := d.show(&e, now); shown.Value != nil {
			l.list = append(l.list, shown)
			bytes += len(shown.Value)
		}
		l.from = e.Key + "\x00"
		return true
	})
	l.ended = err == nil && !full
	return err
}

// behind is the first key behind all that have a prefix; empty when there is none.
func behind(prefix string) string { return string(after([]byte(prefix))) }

// AwaitCollection returns once this node has folded all that a cursor of a collection's stream
// covers, or with ctx's error.
func (k *Keeper) AwaitCollection(ctx context.Context, at edged.Cursor) error {
	name, ok := strings.CutPrefix(at.Stream, hidden)
	if !ok {
		return edged.RefuseField(edged.BadCursor, "query.after", nil, "it is no cursor of a collection")
	}
	for {
		k.mu.RLock()
		changed, c := k.changed, k.all[name]
		k.mu.RUnlock()
		var moved <-chan struct{}
		if c != nil {
			moved = c.moving()
			if c.covers(&at) {
				return nil
			}
		}
		select {
		case <-changed:
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// covers says whether all that a cursor covers is folded; what belongs to an earlier generation is
// past.
func (c *collection) covers(at *edged.Cursor) bool {
	if generation := c.definition().Generation; generation != at.Generation {
		return generation > at.Generation
	}
	for key, s := range at.Vector {
		if int(key.Partition) < len(c.parts) && c.parts[key.Partition].folded(key.Origin) < s {
			return false
		}
	}
	return true
}
