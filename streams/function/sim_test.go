package function

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/window"
)

var (
	simSeeds = flag.Int("sim.seeds", 40, "seeds of the simulation")
	simFirst = flag.Uint64("sim.first", 1, "the first of them")
	simStop  = flag.Bool("sim.stop", false, "stop at the first seed that fails")
)

// simWorld is a mesh of nodes in one goroutine under virtual time. What happens follows its seed.
type simWorld struct {
	t       *testing.T
	seed    uint64
	rng     *rand.Rand
	now     int64
	shift   int64 // how far event times are behind
	hosts   []*simHost
	cut     map[[2]int]bool
	inputs  []edged.Stream
	queries []*simQuery // by name of the function: "f0", "f1"

	logs    map[edged.LogName][]edged.Event // all that was appended, each by its origin
	origins []edged.Origin
	regions map[edged.OriginID]string
	digests map[string]string
	met     map[string]int

	minted, defined, published int
	partials                   int64
	cells                      int
}

// simShown is a row as it was read.
type simShown struct {
	status   string
	revision float64
	columns  string
	closed   string // columns when it was seen final first
	excluded []any
	sealed   bool
	cut      edged.Vector
}

func (w *simWorld) must(err error) {
	if err != nil {
		w.fail("%v", err)
	}
}

type simFailure string

func (w *simWorld) fail(format string, args ...any) {
	panic(simFailure(fmt.Sprintf(format, args...)))
}

func (w *simWorld) count(what string) { w.met[what]++ }

func (w *simWorld) upTo(d time.Duration) int64 { return w.rng.Int64N(int64(d)) }

// TestWorlds runs seeds of the simulation and wants nothing violated, and each rare path met.
func TestWorlds(t *testing.T) {
	met := map[string]int{}
	failures := 0
	for seed := *simFirst; seed < *simFirst+uint64(*simSeeds); seed++ {
		if what := simulate(t, seed, met); what != "" {
			t.Errorf("sim: seed %d: %s", seed, what)
			if failures++; *simStop || failures > 5 {
				return
			}
		}
	}
	t.Logf("%v", met)
}

// simulate runs one seed, and gives what it violated.
func simulate(t *testing.T, seed uint64, met map[string]int) (violation string) {
	rng := rand.New(rand.NewPCG(seed, 7))
	w := &simWorld{
		t: t, seed: seed, rng: rng, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano(), cut: map[[2]int]bool{},
		logs: map[edged.LogName][]edged.Event{}, regions: map[edged.OriginID]string{}, digests: map[string]string{}, met: met,
	}
	defer func() {
		if what := recover(); what != nil {
			f, ours := what.(simFailure)
			if !ours {
				panic(what)
			}
			violation = string(f)
		}
	}()
	w.run()
	return ""
}

func (w *simWorld) run() {
	if w.rng.IntN(4) == 0 { // old data is loaded, from before 1970 on
		w.shift = w.now + 30*simSecond
	}
	w.partials = int64(1) << (8 + w.rng.IntN(8))
	w.cells = 1 << (10 + w.rng.IntN(12))
	for _, name := range []string{"a", "b", "out0", "out1"} {
		w.inputs = append(w.inputs, edged.Stream{Name: name, Generation: 1, Partitions: 1 + w.rng.IntN(3)})
	}
	for i := range 3 {
		w.hosts = append(w.hosts, w.newHost(i))
	}
	for _, h := range w.hosts {
		h.boot()
	}
	pool := simPool()
	for i := range 2 {
		q := *pool[w.rng.IntN(len(pool))]
		if q.emits || q.mapped != nil {
			q.into = fmt.Sprint("out", i)
			q.sql = fmt.Sprintf(q.sql, q.into)
		}
		w.queries = append(w.queries, &q)
		w.put(w.hosts[w.rng.IntN(3)], i)
	}
	if w.shift != 0 { // no log begins behind the others
		for _, h := range w.hosts {
			for _, stream := range []string{"a", "b"} {
				for k := range simKeys {
					h.publish(stream, fmt.Sprint("k", k))
				}
			}
		}
	}
	for range 500 {
		w.now += w.upTo(300 * time.Millisecond)
		w.step()
	}
	w.quiet()
}

func (w *simWorld) put(h *simHost, i int) {
	_, _, err := h.r.PutFunction(context.Background(), edged.Function{Name: fmt.Sprint("f", i), SQL: w.queries[i].sql}, edged.FunctionChange{})
	w.must(err)
}

var simTrace bool
var simDump func(w *simWorld, h *simHost)

func (w *simWorld) trace(args ...any) {
	if simTrace {
		fmt.Println(append([]any{(w.now - time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()) / 1e6}, args...)...)
	}
}

