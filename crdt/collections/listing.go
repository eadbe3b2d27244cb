package collections

import (
	"slices"

	"github.com/edgedhq/edged"
)

// listing gives all keys of some partitions that have a value, partition by partition, as events of
// runs that no log holds. Their cursors stand before the partition, but for the last key's: that one
// covers all that is listed of it. So a watcher who breaks off lists the partition again, and no
// other.
type listing struct {
	c      *collection
	vector edged.Vector // of a watcher who has had what is listed so far
	left   []*listed    // partitions, the first under way
}

// listed is one partition of a listing.
type listed struct {
	number edged.Partition
	until  edged.Vector // what the values have to include first
	lane   *lane        // nil before it has begun
	at     edged.Vector // what they did when it began
}

func newListing(c *collection, vector edged.Vector, parts []*listed) *listing {
	return &listing{c: c, vector: vector, left: parts}
}

func allPartitions() (all []*listed) {
	for i := range edged.Partition(edged.CollectionPartitions) {
		all = append(all, &listed{number: i})
	}
	return all
}

func (l *listing) cursor() edged.Cursor {
	return edged.Cursor{Stream: l.c.stream, Generation: l.c.definition().Generation, Vector: l.vector}
}

// gap turns the gaps at the beginning of the page into a listing of their partitions. The watcher is
// told of a gap, so that it forgets what it is not given again, unless it has had nothing of the
// partition.
func (w *watch) gap(dst []edged.Delivery) []edged.Delivery {
	c, err := w.collection()
	if err != nil {
		w.failed = err
		return dst
	}
	parts := map[edged.Partition]*listed{}
	for len(w.page) > 0 && w.page[0].Notice != nil && w.page[0].Notice.Op == "gap" {
		d := w.page[0]
		n := d.Notice
		if n.From > 1 {
			dst = append(dst, d)
		}
		of := parts[n.Log.Partition]
		if of == nil {
			of = &listed{number: n.Log.Partition, until: edged.Vector{}}
			parts[n.Log.Partition] = of
		}
		of.until.Raise(n.Log.Key(), n.To)
		w.pass()
	}
	at := w.Cursor() // behind the gaps; what else is in the page comes again
	w.page = nil
	w.inner.Close()
	w.inner, w.resume = nil, "gap"
	left := make([]*listed, 0, len(parts))
	for number, of := range parts {
		left = append(left, of)
		for key := range at.Vector {
			if key.Partition == number {
				delete(at.Vector, key)
			}
		}
	}
	slices.SortFunc(left, func(a, b *listed) int { return int(a.number) - int(b.number) })
	w.list = newListing(c, at.Vector, left)
	return dst
}

// fromList gives what comes next of a listing, and after it goes on from where that stands.
func (w *watch) fromList(dst []edged.Delivery, left *budget) (_ []edged.Delivery, more bool) {
	l := w.list
	if err := l.c.end(); err != nil {
		w.failed = err
		return append(dst, edged.Delivery{Notice: &edged.Notice{Op: "deleted"}}), false
	}
	if len(l.left) == 0 {
		w.list = nil
		w.failed = w.follow(edged.Start{Kind: edged.AtCursorOrGap, Cursor: l.cursor()})
		return dst, w.failed == nil
	}
	of := l.left[0]
	if of.lane == nil && !l.begin(of, &w.wait, w.query.Match.KeyPrefix) {
		return dst, false
	}
	entries, ended, err := l.entries(of, &w.query.Match, left)
	if err != nil {
		w.failed = err
		return dst, false
	}
	run := l.run(of)
	for i := range entries {
		e := &entries[i]
		w.known(e.Key, e.Value)
		if ended && i == len(entries)-1 {
			dst = w.put(dst, run)
			l.end(of)
			run = l.run(of)
		}
		run.add(edged.Event{
			Stream: w.name, Partition: of.number, Key: e.Key, Type: e.Type, Data: e.Value,
			Time: w.k.opts.Now().UnixNano(),
		})
		left.events--
		left.bytes -= len(e.Key) + len(e.Value)
	}
	if ended && len(entries) == 0 {
		l.end(of)
	}
	return w.put(dst, run), true
}

// begin waits until the values of a partition include what they have to, and notes what they do.
func (l *listing) begin(of *listed, w *waiter, prefix string) bool {
	p := l.c.parts[of.number]
	ready := func() bool {
		for key, s := range of.until {
			if p.folded(key.Origin) < s {
				return false
			}
		}
		return true
	}
	if !l.c.wait(w, ready) {
		return false
	}
	of.at = edged.Vector{}
	p.addVector(of.at, false)
	of.lane = &lane{c: l.c, p: p, prefix: prefix, from: prefix}
	return true
}

// entries reads what comes next of a partition and matches; ended says that nothing follows.
func (l *listing) entries(of *listed, m *edged.Match, left *budget) (found []edged.Entry, ended bool, err error) {
	for len(found) == 0 && !of.lane.ended {
		if err := of.lane.fill(min(max(left.events, 1), 1000)); err != nil {
			return nil, false, err
		}
		for _, e := range of.lane.list {
			if len(m.Keys) == 0 || slices.Contains(m.Keys, e.Key) {
				found = append(found, e)
			}
		}
		of.lane.list = nil
	}
	return found, of.lane.ended, nil
}

// end counts a partition as listed.
func (l *listing) end(of *listed) {
	l.vector.Merge(of.at)
	l.left = l.left[1:]
}

// run is an empty run at the watcher's place.
func (l *listing) run(of *listed) *valueRun {
	at := l.cursor()
	return &valueRun{base: at.Base(), name: edged.LogName{
		Stream: at.Stream, Generation: at.Generation, Partition: of.number,
	}}
}
