package function

import (
	"context"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/plan"
	"github.com/edgedhq/edged/streams/window"
)

// rowsMost bounds the rows that are sorted for one answer.
const rowsMost = 1_000_000

// Rows gives rows as they are at one cut, in the order of windows and groups or as q asks. A page
// after the first is of the cut that then is.
func (r *Runner) Rows(ctx context.Context, q edged.RowsQuery) (page edged.RowsPage, err error) {
	v, err := r.shown(q.Function)
	if err != nil {
		return page, err
	}
	if v.layout == nil {
		return page, inStream(v)
	}
	sel, err := v.selection(&q)
	if err != nil {
		return page, err
	}
	all, err := v.q.standings()
	if err != nil {
		return page, err
	}
	s, err := v.q.snapshot()
	if err != nil {
		return page, err
	}
	defer s.close()
	sources := sourcesOf(all)
	lines, more, err := sel.gather(ctx, s, sources)
	if err != nil {
		return page, err
	}
	page.Cut = v.cursor(s.cut()).String()
	if mark := window.Watermark(sources, nil); mark != window.Unknown && mark != 1<<63-1 {
		page.Watermark = mark
	}
	for i := range lines {
		page.Digest.Add(lines[i].sum)
		page.Rows = append(page.Rows, lines[i].append(nil))
	}
	if more {
		page.Next = sel.next(lines)
	}
	return page, nil
}

// inStream is the answer of a function that has no rows.
func inStream(v *view) error {
	return edged.Refuse(edged.Conflict, "the outputs of %q are the events of the stream %q; read that", v.name, v.plan.Options.Into)
}

// selection is which rows are asked for, and in which order.
type selection struct {
	v      *view
	q      *edged.RowsQuery
	time   int64 // window=time
	where  *condition
	order  *columns // nil for windows and groups
	by     int      // the column to order by
	desc   bool
	past   string // rows after this key, in the order of windows and groups
	offset int    // rows to pass over, in another order
}

func (v *view) selection(q *edged.RowsQuery) (*selection, error) {
	sel := &selection{v: v, q: q}
	switch q.Window {
	case "", "all", "latest", "open":
	default:
		at, ok := momentOf(q.Window)
		if !ok {
			return nil, edged.RefuseField(edged.Invalid, "query.window", q.Window, "want latest, open, all, or a time in RFC 3339 or Unix milliseconds")
		}
		sel.time = at
	}
	var err error
	if q.Where != "" {
		if sel.where, err = v.condition(q.Where, "where"); err != nil {
			return nil, err
		}
	}
	if q.OrderBy != "" {
		if err := sel.orderBy(q.OrderBy); err != nil {
			return nil, err
		}
	}
	if q.Page == "" {
		return sel, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(q.Page)
	if err != nil {
		return nil, badPage(q.Page)
	}
	sel.past = string(b)
	if sel.order != nil {
		if sel.offset, err = strconv.Atoi(sel.past); err != nil || sel.offset < 0 {
			return nil, badPage(q.Page)
		}
	} else if len(b) < 16 {
		return nil, badPage(q.Page)
	}
	return sel, nil
}

func badPage(page string) error {
	return edged.RefuseField(edged.Invalid, "query.page", page, "want the next of an answer, unchanged")
}

// momentOf reads a time as the door takes times.
func momentOf(text string) (ns int64, ok bool) {
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t.UnixNano(), true
	}
	ms, err := strconv.ParseInt(text, 10, 64)
	return ms * 1_000_000, err == nil
}

// orderBy takes the column to order by.
func (sel *selection) orderBy(text string) error {
	name, desc := strings.CutPrefix(text, "-")
	sel.by = slices.IndexFunc(sel.v.plan.Columns, func(c plan.Column) bool { return c.Name == name })
	if sel.by < 0 {
		return edged.RefuseField(edged.Invalid, "query.order_by", text, "want a column of the function, or -column for the largest first")
	}
	var err error
	sel.order, err = sel.v.columns()
	sel.desc = desc
	return err
}

