package collectionstest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/edgedhq/edged"
)

const catalog = "$catalog"

// Node is one node's journal and catalog, and its store.
type Node struct {
	*Store

	mesh    *Mesh
	origin  edged.Origin
	cut     bool
	streams map[string]*stream
	last    edged.Timestamp

	awaiting []*feed // of streams that do not exist yet

	failing func(*edged.Publication) error
	reached error
}

// FailAppends has appends fail as f says; with AckTimeout the records are stored all the same. A nil
// f ends that.
func (n *Node) FailAppends(f func(*edged.Publication) error) {
	n.mesh.mu.Lock()
	defer n.mesh.mu.Unlock()
	n.failing = f
}

// FailReach has Reach and Possible answer err from now on.
func (n *Node) FailReach(err error) {
	n.mesh.mu.Lock()
	defer n.mesh.mu.Unlock()
	n.reached = err
}

// Restart is the node after a crash that took back all but some writes of its store.
func (n *Node) Restart(writes int) *Node {
	n.Store = n.Clone(writes)
	return n
}

// Origin is that of the node's logs.
func (n *Node) Origin() edged.Origin { return n.origin }

// stamp is the next stamp. The caller holds mu.
func (n *Node) stamp() edged.Timestamp {
	t := edged.Timestamp{Wall: n.mesh.now().UnixNano()}
	if t.Compare(n.last) <= 0 {
		t = n.last.Plus(1)
	}
	n.last = t
	return t
}

// Append stores a publication, and lets the others hear of it.
func (n *Node) Append(_ context.Context, p *edged.Publication) (edged.Receipt, error) {
	n.mesh.mu.Lock()
	defer n.mesh.mu.Unlock()
	s := n.streams[p.Stream]
	if s == nil || s.deleted {
		return edged.Receipt{}, edged.StreamNotFound
	}
	var fault error
	if n.failing != nil {
		if fault = n.failing(p); fault != nil && !errors.Is(fault, edged.AckTimeout) {
			return edged.Receipt{}, fault
		}
	}
	rec := edged.Receipt{Stream: p.Stream, Count: len(p.Drafts), Origin: n.origin}
	rec.Before = edged.Cursor{Stream: p.Stream, Generation: s.def.Generation, Vector: s.vector()}.Base()
	spans := map[edged.Partition]edged.Span{}
	for i := range p.Drafts {
		e := n.append(s, &p.Drafts[i])
		span, begun := spans[e.Partition]
		if !begun {
			span = edged.Span{Partition: e.Partition, First: e.Sequence}
		}
		span.Last = e.Sequence
		spans[e.Partition] = span
		rec.HLC = e.HLC
	}
	for _, number := range slices.Sorted(maps.Keys(spans)) {
		rec.Spans = append(rec.Spans, spans[number])
	}
	n.show(s)
	return rec, fault
}

// show wakes readers here and elsewhere. The caller holds mu.
func (n *Node) show(s *stream) {
	s.wake()
	wakes := n.wakes()
	n.mesh.spread()
	for _, wake := range wakes {
		wake()
	}
}

func (n *Node) append(s *stream, d *edged.Draft) edged.Event {
	number := edged.PartitionOf(d.Key, s.def.Partitions)
	key := edged.LogKey{Origin: n.origin.ID, Partition: number}
	l := s.logs[key]
	if l == nil {
		l = &log{start: 1, name: edged.LogName{
			Stream: s.def.Name, Generation: s.def.Generation, Partition: number, Origin: n.origin,
		}}
		s.logs[key] = l
	}
	e := edged.Event{
		Stream: s.def.Name, Log: l.name.ID(), Partition: number, Origin: n.origin, Sequence: l.head() + 1,
		HLC: n.stamp(), Key: string(d.Key), Type: string(d.Type), Data: slices.Clone(d.Data),
	}
	e.Time = e.HLC.Wall
	l.events = append(l.events, e)
	return e
}

func (s *stream) vector() edged.Vector {
	v := edged.Vector{}
	for key, l := range s.logs {
		v[key] = l.head()
	}
	return v
}

