package function

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/window"
)

// simQuery is a query with its plain evaluation, which shares no code with the product's.
type simQuery struct {
	name                     string
	sql                      string
	inputs                   []string
	kind                     window.Kind
	size, step, gap          int64
	ingest                   bool
	order, idle, late, again int64  // out_of_orderness, idle, lateness, revise_within
	emits                    bool   // into a stream of the function's own
	into                     string // that stream

	mapped func(e *simEvent) map[string]any // of queries per event; nil: nothing comes of it

	where   func(e *simEvent) bool
	key     func(e *simEvent) string // nil: one group
	columns func(all []*simEvent) (row map[string]any, keep bool)
	rank    func(rows []simRow) []simRow // over the rows of one window
}

const (
	simSecond = int64(time.Second)
	simTail   = "out_of_orderness='2s', idle='5s', lateness='1s', revise_within='15s', exclude_after='4s'"
)

// simMake makes a query of the worlds.
func simMake(change func(*simQuery)) *simQuery {
	q := simQuery{inputs: []string{"a"}, order: 2 * simSecond, idle: 5 * simSecond, late: simSecond, again: 15 * simSecond, key: func(e *simEvent) string { return e.k }}
	change(&q)
	if q.sql += " WITH (" + simTail; q.mapped != nil {
		q.sql = strings.TrimSuffix(q.sql, simTail)
	} else if q.emits {
		q.sql += ", "
	}
	if q.emits || q.mapped != nil {
		q.sql += "into='%s'"
	}
	q.sql += ")"
	return &q
}

// simPool are the queries of the worlds.
func simPool() []*simQuery {
	return slices.Concat(simWindows(), simPasses(), simOthers())
}

// simWindows are those of windows that follow each other.
func simWindows() []*simQuery {
	return []*simQuery{
		simMake(func(q *simQuery) {
			q.name, q.kind, q.size, q.step = "tumble", window.Tumble, 5*simSecond, 5*simSecond
			q.sql = "SELECT k, COUNT(*) AS c, COUNT(n) AS cn, SUM(n) AS s, MIN(n) AS least, MAX(n) AS most, AVG(d) AS mean FROM a GROUP BY k, TUMBLE(_time, INTERVAL '5 seconds')"
			q.columns = func(all []*simEvent) (map[string]any, bool) {
				n := ints(all)
				return map[string]any{"c": len(all), "cn": len(n), "s": total(n), "least": least(n), "most": most(n), "mean": mean(doubles(all))}, true
			}
		}),
		simMake(func(q *simQuery) {
			q.name, q.kind, q.size, q.step = "hop", window.Hop, 6*simSecond, 4*simSecond
			q.sql = "SELECT k, COUNT(*) AS c, SUM(d) AS s FROM a WHERE n > 0 GROUP BY k, HOP(_time, INTERVAL '4 seconds', INTERVAL '6 seconds') HAVING COUNT(*) > 1"
			q.where = func(e *simEvent) bool { return e.n != nil && *e.n > 0 }
			q.columns = func(all []*simEvent) (map[string]any, bool) {
				return map[string]any{"c": len(all), "s": sum(doubles(all))}, len(all) > 1
			}
		}),
		simMake(func(q *simQuery) {
			q.name, q.kind, q.size, q.step, q.emits = "cumulate", window.Cumulate, 9*simSecond, 3*simSecond, true
			q.sql = "SELECT k, COUNT(DISTINCT u) AS users, FIRST(u) AS f, LAST(u) AS l FROM a GROUP BY k, CUMULATE(_time, INTERVAL '3 seconds', INTERVAL '9 seconds')"
			q.columns = func(all []*simEvent) (map[string]any, bool) {
				users := map[string]bool{}
				for _, e := range all {
					users[e.u] = true
				}
				return map[string]any{"users": len(users), "f": all[0].u, "l": all[len(all)-1].u}, true
			}
		}),
	}
}

// simPasses are those of sessions and of passes over rows.
func simPasses() []*simQuery {
	return []*simQuery{
		simMake(func(q *simQuery) {
			q.name, q.kind, q.gap, q.emits = "session", window.Session, 3*simSecond, true
			q.sql = "SELECT k, COUNT(*) AS c, LAST(u) AS l, SUM(n) AS s FROM a GROUP BY k, SESSION(_time, INTERVAL '3 seconds')"
			q.columns = func(all []*simEvent) (map[string]any, bool) {
				return map[string]any{"c": len(all), "l": all[len(all)-1].u, "s": total(ints(all))}, true
			}
		}),
		simMake(func(q *simQuery) {
			q.name = "view"
			q.sql = "SELECT k, COUNT(*) AS c, SUM(d) AS s, TOP_BY(u, n, 2) AS top FROM a GROUP BY k"
			q.columns = func(all []*simEvent) (map[string]any, bool) {
				return map[string]any{"c": len(all), "s": sum(doubles(all)), "top": top(all, 2)}, true
			}
		}),
		simMake(func(q *simQuery) {
			q.name, q.kind, q.size, q.step, q.emits = "ranked", window.Tumble, 4*simSecond, 4*simSecond, true
			q.sql = "SELECT k, COUNT(*) AS c FROM a GROUP BY k, TUMBLE(_time, INTERVAL '4 seconds') QUALIFY RANK() OVER (ORDER BY c DESC) = 1"
			q.columns = func(all []*simEvent) (map[string]any, bool) { return map[string]any{"c": len(all)}, true }
			q.rank = func(rows []simRow) []simRow {
				best := 0
				for _, r := range rows {
					best = max(best, r.columns["c"].(int))
				}
				return slices.DeleteFunc(rows, func(r simRow) bool { return r.columns["c"].(int) < best })
			}
		}),
		simMake(func(q *simQuery) {
			q.name = "map"
			q.sql = "SELECT k, n * 2 AS twice, u AS _key FROM a WHERE n > 10"
			q.mapped = func(e *simEvent) map[string]any {
				if e.n == nil || *e.n <= 10 {
					return nil
				}
				return map[string]any{"k": e.k, "twice": *e.n * 2}
			}
		}),
	}
}

