// Package roster is what the mesh remembers of its nodes: the fold of the hidden stream $mesh. It
// is kept by being a stream, so it is the same at every node that holds the same events.
//
//	$mesh ──▶ Fold ──▶ Nodes    node id  ─▶ name, region, addresses, active | left | evicted
//	                   Origins  origin   ─▶ node, region
//	                   Seals    origin   ─▶ nothing of it counts from this time on
//	                   Rolls    origin   ─▶ who has to agree on what is held of it, and who does
//	                   End      origin   ─▶ where each of its logs ends
//
// A record is an event whose data is a JSON object with one member, named after its kind, and
// whose key is the node id or the origin's text:
//
//	{"node":{"id":"…","name":"a","region":"eu","address":"h:7946","http":"h:8080","state":"active"}}
//	{"origin":{"origin":"a~…","node":"…","region":"eu"}}
//	{"seal":{"origin":"a~…","at":1700000000000000000,"reason":"exposed"}}
//
// An origin whose node will not return is sealed by others. One of them draws up a roll of the
// nodes that have to agree; each says what it holds, as the sum of the terms of the origin's logs;
// he who drew it up says before where each log stands, in records of bounded size:
//
//	{"sealing":{"origin":"x~…","number":1,"roll":[{"node":"…","name":"b","origin":"b~…"}],"away":["c"]}}
//	{"held":{"origin":"x~…","number":1,"by":"a~…","sum":"…","at":1700…,"part":0,"parts":1,"logs":"…"}}
//	{"agreed":{"origin":"x~…","number":1,"by":"a~…","sum":"…"}}
//
// logs is base64 of: log id, 16 | uvarint head | chain value, 16; again and again.
//
// # Invariants
//
// Of the records of one kind for one key the latest (HLC, origin) counts, in whatever order they
// come. An origin has ended by others at the first sum that its whole roll has agreed on. What a node
// holds only grows, and its records are folded in its order, so that sum is the same at every node.
// Of two rolls that close the one of the higher number counts. Fields and kinds that are not known are skipped; what cannot be read is counted.
//
// # Not here
//
// Who is alive now: gossip. Who is connected: replication.
package roster

import (
	"cmp"
	"slices"

	"github.com/edgedhq/edged"
)

// State is what a node is to the mesh.
type State string

// The states of a node.
const (
	Active  State = "active"  // dialled for ever
	Left    State = "left"    // went by itself, and may come back
	Evicted State = "evicted" // not let in again
)

// Node is one node of the mesh.
type Node struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Region  string `json:"region"`
	Address string `json:"address"`        // host:port of its mesh port
	HTTP    string `json:"http,omitempty"` // host:port of its HTTP door
	State   State  `json:"state"`
}

// Origin tells which node minted an origin.
type Origin struct {
	Origin edged.Origin
	Node   string // node id
	Region string
}

// Seal ends an origin.
type Seal struct {
	Origin edged.Origin
	At     int64 // Unix nanoseconds; nothing of the origin with this stamp or a later one counts
	Reason string
}

// Roster is the fold. Its caller guards it.
type Roster struct {
	nodes   map[string]kept[Node]
	origins map[edged.OriginID]kept[Origin]
	seals   map[edged.OriginID]kept[Seal]
	rolls   map[rollID]*roll
	bad     int
}

// kept is a record with the stamp that it won by.
type kept[T any] struct {
	value T
	by    stamp
}

type stamp struct {
	hlc    edged.Timestamp
	origin edged.OriginID
}

func (s stamp) after(t stamp) bool {
	return cmp.Or(s.hlc.Compare(t.hlc), s.origin.Compare(t.origin)) > 0
}

// New returns an empty roster.
func New() *Roster {
	return &Roster{
		nodes:   map[string]kept[Node]{},
		origins: map[edged.OriginID]kept[Origin]{},
		seals:   map[edged.OriginID]kept[Seal]{},
		rolls:   map[rollID]*roll{},
	}
}

// Fold takes in an event of $mesh, and says whether the roster has changed.
func (r *Roster) Fold(e edged.Event) (changed bool) {
	rec, err := parse(e.Data)
	if err != nil {
		r.bad++
		return false
	}
	by := stamp{e.HLC, e.Origin.ID}
	if n := rec.Node; n != nil {
		changed = keep(r.nodes, n.ID, *n, by)
	}
	if o := rec.Origin; o != nil {
		changed = keep(r.origins, o.origin.ID, Origin{o.origin, o.Node, o.Region}, by) || changed
	}
	if s := rec.Seal; s != nil {
		changed = keep(r.seals, s.origin.ID, Seal{s.origin, s.At, s.Reason}, by) || changed
	}
	return r.foldSealing(&rec, e.Origin) || changed
}

// keep stores a value unless a later one is there, and says whether the stored value is another.
func keep[K, T comparable](all map[K]kept[T], key K, value T, by stamp) (changed bool) {
	was, ok := all[key]
	if ok && !by.after(was.by) {
		return false
	}
	all[key] = kept[T]{value, by}
	return !ok || value != was.value
}

// Nodes lists the nodes in the order of their ids.
func (r *Roster) Nodes() []Node {
	out := make([]Node, 0, len(r.nodes))
	for _, k := range r.nodes {
		out = append(out, k.value)
	}
	slices.SortFunc(out, func(a, b Node) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// Node finds a node by its id.
func (r *Roster) Node(id string) (Node, bool) {
	k, ok := r.nodes[id]
	return k.value, ok
}

// Origins tells of each origin which node minted it.
func (r *Roster) Origins() map[edged.OriginID]Origin { return values(r.origins) }

// Seals tells of each sealed origin where it ends.
func (r *Roster) Seals() map[edged.OriginID]Seal { return values(r.seals) }

func values[K comparable, T any](all map[K]kept[T]) map[K]T {
	out := make(map[K]T, len(all))
	for key, k := range all {
		out[key] = k.value
	}
	return out
}

// Bad is the number of events that could not be read.
func (r *Roster) Bad() int { return r.bad }
