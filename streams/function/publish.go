package function

import (
	"context"
	"slices"
	"strings"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/window"
)

// telling is what other nodes are still to be told of a query's own logs.
type telling struct {
	changed map[source]map[string]bool // cells that changed, by the keys without tag, id and source; a log that is absent is looked through
	waiting []record                   // made, and held until other nodes hold the logs as far
	whole   bool                       // those tell all
	told    int64                      // bytes of records since all was told last
	live    int64                      // bytes of those that told all
	scratch []byte

	stamp    int64 // of the newest record
	asked    bool  // until all nodes hold what was told by askedAt, of slices that end by askedFor
	askedFor int64
	askedAt  int64
}

// noteChanged notes a cell that was flushed.
func (q *query) noteChanged(h *held) {
	t := &q.merger.telling
	keys := t.changed[h.lane.source]
	if keys == nil {
		return
	}
	t.scratch = q.cellKey(t.scratch[:0], h)
	suffix := t.scratch[1+idSize : len(t.scratch)-sourceSize]
	if !keys[string(suffix)] {
		keys[string(suffix)] = true
	}
}

// publish tells other nodes what has been folded of own logs since they were told last.
func (q *query) publish(ctx context.Context) error {
	if !q.r.mesh.Peers() {
		return nil
	}
	if t := &q.merger.telling; len(t.waiting) == 0 {
		if err := q.tell(t); err != nil || len(t.waiting) == 0 {
			return err
		}
	}
	return q.send(ctx, &q.merger.telling)
}