// gather computes the rows that are asked for.
func (sel *selection) gather(ctx context.Context, s *snapshot, sources []window.Source) (lines []line, more bool, err error) {
	limit := sel.q.Limit
	if sel.order != nil {
		limit = rowsMost
	}
	g := sel.v.gathering()
	take := func(found []line) bool {
		for _, l := range found {
			if sel.past != "" && sel.order == nil && string(l.key(nil)) <= sel.past || sel.where != nil && !sel.where.test(l.append(nil)) {
				continue
			}
			if len(lines) == limit {
				more = true
				return false
			}
			lines = append(lines, l)
		}
		return ctx.Err() == nil
	}
	if err := sel.each(s, g, sources, take); err != nil {
		return nil, false, err
	}
	if ctx.Err() != nil {
		return nil, false, edged.Refuse(edged.Overloaded, "the rows could not be computed in time; ask for a window, or less of them")
	}
	if sel.order == nil {
		return lines, more, nil
	}
	sel.sort(lines)
	lines = lines[min(sel.offset, len(lines)):]
	if more = len(lines) > sel.q.Limit; more {
		lines = lines[:sel.q.Limit]
	}
	return lines, more, nil
}

// each gives the rows of one pane after the other, in order, until take has enough.
func (sel *selection) each(s *snapshot, g *gathering, sources []window.Source, take func([]line) bool) error {
	v := sel.v
	switch {
	case v.windowed():
		spans, err := sel.spans(s)
		for i := 0; err == nil && i < len(spans); i++ {
			var lines []line
			if lines, err = v.lines(s, g, spans[i], sources); err == nil && !take(lines) {
				return nil
			}
		}
		return err
	case v.windows():
		lines, err := sel.sessions(s, g, sources)
		if err == nil {
			take(lines)
		}
		return err
	}
	lines, err := v.lines(s, g, window.Span{}, sources)
	if err == nil {
		take(lines)
	}
	return err
}

// spans are the windows that are asked for.
func (sel *selection) spans(s *snapshot) ([]window.Span, error) {
	all, err := sel.v.spans(s)
	if err != nil {
		return nil, err
	}
	switch sel.q.Window {
	case "", "all":
		if len(sel.past) >= 8 {
			from := readTime([]byte(sel.past))
			all = slices.DeleteFunc(all, func(w window.Span) bool { return w.End < from })
		}
	case "latest":
		all = all[max(0, len(all)-1):]
	case "open":
		open := all[:0]
		for _, w := range all {
			at, err := sel.v.closing(s, closedKey(sel.v.id, w, ""))
			if err != nil {
				return nil, err
			}
			if at == nil {
				open = append(open, w)
			}
		}
		all = open
	default:
		all = slices.DeleteFunc(all, func(w window.Span) bool { return sel.time < w.Start || sel.time >= w.End })
	}
	return all, nil
}

// sessions are those that are asked for, in the order of their windows.
func (sel *selection) sessions(s *snapshot, g *gathering, sources []window.Source) (lines []line, err error) {
	groups, err := sel.v.groupsOf(s)
	if err != nil {
		return nil, err
	}
	if lines, err = sel.v.keptSessions(s); err != nil {
		return nil, err
	}
	kept := map[string]bool{}
	for i := range lines {
		kept[string(lines[i].key(nil))] = true
	}
	for _, group := range groups {
		found, err := sel.v.sessionLines(s, g, group, sources)
		if err != nil {
			return nil, err
		}
		for _, l := range found {
			if !kept[string(l.key(nil))] { // what has just been sealed may stand in both places
				lines = append(lines, l)
			}
		}
	}
	slices.SortFunc(lines, func(a, b line) int { return strings.Compare(string(a.key(nil)), string(b.key(nil))) })
	newest := int64(noTime)
	for i := range lines {
		newest = max(newest, lines[i].End)
	}
	return slices.DeleteFunc(lines, func(l line) bool {
		switch sel.q.Window {
		case "", "all":
			return false
		case "latest":
			return l.End != newest
		case "open":
			return l.status != window.Provisional
		}
		return sel.time < l.Start || sel.time >= l.End
	}), nil
}

// sort puts rows in the order that is asked for; of equals the earlier window and group first.
func (sel *selection) sort(lines []line) {
	values := make([]expr.Value, len(lines))
	at := make([]int, len(lines))
	for i := range lines {
		values[i], at[i] = sel.order.value(sel.by, &lines[i]), i
	}
	slices.SortStableFunc(at, func(a, b int) int {
		c := expr.Compare(values[a], values[b])
		if sel.desc && !values[a].IsNull() && !values[b].IsNull() {
			c = -c
		}
		return c
	})
	sorted := make([]line, len(lines))
	for i, from := range at {
		sorted[i] = lines[from]
	}
	copy(lines, sorted)
}

// next is where the page after some rows begins.
func (sel *selection) next(lines []line) string {
	past := strconv.Itoa(sel.offset + len(lines))
	if sel.order == nil {
		past = string(lines[len(lines)-1].key(nil))
	}
	return base64.RawURLEncoding.EncodeToString([]byte(past))
}
