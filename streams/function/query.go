package function

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/plan"
	"github.com/edgedhq/edged/streams/window"
)

// query is the fold of one query id: what this node folds of its own logs, and what others told it
// of theirs. Functions with equal folds share one.
//
// One goroutine drives it; readers look at the store, and under mu at the tails.
type query struct {
	r     *Runner
	id    plan.ID
	plan  *plan.Plan
	core  *core
	start int64 // stamp from which logs are read

	more   chan struct{} // something may be read
	ended  chan struct{} // closed when its goroutine has returned
	stop   context.CancelFunc
	inputs []*input
	merger *merger  // nil of queries per event
	mapper *mapper  // of queries per event, else nil
	late   []outlet // events that are too late, and failed ones, on their way out

	lateTo, deadTo []string // where those go, by what the views ask

	mu       sync.Mutex
	waiting  int                    // bytes folded since the last flush
	tails    map[source]*tail       // of other nodes' logs
	marks    map[source]window.Mark // the watermarks that stand
	touched  map[int64]bool         // slice ends that changed since the views looked
	groups   map[string]bool        // the same of views and sessions
	views    map[*view]bool
	problem  string // the last error; it stays
	failing  int    // events that failed in a row
	stuck    bool   // the last turn failed
	failed   string // why own logs are not read any more; empty while they are
	caughtUp bool   // what was there at the start has been folded once
	since    time.Time
	unused   time.Time // since when there is no view
}

func newQuery(r *Runner, p *plan.Plan, id plan.ID, start int64) (*query, error) {
	q := &query{
		r: r, id: id, start: start, plan: p, core: newCore(p),
		more: make(chan struct{}, 1), ended: make(chan struct{}),
		tails: map[source]*tail{}, marks: map[source]window.Mark{}, touched: map[int64]bool{}, groups: map[string]bool{},
		views: map[*view]bool{}, since: r.opts.Now(),
	}
	q.core.load = q.load
	q.core.late, q.core.failed = q.tooLate, q.poison
	for i, stream := range p.Inputs {
		q.inputs = append(q.inputs, &input{number: uint8(i), stream: stream})
	}
	if p.Way == plan.PerEvent {
		q.mapper = &mapper{}
	} else {
		q.merger = &merger{}
	}
	return q, q.restore()
}

// restore takes up what the store holds.
func (q *query) restore() error {
	own := q.r.catalog.Origin().ID
	prefix := keyOf(nil, tagTail, q.id)
	var torn error
	err := q.r.store.Scan(prefix, after(prefix), func(key, value []byte) bool {
		s := readSource(key[len(prefix):])
		t, _, err := readTail(value)
		if err != nil {
			torn = err
			return false
		}
		if s.Origin == own {
			q.core.lane(s).tail = t
		} else {
			q.tails[s] = &t
		}
		return true
	})
	if err != nil || torn != nil {
		return orErr(err, torn)
	}
	b, err := q.r.store.Get(keyOf(nil, tagSealed, q.id))
	if len(b) == 8 {
		q.core.sealed = readTime(b)
	}
	return err
}

func orErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// wake says that there may be something to read.
func (q *query) wake() {
	select {
	case q.more <- struct{}{}:
	default:
	}
}

// run folds, merges, flushes and closes windows until ctx ends.
func (q *query) run(ctx context.Context) {
	defer close(q.ended)
	tick := time.NewTicker(q.r.opts.FlushEvery / beats)
	defer tick.Stop()
	defer q.close()
	for beat := 1; ; {
		due := false
		select {
		case <-ctx.Done():
			q.note(q.finish(context.WithoutCancel(ctx)))
			return
		case <-q.more:
		case <-tick.C:
			due = beat%beats == 0 || q.light()
			beat++
		}
		q.note(q.turn(ctx, due))
	}
}

// beats is how many looks there are at a query between two flushes: what is little goes out at once.
const beats = 4

