package streams

import (
	"encoding/json"
	"fmt"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/storage"
)

// turn is a new definition of a stream, or its end, on its way to the readers.
type turn struct {
	stream *stream      // taken until show
	def    edged.Stream // Generation 0: the stream is no more
	held   []*storage.Log
}

// endsMax bounds how many generations that have ended unseen are looked for.
const endsMax = 1000

// lay lays a stamped record over what stands under its name, in the store and for staging, and
// drops what it ends. Only the committer calls it. Without a turn nothing has changed.
func (s *stream) lay(g *storage.Group, r record) (*turn, error) {
	if err := s.settleOrigin(); err != nil {
		return nil, err
	}
	was := s.staging.record
	set(&r.First, r.At)
	now, changed := was.merge(r)
	if !changed {
		return nil, nil
	}
	raw, err := json.Marshal(now)
	if err != nil {
		return nil, fmt.Errorf("streams: definition of %q: %w", s.name, err)
	}
	t := &turn{stream: s, def: now.stream()}
	for gen := max(was.ended(), now.ended()-min(endsMax, now.ended())) + 1; gen <= now.ended(); gen++ {
		if err := s.dropLogs(g, gen); err != nil {
			return nil, err
		}
	}
	if now.Generation == was.Generation && !now.Deleted {
		err = s.grow(now)
	} else {
		s.broker.dropDedupe(s)
		if t.held, err = s.logs(t.def.Generation); err == nil {
			err = s.define(now, t.held)
		}
	}
	if err != nil {
		return nil, err
	}
	g.Set(storage.Streams, []byte(s.name), raw)
	s.users.Add(1)
	return t, nil
}

// dropLogs drops what is held of one generation.
func (s *stream) dropLogs(g *storage.Group, gen edged.Generation) error {
	held, err := s.logs(gen)
	if err != nil {
		return err
	}
	if len(held) > 0 || gen == s.staging.record.Generation {
		g.DropLogs(s.name, gen)
	}
	for _, l := range held {
		delete(s.staging.ahead, l.ID())
	}
	return nil
}

// show makes the turn visible. The completer calls it.
func (t *turn) show() {
	if t == nil {
		return
	}
	s := t.stream
	s.mu.Lock()
	before := s.view.ring.bytes
	if t.def.Generation == 0 {
		s.view.end(s.name)
	} else {
		s.view.begin(t.def, t.held)
	}
	s.broker.ringBytes.Add(int64(s.view.ring.bytes - before))
	waiting := s.view.waiting
	s.view.waiting = nil
	s.mu.Unlock()
	s.broker.waker.wake(waiting)
	s.broker.release(s)
}

// begin makes a definition visible. A new generation begins with what is held of it.
func (v *view) begin(def edged.Stream, held []*storage.Log) {
	fresh := def.Generation != v.def.Generation
	v.def = def
	if !fresh { // readers of the generation before see a new one by their own
		return
	}
	v.ahead = ahead{}
	v.logs = make(map[edged.LogKey]*storage.Log)
	at := edged.Cursor{Stream: def.Name, Generation: def.Generation, Vector: edged.Vector{}}
	for _, l := range held {
		state := l.Durable()
		if state.Head == 0 {
			continue
		}
		v.logs[l.Name().Key()] = l
		at.Vector[l.Name().Key()] = state.Head
		if v.ring.newest.Compare(state.Newest) < 0 {
			v.ring.newest = state.Newest
		}
	}
	v.ring.reset(at)
}

// end makes a deletion visible.
func (v *view) end(name string) {
	v.def = edged.Stream{Name: name}
	v.ahead, v.logs = ahead{}, nil
	v.ring.reset(edged.Cursor{Stream: name, Vector: edged.Vector{}})
}