// simOthers are the others.
func simOthers() []*simQuery {
	return []*simQuery{
		simMake(func(q *simQuery) {
			q.name = "second"
			q.sql = "SELECT users, COUNT(*) AS ks FROM (SELECT k, COUNT(DISTINCT u) AS users FROM a GROUP BY k) GROUP BY users"
			q.columns = func(all []*simEvent) (map[string]any, bool) {
				users := map[string]bool{}
				for _, e := range all {
					users[e.u] = true
				}
				return map[string]any{"users": len(users)}, true
			}
			q.rank = func(rows []simRow) []simRow {
				by := map[int]int{}
				for _, r := range rows {
					by[r.columns["users"].(int)]++
				}
				var out []simRow
				for users, n := range by {
					out = append(out, simRow{group: fmt.Sprint(users), columns: map[string]any{"ks": n, "users": users}})
				}
				return out
			}
		}),
		simMake(func(q *simQuery) {
			q.name, q.kind, q.size, q.step, q.ingest = "ingest", window.Tumble, 5*simSecond, 5*simSecond, true
			q.sql = "SELECT k, COUNT(*) AS c, MAX(d) AS m FROM a GROUP BY k, TUMBLE(_ingest, INTERVAL '5 seconds')"
			q.columns = func(all []*simEvent) (map[string]any, bool) {
				return map[string]any{"c": len(all), "m": most(doubles(all))}, true
			}
		}),
		simMake(func(q *simQuery) {
			q.name, q.kind, q.size, q.step, q.inputs, q.key = "union", window.Tumble, 5*simSecond, 5*simSecond, []string{"a", "b"}, nil
			q.sql = "SELECT COUNT(*) AS c, COUNT(*) FILTER (WHERE _stream = 'b') AS b, ARG_MAX(u, n) AS best FROM STREAMS(a, b) GROUP BY TUMBLE(_time, INTERVAL '5 seconds')"
			q.columns = func(all []*simEvent) (map[string]any, bool) {
				b := 0
				for _, e := range all {
					if e.of.Stream == "b" {
						b++
					}
				}
				var best any
				if t := top(all, 1); len(t) > 0 {
					best = t[0]
				}
				return map[string]any{"c": len(all), "b": b, "best": best}, true
			}
		}),
	}
}

// simEvent is an event as the plain evaluation sees it.
type simEvent struct {
	of      *edged.Event
	input   int
	time    int64
	k, u    string
	n       *int
	d       *float64
	bounded bool  // had its log a bound when it came,
	bound   int64 // and which
}

// simRow is a row of the plain evaluation.
type simRow struct {
	start, end int64
	group      string
	columns    map[string]any
	of         []*simEvent
}

func (r *simRow) name() string { return fmt.Sprint(r.start, " ", r.end, " ", r.group) }