// light says whether there is something to flush, to tell or to show, and so little that it need not
// wait for more.
func (q *query) light() bool {
	const few = 256 // cells
	q.mu.Lock()
	defer q.mu.Unlock()
	dirty := len(q.core.table.dirty)
	waits := q.mapper != nil && q.waiting > 0 || q.merger != nil && len(q.merger.telling.waiting) > 0
	return dirty < few && (dirty > 0 || waits || len(q.touched)+len(q.groups) > 0)
}

// turn does what there is to do. What failed is tried again at the next one.
func (q *query) turn(ctx context.Context, due bool) error {
	stalled := q.full() // the last flush failed: nothing more is taken on before
	if !stalled {
		if err := q.readAll(); err != nil {
			return err
		}
	}
	if q.merger != nil {
		if more, err := q.merge(ctx); err != nil {
			return err
		} else if more {
			q.wake()
		}
	}
	if !due && !q.full() {
		return nil
	}
	if err := q.flush(ctx); err != nil {
		return err
	}
	if stalled {
		q.wake()
	}
	if q.merger == nil {
		return nil
	}
	if err := q.publish(ctx); err != nil {
		return err
	}
	return q.look(ctx)
}

// readAll folds some of what waits in each input.
func (q *query) readAll() error {
	behind := false
	if q.failed != "" {
		return nil
	}
	for _, in := range q.inputs {
		more, err := q.read(in, readMax)
		if err != nil {
			return err
		}
		behind = behind || more
	}
	if behind {
		q.wake()
		return nil
	}
	q.mu.Lock()
	q.caughtUp = true
	q.mu.Unlock()
	return nil
}

// finish stores what is still in memory.
func (q *query) finish(ctx context.Context) error {
	err := q.flush(ctx)
	if err == nil && q.mapper != nil {
		err = q.mapper.away.land()
	}
	return err
}

// readMax is how many bytes of events are folded at a time.
const readMax = 1 << 20

// full says whether what waits is to be flushed before its time.
func (q *query) full() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting >= q.r.opts.FlushBytes
}

// note keeps an error for the status, and tells of it once.
func (q *query) note(err error) {
	if err != nil && context.Cause(q.r.ctx) != nil {
		return
	}
	q.mu.Lock()
	q.stuck = err != nil
	if err == nil {
		q.mu.Unlock()
		return
	}
	news := q.problem != err.Error()
	q.problem = err.Error()
	q.mu.Unlock()
	if news {
		q.r.opts.Log.Warn("query stands still", "query", q.id.String(), "err", err)
	}
}

// close gives back what run took.
func (q *query) close() {
	for _, in := range q.inputs {
		if in.feed != nil {
			in.feed.Close()
		}
		q.r.schema(in.stream).use(q, false)
	}
	if q.merger != nil && q.merger.feed != nil {
		q.merger.feed.Close()
	}
}

// event folds one event, or maps it. The caller holds mu.
func (q *query) event(l *lane, e *edged.Event, columns []expr.Value, region string) error {
	failed := l.Counts.Failed
	var err error
	if q.mapper != nil {
		err = q.mapEvent(l, e, columns, region)
	} else {
		err = q.core.event(l, e, columns, region)
	}
	if l.Counts.Failed == failed {
		q.failing = 0
	} else {
		q.failing++
	}
	return err
}

// sources are all logs that the query knows of, in order. The caller holds mu.
func (q *query) sources() []source {
	all := make([]source, 0, len(q.core.lanes)+len(q.tails))
	for s := range q.core.lanes {
		all = append(all, s)
	}
	for s := range q.tails {
		if q.core.lanes[s] == nil {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, source.compare)
	return all
}

// inScope says whether an origin's logs count here: with the scope of a region, those of this node's.
func (q *query) inScope(origin edged.OriginID) bool {
	if q.plan.Options.Scope != "region" {
		return true
	}
	mesh := q.r.mesh
	return mesh.Region(origin) == mesh.Region(q.r.catalog.Origin().ID)
}

// tail gives that of a source; nil if nothing is known of it. The caller holds mu.
func (q *query) tail(s source) *tail {
	if l := q.core.lanes[s]; l != nil {
		return &l.tail
	}
	return q.tails[s]
}
