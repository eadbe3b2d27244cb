package function

import (
	"errors"
	"fmt"
	"sync"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/plan"
)

// columnsForm is the slot of a run in which extracted columns are kept for all who fold it.
const columnsForm = edged.FormSlots - 1

// schema is what all queries on one stream look for in its events. It grows when a query comes, and
// then all are bound anew, each before it folds its next run.
type schema struct {
	stream string

	mu      sync.Mutex
	users   map[*query]bool
	version int
	paths   *expr.Paths
	binds   map[*query]*plan.Fold
}

func newSchema(stream string) *schema {
	return &schema{stream: stream, users: map[*query]bool{}, binds: map[*query]*plan.Fold{}}
}

// use adds a query, or takes it out.
func (s *schema) use(q *query, yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if yes {
		s.users[q] = true
	} else {
		delete(s.users, q)
	}
	s.version++
	s.paths = nil
	clear(s.binds)
}

// bound is a query's fold over one version of a schema.
type bound struct {
	schema    *schema
	version   int
	shared    bool // other queries fold the same runs
	fold      *plan.Fold
	paths     *expr.Paths
	extractor *expr.Extractor
	columns   []expr.Value // of one event
	text      expr.Arena
}

// bind gives the fold of a query over the schema as it is now; the one that is there, if it is that.
func (s *schema) bind(q *query, was *bound) (*bound, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if was != nil && was.version == s.version {
		return was, nil
	}
	if s.paths == nil {
		s.paths = expr.NewPaths()
		for user := range s.users { // any order: columns are found by number
			fold, errs := user.plan.Bind(s.paths)
			if len(errs) > 0 {
				return nil, errs
			}
			s.binds[user] = fold
		}
	}
	return &bound{
		schema: s, version: s.version, shared: len(s.users) > 1, fold: s.binds[q], paths: s.paths,
		extractor: expr.NewExtractor(s.paths), columns: make([]expr.Value, s.paths.Columns()),
	}, nil
}

// sheet is the columns of a run, for all who fold it under one schema.
type sheet struct {
	paths  *expr.Paths
	width  int
	values []expr.Value
	text   expr.Arena
}

func (s *sheet) row(i int) []expr.Value { return s.values[i*s.width : (i+1)*s.width] }

// sheet extracts the columns of a whole run, once for all: nil if a form of another version of the
// schema is in its place.
func (b *bound) sheet(run edged.Run) *sheet {
	made := run.Form(columnsForm, func() any {
		s := &sheet{paths: b.paths, width: b.paths.Columns()}
		s.values = make([]expr.Value, run.Len()*s.width)
		for i, e := range run.Events(0, run.Len()) {
			b.extractor.Event(&e, s.row(i), &s.text)
		}
		return s
	})
	if s, ok := made.(*sheet); ok && s.paths == b.paths {
		return s
	}
	return nil
}

// input is one input stream of a query: the reader of this node's own logs of it.
type input struct {
	number uint8
	stream string
	bound  *bound
	feed   edged.Feed
	page   []edged.Delivery
	event  edged.Event // that is being folded
}

// open takes up the own logs of an input after what is folded of them.
func (q *query) open(in *input) error {
	at := edged.Start{Kind: edged.Earliest}
	if q.start > 0 {
		at = edged.Start{Kind: edged.AtTime, Time: q.start}
	}
	own := q.r.catalog.Origin().ID
	folded := edged.Vector{}
	for s, l := range q.core.lanes {
		if s.Input == in.number && s.Origin == own && l.Position > 0 {
			folded[edged.LogKey{Origin: own, Partition: s.Partition}] = l.Position
		}
	}
	if len(folded) > 0 {
		info, err := q.r.catalog.Stream(in.stream)
		if errors.Is(err, edged.StreamNotFound) {
			return nil // it was deleted; a stream of this name is another one
		} else if err != nil {
			return err
		}
		if q.anew(in, info.Generation) {
			return nil
		}
		at = edged.Start{Kind: edged.AtCursorOrGap, Cursor: edged.Cursor{Stream: in.stream, Generation: info.Generation, Vector: folded}}
	}
	feed, err := q.r.journal.Follow(edged.Query{Stream: in.stream, Start: at, Local: true, Durable: true, Await: true}, q.wake)
	if err != nil {
		return err
	}
	in.feed = feed
	return nil
}

// anew says whether a stream is not the one whose logs were folded, and ends the fold then.
func (q *query) anew(in *input, generation edged.Generation) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for s, l := range q.core.lanes { // whether there is one: any order
		if s.Input == in.number && l.Position > 0 && l.Generation != generation {
			q.fail("the stream " + in.stream + " was deleted and made anew")
			return true
		}
	}
	return false
}

// read folds what waits in an input, about bytesMax of it, and says whether there may be more.
func (q *query) read(in *input, bytesMax int) (more bool, err error) {
	if in.feed == nil {
		if err := q.open(in); err != nil || in.feed == nil {
			return false, err
		}
	}
	if in.bound, err = q.r.schema(in.stream).bind(q, in.bound); err != nil {
		return false, err
	}
	q.core.bind(in.bound.fold)
	if in.page, err = in.feed.Next(in.page[:0], bytesMax, 1<<20); err != nil {
		in.feed.Close()
		in.feed = nil
		if errors.Is(err, edged.StreamNotFound) {
			return false, nil
		}
		return false, err
	}
	for i := range in.page {
		switch d := &in.page[i]; {
		case d.Run != nil:
			if err := q.foldRun(in, d); err != nil {
				return false, err
			}
		case d.Notice.Op == "gap":
			q.lose(in, d.Notice)
		}
		in.page[i] = edged.Delivery{}
	}
	return len(in.page) > 0, nil
}

// lose ends the fold at events that are gone before they were folded: what comes after them would be
// less than it says.
func (q *query) lose(in *input, gap *edged.Notice) {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := source{Origin: gap.Log.Origin.ID, Partition: gap.Log.Partition, Input: in.number}
	if l := q.core.lanes[s]; l != nil && gap.To > l.Position {
		q.fail(fmt.Sprintf("input retired: the events %d to %d of %s/%d were let go before they were folded", gap.From, gap.To, in.stream, s.Partition))
	}
}

// fail ends the reading of own logs for good. The caller holds mu.
func (q *query) fail(why string) {
	q.failed = why + `; PUT the function again with "restart": true to begin anew from what is retained`
	q.problem = q.failed
}

// foldRun folds the events of a delivery.
func (q *query) foldRun(in *input, d *edged.Delivery) error {
	name := d.Run.Name()
	l := q.core.lane(source{Origin: name.Origin.ID, Partition: name.Partition, Input: in.number})
	region := q.r.mesh.Region(name.Origin.ID)
	var sheet *sheet
	if in.bound.shared {
		sheet = in.bound.sheet(d.Run)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	switch l.Generation {
	case 0:
		l.Generation = name.Generation
	case name.Generation:
	default:
		q.fail("the stream " + in.stream + " was deleted and made anew")
	}
	if q.failed != "" {
		return nil
	}
	q.waiting += d.Run.Bytes()
	e := &in.event // in one place: a row points at it, so each would be an allocation
	for i, next := range d.Run.Events(d.From, d.To) {
		if next.Sequence <= l.Position {
			continue
		}
		*e = next
		columns := in.bound.columns
		if sheet != nil {
			columns = sheet.row(i)
		} else {
			in.bound.text.Reset()
			in.bound.extractor.Event(e, columns, &in.bound.text)
		}
		if err := q.event(l, e, columns, region); err != nil {
			return err
		}
	}
	return nil
}