func floor(t, size int64) int64 {
	f := t / size * size
	if f > t {
		f -= size
	}
	return f
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// keep says which events of a log count: section 4.2 of the design, word for word.
func (q *simQuery) keep(events []*simEvent) (counted []*simEvent) {
	bounded, bound, last := false, int64(0), int64(0)
	for _, e := range events {
		h := e.of.HLC.Wall
		if bounded && h-last > q.idle {
			bound += h - last - q.idle
		}
		last = h
		e.bounded, e.bound = bounded, bound
		if q.ingest {
			counted = append(counted, e)
			bounded, bound = true, h
			continue
		}
		end := e.time
		if g := gcd(q.step, q.size); g > 0 {
			end = floor(e.time, g) + g
		}
		if q.where == nil || q.where(e) {
			if !bounded || q.kind == window.None || bound < end+q.late+q.again {
				counted = append(counted, e)
			}
		}
		if e.time <= h+int64(time.Minute) {
			if !bounded || e.time-q.order > bound {
				bounded, bound = true, e.time-q.order
			}
		}
	}
	return counted
}

// panes puts the events that count into windows and groups.
func (q *simQuery) panes(all []*simEvent) map[string]*simRow {
	slices.SortFunc(all, before)
	panes := map[string]*simRow{}
	add := func(start, end int64, group string, e *simEvent) {
		r := &simRow{start: start, end: end, group: group}
		if old := panes[r.name()]; old != nil {
			r = old
		}
		r.of = append(r.of, e)
		panes[r.name()] = r
	}
	group := func(e *simEvent) string {
		if q.key == nil {
			return ""
		}
		return q.key(e)
	}
	switch q.kind {
	case window.None:
		for _, e := range all {
			add(0, 0, group(e), e)
		}
	case window.Session:
		by := map[string][]*simEvent{}
		for _, e := range all {
			by[group(e)] = append(by[group(e)], e)
		}
		for k, events := range by {
			for len(events) > 0 {
				n := 1
				for n < len(events) && events[n].time < events[n-1].time+q.gap {
					n++
				}
				for _, e := range events[:n] {
					add(events[0].time, events[n-1].time+q.gap, k, e)
				}
				events = events[n:]
			}
		}
	case window.Cumulate:
		for _, e := range all {
			start := floor(e.time, q.size)
			for end := start + q.step; end <= start+q.size; end += q.step {
				if e.time < end {
					add(start, end, group(e), e)
				}
			}
		}
	default:
		for _, e := range all {
			for start := floor(e.time, q.step); start+q.size > e.time; start -= q.step {
				add(start, start+q.size, group(e), e)
			}
		}
	}
	return panes
}

// rows evaluates the query over the events that count.
func (q *simQuery) rows(all []*simEvent) map[string]simRow {
	byWindow := map[[2]int64][]simRow{}
	for _, r := range q.panes(all) {
		var kept bool
		if r.columns, kept = q.columns(r.of); kept {
			w := [2]int64{r.start, r.end}
			byWindow[w] = append(byWindow[w], *r)
		}
	}
	out := map[string]simRow{}
	for w, rows := range byWindow {
		if q.rank != nil {
			rows = q.rank(rows)
		}
		for _, r := range rows {
			r.start, r.end = w[0], w[1]
			out[r.name()] = r
		}
	}
	return out
}

func before(a, b *simEvent) int {
	switch {
	case a.time != b.time:
		return sign(a.time - b.time)
	case a.of.HLC != b.of.HLC:
		return a.of.HLC.Compare(b.of.HLC)
	case a.of.Origin != b.of.Origin:
		return a.of.Origin.ID.Compare(b.of.Origin.ID)
	case a.of.Partition != b.of.Partition:
		return sign(int64(a.of.Partition) - int64(b.of.Partition))
	case a.input != b.input:
		return a.input - b.input
	}
	return sign(int64(a.of.Sequence) - int64(b.of.Sequence))
}

func sign(x int64) int {
	switch {
	case x < 0:
		return -1
	case x > 0:
		return 1
	}
	return 0
}

func ints(all []*simEvent) (out []int) {
	for _, e := range all {
		if e.n != nil {
			out = append(out, *e.n)
		}
	}
	return out
}

func doubles(all []*simEvent) (out []float64) {
	for _, e := range all {
		if e.d != nil {
			out = append(out, *e.d)
		}
	}
	return out
}

func total(n []int) any {
	if len(n) == 0 {
		return nil
	}
	s := 0
	for _, x := range n {
		s += x
	}
	return s
}

func sum(d []float64) any {
	if len(d) == 0 {
		return nil
	}
	slices.Sort(d)
	s := 0.0
	for _, x := range d {
		s += x
	}
	return s
}

func mean(d []float64) any {
	if len(d) == 0 {
		return nil
	}
	return sum(d).(float64) / float64(len(d))
}

func least[T int | float64](x []T) any {
	if len(x) == 0 {
		return nil
	}
	return slices.Min(x)
}

func most[T int | float64](x []T) any {
	if len(x) == 0 {
		return nil
	}
	return slices.Max(x)
}

// top are the users of the n events with the largest n; of equals the earliest.
func top(all []*simEvent, n int) []any {
	var some []*simEvent
	for _, e := range all {
		if e.n != nil {
			some = append(some, e)
		}
	}
	slices.SortStableFunc(some, func(a, b *simEvent) int { return *b.n - *a.n })
	if len(some) == 0 {
		return nil
	}
	out := []any{}
	for _, e := range some[:min(n, len(some))] {
		out = append(out, e.u)
	}
	return out
}

// differs compares a row as it is shown with one of the plain evaluation; empty when they agree.
func differs(shown map[string]any, want map[string]any) string {
	var what []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		got, want := shown[name], want[name]
		switch w := want.(type) {
		case int:
			want = float64(w)
		case []any:
			if w == nil {
				want = nil
				break
			}
			want = fmt.Sprint(w)
			got = fmt.Sprint(got)
		}
		if g, ok := got.(float64); ok {
			if w, ok := want.(float64); ok && (g == w || (g-w)/w < 1e-12 && (w-g)/w < 1e-12) {
				continue
			}
		}
		if got != want {
			what = append(what, fmt.Sprintf("%s is %v, want %v", name, got, want))
		}
	}
	return strings.Join(what, ", ")
}