func (w *simWorld) step() {
	h, o := w.hosts[w.rng.IntN(3)], w.hosts[w.rng.IntN(3)]
	x := w.rng.IntN(100)
	w.trace(x, h.index, o.index)
	switch {
	case x < 25:
		stream := []string{"a", "a", "b"}[w.rng.IntN(3)]
		for range 1 + w.rng.IntN(6) {
			h.publish(stream, fmt.Sprint("k", w.rng.IntN(simKeys)))
		}
	case x < 60:
		w.turn(h, w.rng.IntN(3) > 0)
	case x < 80:
		if h != o && !w.cut[[2]int{h.index, o.index}] {
			h.sync(o, w.rng.IntN(2) == 0)
		}
	case x < 92:
		w.look(h)
	case x < 94:
		w.crash(h)
	case x < 96:
		w.part(h)
	case x < 98:
		clear(w.cut)
	case x < 99:
		h.offset += w.upTo(10*time.Second) - int64(5*time.Second)
		w.count("clock step")
	default:
		w.now += int64(6 * time.Second)
	}
}

// part cuts a node off.
func (w *simWorld) part(h *simHost) {
	for _, o := range w.hosts {
		w.cut[[2]int{h.index, o.index}], w.cut[[2]int{o.index, h.index}] = true, true
	}
	w.count("split")
}

// crash ends a process, with what its disk had not got.
func (w *simWorld) crash(h *simHost) {
	h.store.crash()
	h.boot()
	w.count("crash")
}

// turn drives all queries of a node.
func (w *simWorld) turn(h *simHost, due bool) {
	h.r.mu.RLock()
	queries := slices.Collect(maps.Values(h.r.queries))
	h.r.mu.RUnlock()
	slices.SortFunc(queries, func(a, b *query) int { return strings.Compare(a.id.String(), b.id.String()) })
	for _, q := range queries {
		w.must(q.turn(context.Background(), due))
		if q.mapper != nil { // one thing after the other, so that a seed is one trace
			w.must(q.mapper.away.land())
		}
	}
	h.r.flip()
}

// look reads the rows of a node, and holds them to the plain evaluation at their cut.
func (w *simWorld) look(h *simHost) (cuts []edged.Vector) {
	for i, q := range w.queries {
		name := fmt.Sprint("f", i)
		if _, err := h.r.find(name); err != nil {
			cuts = append(cuts, nil)
			continue
		}
		if q.mapped != nil {
			w.outputs(q, false)
			cuts = append(cuts, nil)
			continue
		}
		page, err := h.r.Rows(context.Background(), edged.RowsQuery{Function: name, Limit: 100_000})
		w.must(err)
		c, err := edged.ParseCursor(page.Cut)
		w.must(err)
		at := fmt.Sprintf("%s %x", page.Cut, q.sql)
		digest := fmt.Sprintf("%x", page.Digest)
		if was := w.digests[at]; was != "" && was != digest {
			w.fail("%s at h%d: equal cuts, other digests: %v", q.name, h.index, c.Vector)
		}
		w.digests[at] = digest
		want := q.rows(w.events(q, c.Vector))
		for _, raw := range page.Rows {
			w.row(h, i, raw, c.Vector, want)
		}
		for _, r := range want {
			if r.columns != nil {
				w.fail("%s at h%d: row %s is missing: %v", q.name, h.index, r.name(), r.columns)
			}
		}
		cuts = append(cuts, c.Vector)
		w.count("rows read")
	}
	return cuts
}

// row checks one row; it takes the columns of the wanted one away.
func (w *simWorld) row(h *simHost, i int, raw []byte, cut edged.Vector, want map[string]simRow) {
	q := w.queries[i]
	var row map[string]any
	w.must(json.Unmarshal(raw, &row))
	r := simRow{start: timeOf(row["window_start"]), end: timeOf(row["window_end"])}
	for _, column := range []string{"k", "users"} {
		if g := row[column]; g != nil && r.group == "" && q.key != nil {
			r.group = fmt.Sprint(g)
		}
	}
	wanted, ok := want[r.name()]
	if !ok || wanted.columns == nil {
		w.fail("%s at h%d: row %s should not be: %s", q.name, h.index, r.name(), raw)
	}
	if what := differs(row, wanted.columns); what != "" {
		simDump(w, h)
		for _, e := range wanted.of {
			w.trace(e.of.ID, e.of.Origin, e.of.Partition, e.of.Sequence, e.bounded, e.bound, e.time)
		}
		w.fail("%s at h%d: %s in %s at %v", q.name, h.index, what, raw, cut)
	}
	columns := fmt.Sprint(wanted.columns)
	wanted.columns = nil
	want[r.name()] = wanted
	now := simShown{status: row["_status"].(string), revision: row["_revision"].(float64), columns: columns, cut: cut}
	now.excluded, _ = row["_excluded"].([]any)
	now.sealed, _ = row["_sealed"].(bool)
	w.count(now.status)
	if len(now.excluded) > 0 {
		w.count("excluded")
	}
	if now.sealed {
		w.count("sealed")
	}
	key := fmt.Sprint(i, r.name())
	if was, known := h.rows[key]; known {
		now.closed = was.closed
		w.follows(h, q, &wanted, was, now)
	}
	if now.closed == "" && now.status == "final" {
		now.closed = columns
	}
	h.rows[key] = now
}