// ownSources are the own logs, in order.
func (q *query) ownSources() []source {
	var all []source
	own := q.r.catalog.Origin().ID
	for s := range q.core.lanes {
		if s.Origin == own {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, source.compare)
	return all
}

// tell makes the records of what is new in the own logs; of all that there is, once most of what was
// told is outdated.
func (q *query) tell(t *telling) error {
	t.whole = t.told > q.r.opts.PartialsBytes && t.told > 2*t.live
	for _, s := range q.ownSources() {
		l := q.core.lanes[s]
		if l.Position == l.Published && !t.whole {
			continue
		}
		since := l.Published
		if t.whole {
			since = 0
		}
		cells, err := q.cellsPast(s, since)
		if err != nil {
			t.waiting = t.waiting[:0]
			return err
		}
		for i := range cells {
			rec := record{source: s, tail: l.tail, Since: since, Part: i, Parts: len(cells), Dropped: q.core.sealed, Cells: cells[i]}
			rec.Published = 0
			t.waiting = append(t.waiting, rec)
		}
		if t.changed == nil {
			t.changed = map[source]map[string]bool{}
		}
		t.changed[s] = map[string]bool{}
	}
	return nil
}

// cellsPast gives the cells of an own log that changed since a position, in parts.
func (q *query) cellsPast(s source, past edged.Sequence) (parts [][]byte, err error) {
	var cells []byte
	add := func(suffix, value []byte) error {
		if len(cells) > recordMax {
			parts, cells = append(parts, cells), nil
		}
		cells = appendRecordCell(cells, suffix, value)
		return nil
	}
	if keys := q.merger.telling.changed[s]; keys != nil && past > 0 {
		err = q.someCells(s, keys, add)
	} else {
		err = q.allCells(s, past, add)
	}
	return append(parts, cells), err
}

// someCells gives those cells of a log whose keys are named.
func (q *query) someCells(s source, keys map[string]bool, each func(suffix, value []byte) error) error {
	suffixes := make([]string, 0, len(keys))
	for k := range keys {
		suffixes = append(suffixes, k)
	}
	slices.SortFunc(suffixes, strings.Compare)
	var key []byte
	for _, suffix := range suffixes {
		key = s.append(append(keyOf(key[:0], q.tag(), q.id), suffix...))
		value, err := q.r.store.Get(key)
		if err != nil {
			return err
		}
		if value == nil {
			continue // sealed and dropped since
		}
		if err := each([]byte(suffix), value); err != nil {
			return err
		}
	}
	return nil
}

// allCells gives all cells of a log that are folds past a position.
func (q *query) allCells(s source, past edged.Sequence, each func(suffix, value []byte) error) error {
	prefix := keyOf(nil, q.tag(), q.id)
	var torn error
	err := q.r.store.Scan(prefix, after(prefix), func(key, value []byte) bool {
		if readSource(key[len(key)-sourceSize:]) != s {
			return true
		}
		var at stand
		if at, torn = q.standOf(value); torn == nil && at.Position > past {
			torn = each(key[len(prefix):len(key)-sourceSize], value)
		}
		return torn == nil
	})
	return orErr(err, torn)
}

// send appends the records that wait, once other nodes hold the logs as far as they reach.
func (q *query) send(ctx context.Context, t *telling) error {
	alone := false
	for i := range t.waiting {
		rec := &t.waiting[i]
		stream := q.inputs[rec.Input].stream
		info, err := q.r.catalog.Stream(stream)
		if err != nil {
			return err
		}
		name := edged.LogName{Stream: stream, Generation: info.Generation, Partition: rec.source.Partition, Origin: q.r.catalog.Origin()}
		stable, single := q.r.mesh.Stable(edged.Head{Name: name, Log: name.ID(), Head: rec.Position, Newest: rec.Newest})
		if stable < rec.Position {
			return nil
		}
		alone = alone || single
	}
	pub := edged.Publication{Stream: edged.PartialsStream(q.id.String())}
	size := int64(0)
	for i := range t.waiting {
		t.waiting[i].Alone = alone
		data := t.waiting[i].append(nil)
		size += int64(len(data))
		pub.Drafts = append(pub.Drafts, edged.Draft{ContentType: []byte("application/octet-stream"), Data: data})
	}
	receipt, err := q.r.journal.Append(ctx, &pub)
	if isMissing(err) {
		return q.tellAnew(ctx)
	}
	if err != nil {
		return err
	}
	q.mu.Lock()
	for i := range t.waiting {
		q.core.lanes[t.waiting[i].source].Published = t.waiting[i].Position
	}
	q.mu.Unlock()
	t.waiting, t.stamp = t.waiting[:0], receipt.HLC.Wall
	if t.told += size; !t.whole {
		return nil
	}
	t.told, t.live = size, size
	return q.retire(ctx, pub.Stream, &receipt)
}

// everywhere gives the slice end, up to one, of which all nodes hold all own cells: before that they
// may not go, since a node that was away has nothing else to know them by.
func (q *query) everywhere(end int64) int64 {
	if !q.r.mesh.Peers() {
		return end
	}
	t := &q.merger.telling
	if t.asked && q.r.mesh.Everywhere() > t.askedAt {
		t.asked = false
		return t.askedFor
	}
	if !t.asked && len(t.waiting) == 0 && q.told(end) {
		t.asked, t.askedFor, t.askedAt = true, end, max(t.stamp, q.r.opts.Now().UnixNano())
	}
	return window.Unknown
}

// told says whether all own cells of slices that end by a time have been sent.
func (q *query) told(end int64) bool {
	for _, s := range q.ownSources() {
		keys, known := q.merger.telling.changed[s]
		if !known {
			return false
		}
		for suffix := range keys { // whether there is one: any order
			if q.windowed() && readTime([]byte(suffix)) <= end || !q.windowed() && q.untold(s, suffix, end) {
				return false
			}
		}
	}
	return true
}

// untold says whether a group of an own log holds a fragment that ends by a time and was not sent as it
// is now.
func (q *query) untold(s source, group string, end int64) bool {
	l := q.core.lanes[s]
	i := q.core.table.find(q.core.table.hashOf(l, 0, []byte(group)), l, 0, []byte(group))
	if i < 0 {
		return true // it is not in memory: wait until it has been told
	}
	h := &q.core.table.all[i]
	for at := range h.spans {
		if h.spans[at].Last+q.spec().Gap <= end && h.parts[at].Position > l.Published {
			return true
		}
	}
	return false
}

// tellAnew makes the stream of the partials, which another node took away because it did not know yet
// that a function names the query again; all is told from the beginning.
func (q *query) tellAnew(ctx context.Context) error {
	q.merger.telling = telling{}
	q.mu.Lock()
	for _, l := range q.core.lanes { // each its own: any order
		l.Published = 0
	}
	q.mu.Unlock()
	_, _, err := q.r.catalog.PutStream(ctx, partialsOf(q.id))
	return err
}

// retire lets go of the own records before those that told all.
func (q *query) retire(ctx context.Context, stream string, told *edged.Receipt) error {
	before := edged.Vector{}
	for _, s := range told.Spans {
		before[edged.LogKey{Origin: told.Origin.ID, Partition: s.Partition}] = s.First - 1
	}
	return q.r.journal.Truncate(ctx, stream, told.HLC.Wall+1, before)
}
