package function

import (
	"context"
	"errors"
	"strings"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/plan"
)

// PutFunction creates or replaces a definition; it is durable on return. What is wrong with the text
// or an option is SQLInvalid.
func (r *Runner) PutFunction(ctx context.Context, def edged.Function, how edged.FunctionChange) (info edged.FunctionInfo, created bool, err error) {
	if err := edged.CheckName("path.function", def.Name); err != nil {
		return info, false, err
	}
	if err := r.define(ctx); err != nil {
		return info, false, err
	}
	defer r.defined()
	d := &definition{Function: def, Now: how.Now}
	if d.Created.IsZero() {
		d.Created = r.opts.Now().UTC()
	}
	old, _ := r.find(def.Name)
	p, err := r.decide(d, old, how.Restart)
	if err != nil {
		return info, false, err
	}
	if err := r.circle(p); err != nil {
		return info, false, err
	}
	if old == nil || !old.def.same(d) {
		if p.Way == plan.ByPartial {
			if _, _, err := r.catalog.PutStream(ctx, partialsOf(p.ID)); err != nil {
				return info, false, err
			}
		}
		stream, err := d.stream()
		if err != nil {
			return info, false, err
		}
		if _, created, err = r.catalog.PutStream(ctx, stream); err != nil {
			return info, false, err
		}
	}
	before := r.shownID(old)
	if err := r.adopt(d); err != nil {
		return info, created, err
	}
	info, err = r.Function(def.Name)
	info.Restarted = how.Restart
	info.Replaces = before != "" && before != info.QueryID
	return info, created, err
}

// partialsOf is the definition of the stream in which nodes tell each other of a query.
func partialsOf(id plan.ID) edged.Stream {
	return edged.Stream{Name: edged.PartialsStream(id.String()), Partitions: 1}
}

