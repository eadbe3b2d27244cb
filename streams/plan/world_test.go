package plan

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/aggregate"
	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/sql"
	"github.com/edgedhq/edged/streams/window"
)

// world folds events as nodes do, a log after another, and presents what is merged.
type world struct {
	plan   *Plan
	fold   *Fold
	paths  *expr.Paths
	row    expr.Row
	text   expr.Arena
	events [][]edged.Event // by log
}

// at0 is when the first event of each log is.
var at0 = time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC) // read-only

// newWorld binds a plan. Each log is a text with an event a line: seconds, then data; the stream
// may stand before, with a colon.
func newWorld(t testing.TB, p *Plan, logs ...string) *world {
	t.Helper()
	w := &world{plan: p, paths: expr.NewPaths()}
	w.paths.Add([]sql.Part{{Name: "another"}, {Name: "query"}})
	fold, errs := p.Bind(w.paths)
	if errs != nil {
		t.Fatal(errs)
	}
	w.fold = fold
	for origin, log := range logs {
		var events []edged.Event
		for line := range strings.Lines(log) {
			line = strings.TrimSpace(line)
			if line == "" {
				continue
			}
			when, data, _ := strings.Cut(line, " ")
			stream, seconds, named := strings.Cut(when, ":")
			if !named {
				stream, seconds = p.Inputs[0], when
			}
			after, err := time.ParseDuration(seconds + "s")
			if err != nil {
				t.Fatal(err)
			}
			e := edged.Event{Stream: stream, Sequence: edged.Sequence(len(events) + 1), Data: []byte(data), Key: "k", Type: "t"}
			e.Time = at0.Add(after).UnixNano()
			e.HLC.Wall = e.Time
			e.Origin.ID[0] = byte(origin + 1)
			events = append(events, e)
		}
		w.events = append(w.events, events)
	}
	return w
}

// load fills the row with an event.
func (w *world) load(e *edged.Event, x *expr.Extractor) {
	w.row.Reset()
	w.text.Reset()
	if w.row.Columns == nil {
		w.row.Columns = make([]expr.Value, w.paths.Columns())
	}
	x.Event(e, w.row.Columns, &w.text)
	w.row.Event, w.row.Region = e, "eu"
}

// place is a group of a window.
type place struct {
	window window.Span
	key    string
}

// groups folds all events of each log, and merges the logs.
func (w *world) groups(t testing.TB) (*aggregate.Cells, []Group) {
	x := expr.NewExtractor(w.paths)
	merged := aggregate.NewCells(w.fold.Layout)
	found := map[place]int{}
	var groups []Group
	for _, log := range w.events {
		cells := aggregate.NewCells(w.fold.Layout)
		places := map[place]uint32{}
		var order []place
		for i := range log {
			w.load(&log[i], x)
			if w.fold.Where != nil && !w.fold.Where.Test(&w.row) {
				continue
			}
			keys, key := w.key()
			for _, span := range w.windows(&log[i]) {
				at := place{span, key}
				if _, had := places[at]; !had {
					places[at] = cells.Add()
					order = append(order, at)
				}
				if _, had := found[at]; !had {
					found[at] = len(groups)
					groups = append(groups, Group{Window: span, Key: []byte(key), Keys: cloned(keys), Place: merged.Add()})
				}
				w.put(cells, places[at], &log[i])
			}
		}
		for _, at := range order {
			if err := merged.Merge(groups[found[at]].Place, cells.Append(nil, places[at])); err != nil {
				t.Fatal(err)
			}
		}
	}
	slices.SortFunc(groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(a.Window.End, b.Window.End), cmp.Compare(a.Window.Start, b.Window.Start), bytes.Compare(a.Key, b.Key))
	})
	return merged, groups
}

func (w *world) key() (keys []expr.Value, key string) {
	var bytes []byte
	for _, p := range w.fold.Keys {
		v := p.Eval(&w.row)
		keys, bytes = append(keys, v), expr.AppendKey(bytes, v)
	}
	return keys, string(bytes)
}

func (w *world) windows(e *edged.Event) []window.Span {
	at := e.Time
	if w.fold.Time != nil {
		at = w.fold.Time.Eval(&w.row).Integer()
	}
	return w.plan.Window.Windows(nil, w.plan.Window.Slice(at))
}

// put folds the event of the row into a cell.
func (w *world) put(cells *aggregate.Cells, at uint32, e *edged.Event) {
	stamp := aggregate.Stamp{Time: e.Time, HLC: e.HLC, Origin: e.Origin.ID, Sequence: e.Sequence}
	var args []expr.Value
	for i, in := range w.fold.Inputs {
		if in.Filter != nil && !in.Filter.Test(&w.row) {
			continue
		}
		args = args[:0]
		for _, p := range in.Args {
			args = append(args, p.Eval(&w.row))
		}
		cells.Fold(at, i, args, &stamp)
	}
}

// rows are the rows of the plan, a line each.
func (w *world) rows(t testing.TB) string {
	t.Helper()
	cells, groups := w.groups(t)
	var text expr.Arena
	rows := w.plan.Present(cells, groups, &text)
	if w.plan.Ordered() {
		w.plan.Sort(rows)
	}
	return w.lines(rows)
}

func (w *world) lines(rows []Row) string {
	var out strings.Builder
	for i := range rows {
		r := &rows[i]
		if w.plan.Window.Kind != window.None {
			fmt.Fprintf(&out, "%g-%g ", time.Duration(r.Window.Start-at0.UnixNano()).Seconds(), time.Duration(r.Window.End-at0.UnixNano()).Seconds())
		}
		for j, v := range r.Values {
			if j > 0 {
				out.WriteString(" ")
			}
			out.Write(expr.AppendJSON(nil, v))
		}
		for _, e := range r.Estimated {
			fmt.Fprintf(&out, " ~%s", e.Column)
		}
		if r.Overflow {
			out.WriteString(" overflow")
		}
		out.WriteString("\n")
	}
	return out.String()
}

// mapped are the output events of a plan per event.
func (w *world) mapped(t testing.TB) string {
	t.Helper()
	x := expr.NewExtractor(w.paths)
	var out strings.Builder
	for _, log := range w.events {
		for i := range log {
			w.load(&log[i], x)
			if w.fold.Where != nil && !w.fold.Where.Test(&w.row) {
				continue
			}
			data, key, typ, at, hasTime := w.fold.Map.Append(nil, &w.row)
			if !w.fold.Map.Whole() && !json.Valid(data) {
				t.Errorf("%s is no JSON", data)
			}
			fmt.Fprintf(&out, "%s %s %s", data, key, typ)
			if hasTime {
				fmt.Fprintf(&out, " %g", time.Duration(at-at0.UnixNano()).Seconds())
			}
			if f := w.row.Failure(); f != nil {
				fmt.Fprintf(&out, " failed")
			}
			out.WriteString("\n")
		}
	}
	return out.String()
}
