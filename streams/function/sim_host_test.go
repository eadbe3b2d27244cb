package function

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/edgedhq/edged"
)

// simExtent is what a node holds of a log.
type simExtent struct{ first, last edged.Sequence }

// simPromise is what a node knows of an origin.
type simPromise struct {
	held, heard int64
	sealed      bool
}

// simHost is a node of the model: a disk, a clock, and a runner over them.
type simHost struct {
	w      *simWorld
	index  int
	origin edged.Origin
	region string
	offset int64 // of its clock

	// The disk.
	store   *simStore
	held    map[edged.LogName]simExtent
	streams map[string]*edged.Stream
	version map[string]int // of definitions
	floor   int64          // no stamp below it
	last    edged.Timestamp

	// The process.
	r     *Runner
	known map[edged.OriginID]*simPromise
	acked map[edged.LogName]edged.Sequence // what another node is known to hold of own logs
	met   int64
	rows  map[string]simShown // by function, window and group: what was read last
}

func (w *simWorld) newHost(i int) *simHost {
	h := &simHost{w: w, index: i, region: fmt.Sprint("r", i%2)}
	h.erase()
	return h
}

// erase gives the node an empty disk, and so another origin.
func (h *simHost) erase() {
	h.store = &simStore{h: h}
	h.held, h.streams, h.version = map[edged.LogName]simExtent{}, map[string]*edged.Stream{}, map[string]int{}
	h.floor, h.last = 0, edged.Timestamp{}
	h.w.minted++
	h.origin = edged.Origin{Label: fmt.Sprint("h", h.index)}
	id := fmt.Sprintf("%02d-%07d", h.w.minted*7%100, h.w.minted)
	copy(h.origin.ID[:], id)
	h.w.regions[h.origin.ID] = h.region
	h.w.origins = append(h.w.origins, h.origin)
	for _, s := range h.w.inputs {
		h.streams[s.Name] = &s
	}
}

// boot starts the process.
func (h *simHost) boot() {
	h.known, h.acked, h.met = map[edged.OriginID]*simPromise{}, map[edged.LogName]edged.Sequence{}, h.clock()
	h.rows = map[string]simShown{}
	for _, o := range h.w.origins {
		h.know(o.ID)
	}
	var err error
	h.r, err = Open(h, h, h.store, h, Options{Now: func() time.Time { return time.Unix(0, h.clock()) }, PartialsBytes: h.w.partials, CellBytes: h.w.cells})
	h.w.must(err)
}

func (h *simHost) know(o edged.OriginID) *simPromise {
	p := h.known[o]
	if p == nil {
		p = &simPromise{held: math.MinInt64, heard: h.clock()}
		h.known[o] = p
	}
	return p
}

func (h *simHost) clock() int64 { return h.w.now + h.offset }

// stamp is the next one of this node's origin.
func (h *simHost) stamp() edged.Timestamp {
	wall := max(h.clock(), h.floor)
	if wall <= h.last.Wall {
		h.last.Logical++
	} else {
		h.last = edged.Timestamp{Wall: wall}
	}
	return h.last
}

