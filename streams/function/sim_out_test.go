package function

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"

	"github.com/edgedhq/edged"
)

// outOf are the events of a stream, over all logs.
func (w *simWorld) outOf(stream string) (all []*edged.Event) {
	for name, events := range w.logs {
		if name.Stream == stream {
			for i := range events {
				all = append(all, &events[i])
			}
		}
	}
	return all
}

// everything is all of a query's input, whatever is folded of it.
func (w *simWorld) everything() edged.Vector {
	v := edged.Vector{}
	for name, events := range w.logs {
		if name.Stream == "a" {
			v[name.Key()] = edged.Sequence(len(events))
		}
	}
	return v
}

// outputs wants of a query per event one output of each event that has one, and no other; while
// things go on some may be missing.
func (w *simWorld) outputs(q *simQuery, all bool) {
	want := map[string]int{}
	for _, e := range w.events(q, w.everything()) {
		if m := q.mapped(e); m != nil {
			want[fmt.Sprint(m["k"], " ", m["twice"], " ", e.u, " ", e.time, " ", e.of.Origin)]++
		}
	}
	ids := map[string]bool{}
	for _, e := range w.outOf(q.into) {
		if ids[e.ID] {
			w.fail("%s: output %s is there twice", q.name, e.ID)
		}
		ids[e.ID] = true
		var data map[string]any
		w.must(json.Unmarshal(e.Data, &data))
		name := fmt.Sprint(data["k"], " ", data["twice"], " ", e.Key, " ", e.Time, " ", e.Origin)
		if want[name]--; want[name] < 0 {
			w.fail("%s: output %s, %s, is of no event", q.name, name, e.Data)
		}
		w.count("output")
	}
	for name, n := range want {
		if all && n > 0 {
			w.fail("%s: output %s is missing", q.name, name)
		}
	}
}

// emitted wants the newest of what was emitted to be the rows of a query, once all is quiet.
func (w *simWorld) emitted(q *simQuery, want map[string]simRow) {
	content := map[string]string{}
	newest := map[string]*edged.Event{}
	most := map[string]int{}
	for _, e := range w.outOf(q.into) {
		if was, known := content[e.ID]; known && was != string(e.Data) {
			w.count("one id, another status")
		}
		content[e.ID] = string(e.Data)
		headers := map[string]string{}
		for _, h := range e.Headers {
			headers[h.Name] = h.Value
		}
		revision, err := strconv.Atoi(headers["edged-revision"])
		w.must(err)
		if id := headers["edged-result"]; newest[id] == nil || revision > most[id] || revision == most[id] && e.HLC.Compare(newest[id].HLC) > 0 {
			newest[id], most[id] = e, revision
		}
		w.count("emitted")
	}
	for _, e := range newest {
		var row map[string]any
		w.must(json.Unmarshal(e.Data, &row))
		if row["_gone"] == true {
			continue
		}
		r := simRow{start: timeOf(row["window_start"]), end: timeOf(row["window_end"]), group: fmt.Sprint(row["k"])}
		wanted, ok := want[r.name()]
		if !ok {
			w.fail("%s: emitted %s is no row at the end", q.name, e.Data)
		}
		if what := differs(row, wanted.columns); what != "" {
			w.fail("%s: emitted last: %s in %s by %v at %v", q.name, what, e.Data, e.Origin, e.HLC)
		}
		delete(want, r.name())
	}
	for name := range maps.Keys(want) {
		w.fail("%s: row %s was never emitted", q.name, name)
	}
}
