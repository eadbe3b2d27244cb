package function

import (
	"context"
	"sync"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/plan"
)

// Runner keeps the functions of one node and runs their queries.
type Runner struct {
	journal Journal
	catalog Catalog
	store   Store
	mesh    Mesh
	opts    Options

	defining chan struct{} // held by who changes or reads definitions
	running  sync.WaitGroup

	mu        sync.RWMutex
	ctx       context.Context // of Run; cancelled before it
	cancel    context.CancelCauseFunc
	started   bool
	functions map[string]*function
	queries   map[plan.ID]*query
	schemas   map[string]*schema
}

// function is one name: its definition, and the views of it.
type function struct {
	def   *definition
	fault error // why it cannot run here; views are nil then
	shown *view
	next  *view // of a replacement, until it has caught up
}

// Open reads what is defined. The journal must be open.
func Open(journal Journal, catalog Catalog, store Store, mesh Mesh, opts Options) (*Runner, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	r := &Runner{
		journal: journal, catalog: catalog, store: store, mesh: mesh, opts: opts,
		defining:  make(chan struct{}, 1),
		functions: map[string]*function{}, queries: map[plan.ID]*query{}, schemas: map[string]*schema{},
	}
	r.ctx, r.cancel = context.WithCancelCause(context.Background())
	return r, r.list()
}

// Run folds, tells other nodes and answers for the rows until ctx ends or the catalog cannot be read.
// The node calls it once.
func (r *Runner) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { r.cancel(context.Cause(ctx)) })
	defer stop()
	r.mu.Lock()
	r.started = true
	for _, q := range r.queries {
		r.start(q)
	}
	r.mu.Unlock()
	r.running.Go(func() { r.housekeep() })
	err := r.followCatalog(r.ctx)
	r.cancel(edged.Draining)
	r.running.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.functions {
		f.end(edged.Refuse(edged.Draining, "this node is going away"))
	}
	return err
}

// start runs a query. The caller holds mu.
func (r *Runner) start(q *query) {
	ctx, stop := context.WithCancel(r.ctx)
	q.stop = stop
	r.running.Go(func() {
		defer stop()
		q.run(ctx)
	})
}

// schema gives that of a stream.
func (r *Runner) schema(stream string) *schema {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.schemas[stream]
	if s == nil {
		s = newSchema(stream)
		r.schemas[stream] = s
	}
	return s
}

// find gives what is known under a name.
func (r *Runner) find(name string) (*function, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if f := r.functions[name]; f != nil {
		return f, nil
	}
	return nil, unknown(name)
}

// shown gives the view of a function that is shown.
func (r *Runner) shown(name string) (*view, error) {
	f, err := r.find(name)
	if err != nil {
		return nil, err
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if f.shown == nil {
		return nil, edged.Refuse(edged.Unavailable, "the function %q does not run here: %v", name, f.fault)
	}
	return f.shown, nil
}

// housekeep shows replacements that have caught up, and drops queries that nobody names any more.
func (r *Runner) housekeep() {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-r.ctx.Done():
			return
		case <-t.C:
		}
		r.defining <- struct{}{}
		r.flip()
		r.reap()
		<-r.defining
	}
}

// flip shows each replacement whose positions have reached those of what it replaces.
func (r *Runner) flip() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.functions {
		if f.next != nil && f.next.q.reaches(f.shown.q) {
			f.show(f.next)
		}
	}
}

// show puts a view in the place of the one that is shown.
func (f *function) show(v *view) {
	was := f.shown
	f.shown, f.next = v, nil
	if was != nil {
		was.detach(nil)
	}
}

// reaches says whether a query is as far as another in every log that both read.
func (q *query) reaches(old *query) bool {
	old.mu.Lock()
	at := map[source]edged.Sequence{}
	for _, s := range old.sources() {
		at[s] = old.tail(s).Position
	}
	old.mu.Unlock()
	q.mu.Lock()
	defer q.mu.Unlock()
	for s, position := range at {
		if int(s.Input) >= len(q.inputs) || int(s.Input) >= len(old.inputs) || q.inputs[s.Input].stream != old.inputs[s.Input].stream {
			continue
		}
		if t := q.tail(s); position > 0 && (t == nil || t.Position < position) {
			return false
		}
	}
	return true
}

// reap drops queries that have had no view for long.
func (r *Runner) reap() {
	now := r.opts.Now()
	r.mu.Lock()
	var gone []*query
	for id, q := range r.queries {
		q.mu.Lock()
		idle := len(q.views) == 0 && now.Sub(q.unused) >= r.opts.DropAfter
		q.mu.Unlock()
		if idle {
			gone = append(gone, q)
			delete(r.queries, id)
		}
	}
	r.mu.Unlock()
	for _, q := range gone {
		r.drop(q)
		err := r.catalog.DeleteStream(r.ctx, edged.PartialsStream(q.id.String()))
		if err != nil && !isMissing(err) {
			r.opts.Log.Warn("partials of a query not dropped", "query", q.id.String(), "err", err)
		}
	}
}

// drop ends a query and forgets what is kept of it.
func (r *Runner) drop(q *query) {
	if q.stop != nil {
		q.stop()
		<-q.ended
	}
	for _, tag := range []byte{tagTail, tagCell, tagView, tagSession, tagMerged, tagSealed} {
		prefix := keyOf(nil, tag, q.id)
		if err := r.store.Drop(prefix, after(prefix)); err != nil {
			r.opts.Log.Warn("state of a query not dropped", "query", q.id.String(), "err", err)
		}
	}
}
