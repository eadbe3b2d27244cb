package streams

import (
	"maps"
	"slices"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
	"github.com/edgedhq/edged/streams/storage"
)

// alteration is what a record of the catalog from another node changes here, once it is durable.
type alteration struct {
	stream *stream
	def    edged.Stream // Generation 0: the stream has ended
	logs   []*storage.Log
}

// stamped is a record with its place among the catalog's, by which the later one wins.
type stamped struct {
	record
	HLC    edged.Timestamp `json:"hlc,omitzero"`
	Origin edged.OriginID  `json:"origin,omitzero"`
}

// beats says whether a record replaces another of its name: the higher generation, then a
// deletion, then the later stamp, then the higher origin.
func (r *stamped) beats(old *stamped) bool {
	switch {
	case r.Generation != old.Generation:
		return r.Generation > old.Generation
	case r.Deleted != old.Deleted:
		return r.Deleted
	}
	if c := r.HLC.Compare(old.HLC); c != 0 {
		return c > 0
	}
	return r.Origin.Compare(old.Origin) > 0
}

// foldBlock takes in the catalog's records of another node. Only the committer calls it.
func (s *stream) foldBlock(g *storage.Group, l *storage.Log, held block.Block, done *staged) {
	for _, e := range held.Events(l.Name(), 0, held.Header().Count) {
		r, err := parseRecord(e.Data)
		if err != nil || r.Name == "" || hidden(r.Name) {
			s.broker.opts.Log.Warn("a record of the catalog is not understood", "origin", l.Name().Origin.String(), "err", err)
			continue
		}
		r.HLC, r.Origin = e.HLC, l.Name().Origin.ID
		if err := s.broker.fold(g, r, done); err != nil {
			s.broker.opts.Log.Error("a record of the catalog could not be applied", "stream", r.Name, "err", err)
		}
	}
}

// fold lays one record over what is known of its name. The same records give the same, in
// whatever order they come.
func (b *Broker) fold(g *storage.Group, r stamped, done *staged) error {
	s, err := b.take(r.Name)
	if err != nil {
		return err
	}
	old := s.staging.last
	most := max(r.Partitions, old.Partitions)
	live := r.Generation == old.Generation && !r.Deleted && !old.Deleted
	if !r.beats(&old) {
		if !live || most == old.Partitions {
			b.release(s)
			return nil
		}
		r = old
	}
	if live {
		r.Partitions = most
	}
	change := alteration{stream: s, def: r.stream()}
	change.logs, err = s.replace(g, r)
	if err == nil {
		err = b.save(g, r)
	}
	if err != nil {
		b.release(s)
		return err
	}
	done.alterations = append(done.alterations, change) // show releases s
	return nil
}

// replace puts a record in the place of the one that stands, and gives the logs of its generation.
func (s *stream) replace(g *storage.Group, r stamped) ([]*storage.Log, error) {
	old := s.staging.last
	if r.Generation == old.Generation && r.Deleted == old.Deleted {
		return nil, s.define(r, s.staging.logs())
	}
	if old.Generation > 0 && !old.Deleted {
		g.DropLogs(s.name, old.Generation)
		s.broker.dropDedupe(s)
	}
	if r.Deleted {
		g.DropLogs(s.name, r.Generation)
		s.staging.end(s.name, r)
		return nil, nil
	}
	logs, err := s.broker.store.Logs(s.name, r.Generation)
	if err != nil {
		return nil, err
	}
	held := make(map[edged.LogKey]*storage.Log)
	for _, l := range append(logs, s.staging.unborn...) {
		if l.Name().Generation == r.Generation {
			held[l.Name().Key()] = l
		}
	}
	return slices.Collect(maps.Values(held)), s.define(r, held)
}

// show makes an alteration visible.
func (a *alteration) show() {
	s := a.stream
	s.mu.Lock()
	if a.def.Generation == 0 {
		s.view.end(s.name)
	} else {
		s.view.begin(a.def)
		for _, l := range a.logs {
			s.view.logs[l.Name().Key()] = l
			s.view.ring.vector.Raise(l.Name().Key(), l.Durable().Head)
		}
		if len(a.logs) > 0 {
			s.view.ring.reset(edged.Cursor{Stream: s.name, Generation: a.def.Generation, Vector: s.view.ring.vector})
		}
	}
	waiting := s.view.waiting
	s.view.waiting = nil
	s.mu.Unlock()
	s.broker.waker.wake(waiting)
	s.broker.release(s)
}