// Reach says at once that others hold the events.
func (n *Node) Reach(context.Context, edged.Ack, *edged.Receipt) error {
	return n.Possible(edged.Disk())
}

// Possible refuses what FailReach says.
func (n *Node) Possible(edged.Ack) error {
	n.mesh.mu.Lock()
	defer n.mesh.mu.Unlock()
	return n.reached
}

// Truncate retires what is old and folded.
func (n *Node) Truncate(_ context.Context, name string, before int64, folded edged.Vector) error {
	n.mesh.mu.Lock()
	defer n.mesh.mu.Unlock()
	s := n.streams[name]
	if s == nil || s.deleted {
		return edged.StreamNotFound
	}
	for key, l := range s.logs {
		gone := 0
		for gone < len(l.events) && l.events[gone].HLC.Wall < before && l.events[gone].Sequence <= folded[key] {
			gone++
		}
		l.start += edged.Sequence(gone)
		l.events = slices.Clone(l.events[gone:])
	}
	return nil
}

// Held is how many records the node holds of a stream.
func (n *Node) Held(name string) (events int) {
	n.mesh.mu.Lock()
	defer n.mesh.mu.Unlock()
	for _, l := range n.streams[name].logs {
		events += len(l.events)
	}
	return events
}

// PutStream creates or replaces a definition.
func (n *Node) PutStream(_ context.Context, def edged.Stream) (edged.StreamInfo, bool, error) {
	n.mesh.mu.Lock()
	defer n.mesh.mu.Unlock()
	s := n.streams[def.Name]
	made := s == nil || s.deleted
	at := edged.Mark{HLC: n.stamp(), Origin: n.origin.ID}
	if made {
		def.Generation, def.Created, def.First = 1, n.mesh.now(), at
		if s != nil {
			def.Generation = s.def.Generation + 1
		}
		s = &stream{logs: map[edged.LogKey]*log{}}
		n.begin(def.Name, s)
	} else {
		def.Generation, def.Created, def.First = s.def.Generation, s.def.Created, s.def.First
	}
	s.def, s.at = def, at
	n.tell(def.Name)
	return edged.StreamInfo{Stream: def}, made, nil
}

// begin puts a stream's object up, and has those woken who wait for it. The caller holds mu.
func (n *Node) begin(name string, s *stream) {
	n.streams[name] = s
	n.awaiting = slices.DeleteFunc(n.awaiting, func(f *feed) bool {
		due := f.query.Stream == name
		if due && !f.closed {
			s.woken = append(s.woken, f.wake)
		}
		return due
	})
}

// tell puts a record into the catalog. The caller holds mu.
func (n *Node) tell(name string) {
	c := n.streams[catalog]
	n.append(c, &edged.Draft{Key: []byte(name), Type: []byte("stream")})
	n.show(c)
}

// Stream tells what is held of a stream.
func (n *Node) Stream(name string) (edged.StreamInfo, error) {
	n.mesh.mu.Lock()
	defer n.mesh.mu.Unlock()
	s := n.streams[name]
	if s == nil || s.deleted {
		return edged.StreamInfo{}, edged.StreamNotFound
	}
	info := edged.StreamInfo{Stream: s.def}
	for _, l := range s.logs {
		info.Logs = append(info.Logs, edged.LogInfo{Name: l.name, First: l.start, Last: l.head()})
	}
	return info, nil
}

// Hidden gives definitions in the order of their names.
func (n *Node) Hidden(prefix, after string, limit int) (defs []edged.Stream, err error) {
	n.mesh.mu.Lock()
	defer n.mesh.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(n.streams)) {
		if s := n.streams[name]; strings.HasPrefix(name, prefix) && name > after && !s.deleted && len(defs) < limit {
			defs = append(defs, s.def)
		}
	}
	return defs, nil
}

// DeleteStream ends a generation.
func (n *Node) DeleteStream(_ context.Context, name string) error {
	n.mesh.mu.Lock()
	defer n.mesh.mu.Unlock()
	s := n.streams[name]
	if s == nil || s.deleted {
		return edged.StreamNotFound
	}
	s.deleted, s.logs = true, nil
	s.wake()
	n.tell(name)
	return nil
}