// follows checks that a row may have become what it is.
func (w *simWorld) follows(h *simHost, q *simQuery, r *simRow, was, now simShown) {
	if now.revision < was.revision {
		w.fail("%s at h%d: revision of %s fell from %v to %v: %+v, %+v", q.name, h.index, r.name(), was.revision, now.revision, was, now)
	}
	if was.status == "provisional" || q.kind == window.None {
		return
	}
	if now.status == "provisional" && q.kind != window.Session {
		w.fail("%s at h%d: %s was %s and is provisional", q.name, h.index, r.name(), was.status)
	}
	if was.columns == now.columns {
		return
	}
	if was.sealed {
		w.fail("%s at h%d: sealed row %s changed from %s to %s", q.name, h.index, r.name(), was.columns, now.columns)
	}
	if now.status != "revised" && now.columns != was.closed && q.kind != window.Session { // it may be again what it was at the close
		w.fail("%s at h%d: %s changed from %s to %s and is %s", q.name, h.index, r.name(), was.columns, now.columns, now.status)
	}
	for _, e := range r.of {
		k := edged.LogKey{Origin: e.of.Origin.ID, Partition: e.of.Partition | edged.Partition(e.input)<<16}
		if e.of.Sequence <= was.cut[k] {
			continue
		}
		if late := e.bounded && e.bound >= r.end+q.late; late || was.cut[k] == 0 || slices.Contains(was.excluded, any(e.of.Origin.String())) {
			continue
		}
		w.fail("%s at h%d: %s was %s, and an event on time came: %s of %v, sequence %d", q.name, h.index, r.name(), was.status, e.of.ID, e.of.Origin, e.of.Sequence)
	}
}

func timeOf(v any) int64 {
	text, ok := v.(string)
	if !ok {
		return 0
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return t.UnixNano()
}

// events are those that a query counts at a cut.
func (w *simWorld) events(q *simQuery, cut edged.Vector) (all []*simEvent) {
	for i, stream := range q.inputs {
		for name, events := range w.logs {
			if name.Stream != stream {
				continue
			}
			to := cut[edged.LogKey{Origin: name.Origin.ID, Partition: name.Partition | edged.Partition(i)<<16}]
			if to > edged.Sequence(len(events)) {
				w.fail("%s: a cut at %d of %v, which ends at %d", q.name, to, name, len(events))
			}
			var log []*simEvent
			for j := range events[:to] {
				e := &simEvent{of: &events[j], input: i, time: events[j].Time}
				if q.ingest {
					e.time = e.of.HLC.Wall
				}
				var data struct {
					K, U string
					N    *int
					D    *float64
				}
				w.must(json.Unmarshal(e.of.Data, &data))
				e.k, e.u, e.n, e.d = data.K, data.U, data.N, data.D
				log = append(log, e)
			}
			all = append(all, q.keep(log)...)
		}
	}
	return all
}

// quiet heals all, lets time pass, and wants all nodes to show the same and all of it.
func (w *simWorld) quiet() {
	clear(w.cut)
	for range 60 {
		w.now += simSecond
		for _, h := range w.hosts {
			w.turn(h, true)
			for _, o := range w.hosts {
				if h != o {
					h.sync(o, true)
				}
			}
		}
	}
	var first []edged.Vector
	for _, h := range w.hosts {
		cuts := w.look(h)
		if first == nil {
			first = cuts
		}
		for i := range w.queries {
			if len(cuts) <= i || !maps.Equal(cuts[i], first[i]) {
				w.fail("%s: h%d is at %v, h0 at %v", w.queries[i].name, h.index, cuts, first)
			}
		}
		for key, r := range h.rows {
			if q := w.queries[key[0]-'0']; q.kind != window.None && (r.status == "provisional" || len(r.excluded) > 0) && maps.Equal(r.cut, first[key[0]-'0']) {
				w.fail("%s at h%d: %s is %s without %v after all is quiet", q.name, h.index, key, r.status, r.excluded)
			}
		}
	}
	for i, q := range w.queries {
		if q.mapped != nil {
			w.outputs(q, true)
			continue
		}
		for j, stream := range q.inputs {
			for name, events := range w.logs {
				k := edged.LogKey{Origin: name.Origin.ID, Partition: name.Partition | edged.Partition(j)<<16}
				if name.Stream == stream && first[i][k] != edged.Sequence(len(events)) {
					w.fail("%s: %v is folded up to %d of %d", q.name, name, first[i][k], len(events))
				}
			}
		}
		if q.emits {
			w.emitted(q, q.rows(w.events(q, first[i])))
		}
	}
}
