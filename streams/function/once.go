package function

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/plan"
	"github.com/edgedhq/edged/streams/sql"
)

// onceBytes bounds what a query over the past may gather.
const onceBytes = 256 << 20

// QueryOnce runs a query over what is retained here, up to a cut: that of q, or the present. The same
// cut gives the same bytes wherever it is held.
func (r *Runner) QueryOnce(ctx context.Context, q edged.OnceQuery) (answer edged.OnceAnswer, err error) {
	text, err := sql.ParseOnce(q.SQL)
	if err != nil {
		var errs sql.Errors
		errors.As(err, &errs)
		return answer, errorsOf(errs)
	}
	p, errs := plan.MakeOnce(text)
	if len(errs) > 0 {
		return answer, errorsOf(errs)
	}
	o := &once{r: r, limit: q.Limit, q: &query{r: r, id: p.ID, plan: p, core: newCore(p)}}
	o.q.core.forever = true
	if p.Limit > 0 {
		o.limit = min(o.limit, p.Limit)
	}
	for i, stream := range p.Inputs {
		o.q.inputs = append(o.q.inputs, &input{number: uint8(i), stream: stream})
	}
	if err := o.until(q.Cut); err != nil {
		return answer, err
	}
	for _, in := range o.q.inputs {
		if err := o.read(ctx, in); err != nil {
			return answer, err
		}
	}
	if answer.Rows, err = o.rows(); err != nil {
		return answer, err
	}
	if answer.Truncated = len(answer.Rows) > o.limit; answer.Truncated {
		answer.Rows = answer.Rows[:o.limit]
		answer.Truncated = p.Limit == 0 || o.limit < p.Limit
	}
	for _, c := range p.Columns {
		answer.Columns = append(answer.Columns, edged.QueryColumn{Name: c.Name, Type: c.Type})
	}
	answer.Cut = edged.Cursor{Stream: onceStream, Generation: 1, Vector: o.cut}.String()
	return answer, nil
}

// onceStream is what the cut of an answer is said to be of.
const onceStream = "$query"

// once is one run of a query over the past.
type once struct {
	r     *Runner
	q     *query
	limit int
	cut   edged.Vector
	bytes int
	found []found // of a query per event
}

// found is an output, with its place among others.
type found struct {
	order []expr.Value
	at    edged.Timestamp
	from  source
	seq   edged.Sequence
	json  []byte
}

// until decides how far each log is read.
func (o *once) until(cut string) error {
	heads, err := o.q.heads()
	if err != nil {
		return err
	}
	o.cut = edged.Vector{}
	if cut == "" {
		for s, head := range heads { // a set: any order
			o.cut[s.logKey()] = head
		}
		return nil
	}
	c, err := edged.ParseCursor(cut)
	if err != nil {
		return err
	}
	if c.Stream != onceStream {
		return edged.Refuse(edged.BadCursor, "the cut is none that a query answered; it is of %q", c.Stream)
	}
	for k, seq := range c.Vector {
		if heads[sourceAt(k)] < seq {
			return edged.Refuse(edged.Unavailable, "this node does not hold all events of the cut yet; ask again")
		}
	}
	o.cut = c.Vector
	return nil
}

// read folds one input up to the cut.
func (o *once) read(ctx context.Context, in *input) error {
	left := 0
	for k, seq := range o.cut {
		if s := sourceAt(k); s.Input == in.number && seq > 0 {
			left++
		}
	}
	if left == 0 {
		return o.missing(in)
	}
	paths := expr.NewPaths()
	fold, errs := o.q.plan.Bind(paths)
	if len(errs) > 0 {
		return errorsOf(errs)
	}
	o.q.core.bind(fold)
	b := &bound{fold: fold, paths: paths, extractor: expr.NewExtractor(paths), columns: make([]expr.Value, paths.Columns())}
	more := make(chan struct{}, 1)
	feed, err := o.r.journal.Follow(edged.Query{Stream: in.stream, Start: edged.Start{Kind: edged.Earliest}}, func() {
		select {
		case more <- struct{}{}:
		default:
		}
	})
	if err != nil {
		return err
	}
	defer feed.Close()
	var page []edged.Delivery
	for done := map[source]bool{}; len(done) < left; {
		if page, err = feed.Next(page[:0], readMax, 1<<20); err != nil {
			return err
		}
		if len(page) == 0 {
			select {
			case <-more:
				continue
			case <-ctx.Done():
			}
		}
		if ctx.Err() != nil {
			return edged.Refuse(edged.Overloaded, "the query did not end in time; ask for less, or give it a longer timeout")
		}
		for i := range page {
			if err := o.take(in, b, &page[i], done); err != nil {
				return err
			}
		}
	}
	return nil
}