func (r *Runner) shownID(f *function) string {
	if f == nil {
		return ""
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if f.shown == nil {
		return ""
	}
	return f.shown.plan.ID.String()
}

// decide chooses the start stamp: that of the definition that is there as long as the fold is the
// same, else as the option backfill says.
func (r *Runner) decide(d *definition, old *function, restart bool) (*plan.Plan, error) {
	if old != nil {
		d.Start, d.Restarts, d.Created = old.def.Start, old.def.Restarts, old.def.Created
	}
	if restart {
		d.Restarts++
	}
	p, err := d.plan()
	if err != nil {
		return nil, err
	}
	if old != nil && !restart {
		if was, err := old.def.plan(); err == nil && was.ID == p.ID {
			return p, nil
		}
	}
	if d.Start = p.Options.Start(r.opts.Now().UnixNano()); d.Start == 0 && (old == nil || old.def.Start == 0) {
		return p, nil
	}
	return d.plan()
}

// Function tells what was understood of a function, and how it fares.
func (r *Runner) Function(name string) (edged.FunctionInfo, error) {
	f, err := r.find(name)
	if err != nil {
		return edged.FunctionInfo{}, err
	}
	return r.info(f)
}

// ListFunctions gives up to limit functions whose names come after the given one, in order.
func (r *Runner) ListFunctions(after string, limit int) ([]edged.FunctionInfo, error) {
	var infos []edged.FunctionInfo
	for len(infos) < limit {
		from := ""
		if after != "" {
			from = edged.FunctionStream(after)
		}
		defs, err := r.catalog.Hidden(hidden, from, limit-len(infos))
		if err != nil || len(defs) == 0 {
			return infos, err
		}
		for _, s := range defs {
			after = strings.TrimPrefix(s.Name, hidden)
			if info, err := r.Function(after); err == nil {
				infos = append(infos, info)
			}
		}
	}
	return infos, nil
}

// DeleteFunction stops a function everywhere and drops its state; it is durable on return.
func (r *Runner) DeleteFunction(ctx context.Context, name string) error {
	if err := r.define(ctx); err != nil {
		return err
	}
	defer r.defined()
	if _, err := r.find(name); err != nil {
		return err
	}
	if err := r.catalog.DeleteStream(ctx, edged.FunctionStream(name)); err != nil && !isMissing(err) {
		return err
	}
	for _, id := range r.forget(name) {
		if err := r.catalog.DeleteStream(ctx, edged.PartialsStream(id.String())); err != nil && !isMissing(err) {
			return err
		}
	}
	return nil
}

func isMissing(err error) bool { return errors.Is(err, edged.StreamNotFound) }

// define waits for the right to change what is defined; defined gives it back.
func (r *Runner) define(ctx context.Context) error {
	select {
	case r.defining <- struct{}{}:
		return nil
	case <-ctx.Done():
		return edged.Refuse(edged.Overloaded, "other definitions are being changed; nothing is stored")
	}
}

func (r *Runner) defined() { <-r.defining }

// adopt makes a definition run. Another fold runs beside the one that is shown, until it has caught
// up; what is made of single events goes on where it was.
func (r *Runner) adopt(d *definition) error {
	r.mu.RLock()
	f := r.functions[d.Name]
	r.mu.RUnlock()
	if f != nil && f.def.same(d) && f.fault == nil {
		return nil
	}
	p, err := d.plan()
	var v *view
	if err == nil {
		err = r.circle(p) // two regions may have made its parts at once
	}
	if err == nil {
		v, err = r.view(d, p, f)
	}
	old := mapperOf(f)
	r.mu.Lock()
	if f == nil {
		f = &function{}
		r.functions[d.Name] = f
	}
	f.def, f.fault = d, err
	if err != nil {
		r.mu.Unlock()
		return err
	}
	if f.next != nil {
		f.next.detach(nil)
		f.next = nil
	}
	if f.shown == nil || f.shown.q == v.q || d.Now || p.Way == plan.PerEvent || f.shown.layout == nil {
		f.show(v)
	} else {
		f.next = v
	}
	r.mu.Unlock()
	if old != nil && old.id != v.q.id { // it would go on to write
		r.halt(old)
		r.drop(old)
	}
	return nil
}

// mapperOf is the query of a function that makes events of single events; nil of any other.
func mapperOf(f *function) *query {
	if f == nil || f.shown == nil || f.shown.q.mapper == nil {
		return nil
	}
	return f.shown.q
}

// halt ends a query; what it made is stored, and its state stays.
func (r *Runner) halt(q *query) {
	r.mu.Lock()
	if r.queries[q.id] == q {
		delete(r.queries, q.id)
	}
	r.mu.Unlock()
	if q.stop != nil {
		q.stop()
		<-q.ended
	}
}

// view makes the view of a plan, and its query if there is none with that fold.
func (r *Runner) view(d *definition, p *plan.Plan, f *function) (*view, error) {
	id := d.foldID(p)
	r.mu.RLock()
	q := r.queries[id]
	r.mu.RUnlock()
	if q != nil && q.plan.ID != p.ID { // of single events: the next goes on where this one ends
		r.halt(q)
		q = nil
	}
	if q == nil {
		var err error
		if q, err = newQuery(r, p, id, d.Start); err != nil {
			return nil, err
		}
		if old := mapperOf(f); old != nil && p.Way == plan.PerEvent && old.id != id && d.Restarts == f.def.Restarts {
			r.halt(old)
			q.continues(old)
		}
		for _, in := range q.inputs {
			r.schema(in.stream).use(q, true)
		}
	}
	v, err := newView(q, d.Name, p)
	if err != nil {
		return nil, err
	}
	if err := v.restore(); err != nil {
		return nil, err
	}
	q.attach(v)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.queries[id] == nil {
		r.queries[id] = q
		if r.started {
			r.start(q)
		}
	}
	return v, nil
}

// forget ends what runs under a name, and drops what is kept of it here. It gives the queries that
// nobody names any more.
func (r *Runner) forget(name string) (ids []plan.ID) {
	r.mu.Lock()
	f := r.functions[name]
	delete(r.functions, name)
	if f == nil {
		r.mu.Unlock()
		return nil
	}
	f.end(unknown(name))
	var gone []*query
	for id, q := range r.queries {
		q.mu.Lock()
		if len(q.views) == 0 {
			gone = append(gone, q)
			delete(r.queries, id)
		}
		q.mu.Unlock()
	}
	r.mu.Unlock()
	for _, q := range gone {
		ids = append(ids, q.id)
		r.drop(q)
	}
	return ids
}

// end detaches the views of a function; those who watch are told why.
func (f *function) end(why error) {
	for _, v := range []*view{f.shown, f.next} {
		if v != nil {
			v.detach(why)
		}
	}
}