// put appends to own logs.
func (h *simHost) put(p *edged.Publication) edged.Receipt {
	r := edged.Receipt{Stream: p.Stream, Count: len(p.Drafts), Origin: h.origin}
	first := map[edged.Partition]edged.Sequence{}
	s := h.streams[p.Stream]
	for i := range p.Drafts {
		d := &p.Drafts[i]
		part := edged.PartitionOf(d.Key, s.Partitions)
		name := edged.LogName{Stream: p.Stream, Generation: 1, Partition: part, Origin: h.origin}
		at := h.stamp()
		e := edged.Event{
			Stream: p.Stream, Log: name.ID(), Partition: part, Origin: h.origin, Sequence: h.held[name].last + 1, HLC: at, Time: at.Wall,
			ID: string(d.ID), Key: string(d.Key), Type: string(d.Type), ContentType: string(d.ContentType), Headers: d.Headers, Data: slices.Clone(d.Data),
		}
		if d.HasTime {
			e.Time = d.Time
		}
		h.w.logs[name] = append(h.w.logs[name], e)
		x := h.held[name]
		if x.first == 0 {
			x.first = 1
		}
		x.last = e.Sequence
		h.held[name] = x
		if first[part] == 0 {
			first[part] = e.Sequence
		}
		r.HLC = at
	}
	for _, part := range slices.Sorted(maps.Keys(first)) {
		name := edged.LogName{Stream: p.Stream, Generation: 1, Partition: part, Origin: h.origin}
		r.Spans = append(r.Spans, edged.Span{Partition: part, First: first[part], Last: h.held[name].last})
	}
	return r
}

func (h *simHost) Append(_ context.Context, p *edged.Publication) (edged.Receipt, error) {
	if h.streams[p.Stream] == nil {
		return edged.Receipt{}, edged.Refuse(edged.StreamNotFound, "no stream %q", p.Stream)
	}
	return h.put(p), nil
}

func (h *simHost) Follow(q edged.Query, _ func()) (edged.Feed, error) {
	f := &simFeed{h: h, q: q, at: edged.Vector{}}
	if q.Start.Kind == edged.AtCursorOrGap {
		f.at = q.Start.Cursor.Vector.Clone()
	}
	return f, nil
}

func (h *simHost) Truncate(_ context.Context, stream string, _ int64, folded edged.Vector) error {
	for _, name := range h.logsOf(stream) {
		x := h.held[name]
		x.first = max(x.first, folded[name.Key()]+1)
		h.held[name] = x
	}
	h.w.count("records retired")
	return nil
}

func (h *simHost) PutStream(_ context.Context, def edged.Stream) (edged.StreamInfo, bool, error) {
	old := h.streams[def.Name]
	def.Generation = 1
	if old == nil || old.Spec != def.Spec {
		h.w.defined++
		h.streams[def.Name], h.version[def.Name] = &def, h.w.defined
	}
	return edged.StreamInfo{Stream: def}, old == nil, nil
}

func (h *simHost) Stream(name string) (edged.StreamInfo, error) {
	s := h.streams[name]
	if s == nil {
		return edged.StreamInfo{}, edged.Refuse(edged.StreamNotFound, "no stream %q", name)
	}
	info := edged.StreamInfo{Stream: *s}
	for _, n := range h.logsOf(name) {
		x := h.held[n]
		info.Logs = append(info.Logs, edged.LogInfo{Name: n, First: x.first, Last: x.last})
	}
	return info, nil
}

func (h *simHost) Hidden(prefix, after string, limit int) ([]edged.Stream, error) {
	var defs []edged.Stream
	for _, name := range slices.Sorted(maps.Keys(h.streams)) {
		if strings.HasPrefix(name, prefix) && name > after && len(defs) < limit {
			defs = append(defs, *h.streams[name])
		}
	}
	return defs, nil
}

func (h *simHost) DeleteStream(context.Context, string) error { return nil }
func (h *simHost) Origin() edged.Origin                       { return h.origin }
func (h *simHost) Region(o edged.OriginID) string             { return h.w.regions[o] }
func (h *simHost) Peers() bool                                { return len(h.w.hosts) > 1 }

func (h *simHost) Promises() []edged.Promise {
	var all []edged.Promise
	h.floor = max(h.floor, h.clock(), h.last.Wall+1)
	own := h.know(h.origin.ID)
	own.held, own.heard = h.floor, h.clock()
	for _, o := range h.w.origins {
		if p := h.known[o.ID]; p != nil {
			all = append(all, edged.Promise{Origin: o, Held: p.held, Heard: p.heard, Sealed: p.sealed})
		}
	}
	return all
}