// missing says whether a stream of which nothing is to be read is there at all.
func (o *once) missing(in *input) error {
	_, err := o.r.catalog.Stream(in.stream)
	return err
}

// take folds the events of a delivery that the cut covers.
func (o *once) take(in *input, b *bound, d *edged.Delivery, done map[source]bool) error {
	if d.Run == nil {
		if n := d.Notice; n.Op == "gap" { // given up: nothing more of it comes
			o.past(source{Origin: n.Log.Origin.ID, Partition: n.Log.Partition, Input: in.number}, n.To, done)
		}
		return nil
	}
	name := d.Run.Name()
	c := o.q.core
	l := c.lane(source{Origin: name.Origin.ID, Partition: name.Partition, Input: in.number})
	end := o.cut[l.source.logKey()]
	region := o.r.mesh.Region(name.Origin.ID)
	for _, e := range d.Run.Events(d.From, d.To) {
		if e.Sequence > end {
			break
		}
		b.text.Reset()
		b.extractor.Event(&e, b.columns, &b.text)
		if b.fold.Map != nil {
			o.row(l, &e, b, region)
		} else if err := c.event(l, &e, b.columns, region); err != nil {
			return err
		}
		o.past(l.source, e.Sequence, done)
	}
	if o.bytes += d.Run.Bytes() / 8; c.cells != nil {
		o.bytes = c.cells.Bytes()
	}
	if o.bytes > onceBytes {
		return edged.Refuse(edged.TooLarge, "the query gathers more than %d MiB; narrow it with WHERE, or group it", onceBytes>>20)
	}
	return nil
}

// past notes that a log was read up to a sequence.
func (o *once) past(s source, seq edged.Sequence, done map[source]bool) {
	if end := o.cut[s.logKey()]; end > 0 && seq >= end {
		done[s] = true
	}
}

// row keeps the output of one event.
func (o *once) row(l *lane, e *edged.Event, b *bound, region string) {
	row := &o.q.core.row
	row.Columns, row.Event, row.Region = b.columns, e, region
	defer row.Reset()
	if b.fold.Where != nil && !b.fold.Where.Test(row) {
		return
	}
	f := found{at: e.HLC, from: l.source, seq: e.Sequence}
	f.json = o.json(b.fold.Map.Values(row, nil))
	for _, v := range b.fold.Map.Order(row, nil) {
		f.order = append(f.order, v.Clone())
	}
	if row.Failure() != nil {
		return
	}
	o.bytes += len(f.json) + 64
	o.found = append(o.found, f)
}

// json is a row of values as an object; those of * are its own members.
func (o *once) json(values []expr.Value) []byte {
	b := []byte{'{'}
	for i, v := range values {
		name := o.q.plan.Columns[i].Name
		if name == "*" {
			if inner := strings.TrimSpace(v.Text()); v.Kind() == expr.JSON && strings.HasPrefix(inner, "{") && len(inner) > 2 {
				b = append(append(b, inner[1:len(inner)-1]...), ',')
				continue
			}
			name = "data"
		}
		b = append(expr.AppendQuoted(b, name), ':')
		b = append(expr.AppendJSON(b, v), ',')
	}
	if len(b) > 1 {
		b = b[:len(b)-1]
	}
	return append(b, '}')
}

// rows are the outputs in order, at most one more than the limit.
func (o *once) rows() ([][]byte, error) {
	if o.q.core.fold == nil {
		return nil, nil
	}
	if o.q.core.fold.Map == nil {
		return o.grouped()
	}
	slices.SortStableFunc(o.found, func(a, b found) int {
		if c := o.q.plan.CompareOrder(a.order, b.order); c != 0 {
			return c
		}
		if c := a.at.Compare(b.at); c != 0 {
			return c
		}
		if c := a.from.compare(b.from); c != 0 {
			return c
		}
		return int(min(1, max(-1, int64(a.seq)-int64(b.seq))))
	})
	var rows [][]byte
	for i := range o.found[:min(len(o.found), o.limit+1)] {
		rows = append(rows, o.found[i].json)
	}
	return rows, nil
}