func (h *simHost) Stable(head edged.Head) (edged.Sequence, bool) {
	if h.clock()-h.met >= int64(10*time.Second) {
		return head.Head, true
	}
	return h.acked[head.Name], false
}

func (h *simHost) Everywhere() int64 {
	least := int64(math.MaxInt64)
	for _, o := range h.w.hosts {
		for name, x := range h.held {
			if o.held[name].last < x.last {
				least = min(least, h.w.logs[name][o.held[name].last].HLC.Wall)
			}
		}
	}
	return least
}

// sync gives other what h holds and it does not; all of it, or a part.
func (h *simHost) sync(other *simHost, whole bool) {
	for _, name := range slices.Sorted(maps.Keys(h.streams)) {
		if h.version[name] <= other.version[name] {
			continue
		}
		other.streams[name], other.version[name] = h.streams[name], h.version[name]
		if f, ok := strings.CutPrefix(name, hidden); ok {
			h.w.must(other.r.look(f))
		}
	}
	complete := true
	names := slices.SortedFunc(maps.Keys(h.held), func(a, b edged.LogName) int {
		return strings.Compare(a.Stream+string(a.Origin.ID[:])+fmt.Sprint(a.Partition), b.Stream+string(b.Origin.ID[:])+fmt.Sprint(b.Partition))
	})
	for _, name := range names {
		mine, theirs := h.held[name], other.held[name]
		to := mine.last
		if n := mine.last - theirs.last; mine.last > theirs.last && !whole {
			to = theirs.last + edged.Sequence(h.w.rng.IntN(int(n)+1))
			complete = complete && to == mine.last
		}
		if to > theirs.last {
			at := h.w.logs[name][to-1].HLC
			if at.Wall <= other.clock()+int64(500*time.Millisecond) && at.Compare(other.last) > 0 {
				other.last = at
			}
		}
		first := max(theirs.first, min(mine.first, to+1))
		other.held[name] = simExtent{first, max(theirs.last, to)}
		if name.Origin == h.origin {
			h.acked[name] = max(h.acked[name], other.held[name].last)
		}
	}
	h.met, other.met = h.clock(), other.clock()
	h.Promises()
	for id, p := range h.known { // each its own: any order
		q := other.know(id)
		if complete && p.held > q.held && id != other.origin.ID {
			q.held, q.heard = p.held, other.clock()
			q.sealed = p.sealed
		}
		if id == h.origin.ID {
			q.heard = other.clock()
		}
	}
}

// simKeys is how many keys events have.
const simKeys = 4

// publish appends an event.
func (h *simHost) publish(stream, key string) {
	w := h.w
	w.published++
	data := map[string]any{"k": key, "u": fmt.Sprint("u", w.rng.IntN(6))}
	if w.rng.IntN(5) > 0 {
		data["n"] = w.rng.IntN(100) - 20
	}
	if w.rng.IntN(5) > 0 {
		data["d"] = float64(w.rng.IntN(1_000_000)) / 7
	}
	b, err := json.Marshal(data)
	w.must(err)
	d := edged.Draft{ID: fmt.Appendf(nil, "e%d", w.published), Key: []byte(key), Data: b, HasTime: true, Time: max(h.clock(), h.floor) - w.shift}
	name := edged.LogName{Stream: stream, Generation: 1, Partition: edged.PartitionOf(key, h.streams[stream].Partitions), Origin: h.origin}
	switch x := w.rng.IntN(20); {
	case h.held[name].last == 0: // on time, as its log has no bound yet
	case x < 12:
		d.Time -= w.upTo(time.Second)
	case x < 17:
		d.Time -= w.upTo(6 * time.Second)
	default:
		d.Time -= w.upTo(40 * time.Second)
	}
	d.Time = floor(d.Time, int64(250*time.Millisecond)) // ends are met
	h.put(&edged.Publication{Stream: stream, Drafts: []edged.Draft{d}})
}
