package streams

import (
	"fmt"

	"github.com/edgedhq/edged"
)

// open finds the feed's first place.
func (f *feed) open() error {
	s := f.stream
	s.mu.Lock()
	def := s.view.def
	now := f.tip()
	at := edged.Cursor{Stream: s.name, Generation: def.Generation, Vector: now.vector.Clone()}
	f.pos = now.pos
	s.mu.Unlock()
	if f.query.Start.Kind == edged.AtCursor || f.query.Start.Kind == edged.AtCursorOrGap {
		if f.query.Start.Cursor.Stream != s.name {
			return edged.RefuseField(edged.BadCursor, "query.cursor", nil,
				"it is of stream %q, not %q", f.query.Start.Cursor.Stream, s.name)
		}
	}
	if def.Generation == 0 {
		if !f.query.Await {
			return unknown(s.name)
		}
		if c := f.query.Start.Cursor; c.Generation > 0 {
			f.gen, f.early, at = c.Generation, true, c
		}
		f.stand(at.Base())
		return nil
	}
	f.gen = def.Generation
	vector, err := f.start(at)
	if err != nil {
		return err
	}
	at.Generation = f.gen
	if vector == nil {
		f.live = !f.query.Stable && now.inRing
		f.stand(at.Base())
		return nil
	}
	at.Vector = vector
	f.stand(at.Base())
	return nil
}

// start is the vector that the feed's Start names; nil is the newest, at now.
func (f *feed) start(now edged.Cursor) (edged.Vector, error) {
	switch start := f.query.Start; start.Kind {
	case edged.Latest:
		return nil, nil
	case edged.Earliest:
		return f.stream.earliest(), nil
	case edged.AtTime:
		return f.stream.atTime(start.Time, now.Vector)
	default:
		return f.atCursor(start, now)
	}
}

// earliest is the vector just before the oldest events held.
func (s *stream) earliest() edged.Vector {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := edged.Vector{}
	for key, l := range s.view.logs {
		if start := l.Durable().Start; start > 1 {
			v[key] = start - 1
		}
	}
	return v
}

// atTime is the vector just before the first events appended at or after a wall time.
func (s *stream) atTime(wall int64, now edged.Vector) (edged.Vector, error) {
	v := edged.Vector{}
	for key := range now {
		s.mu.Lock()
		l := s.view.logs[key]
		s.mu.Unlock()
		if l == nil {
			continue
		}
		first, err := s.broker.store.SeekTime(l, wall)
		if err != nil {
			return nil, fmt.Errorf("streams: seek %q to a time: %w", s.name, err)
		}
		v[key] = min(first-1, now[key])
	}
	return v, nil
}

// atCursor is the cursor's vector, moved past what is gone: sealed heads with a notice, retired
// events with a notice or a refusal, as the Start says.
func (f *feed) atCursor(start edged.Start, now edged.Cursor) (edged.Vector, error) {
	c := start.Cursor
	if c.Generation == 0 { // made before the stream was known
		c.Generation, c.Vector = now.Generation, edged.Vector{}
	}
	if c.Generation < now.Generation {
		if start.Kind == edged.AtCursor {
			return nil, f.expired("what it is of has been deleted and made again since")
		}
		f.resume = "gap"
		return f.stream.earliest(), nil
	}
	v := c.Vector.Clone()
	f.resume = "complete"
	if c.Generation > now.Generation {
		f.gen, f.early = c.Generation, true
		return v, nil
	}
	f.notices = f.stream.clamp(edged.Cursor{Stream: c.Stream, Generation: c.Generation, Vector: v})
	if len(f.notices) > 0 {
		f.resume = "gap"
	}
	for key, before := range f.stream.earliest() {
		if v[key] >= before || f.query.Local && key.Origin != f.stream.broker.store.Origin().ID {
			continue
		}
		if start.Kind == edged.AtCursor {
			return nil, f.expired("events after it have been retired")
		}
		f.resume = "gap" // the merge tells it
	}
	return v, nil
}

func (f *feed) expired(why string) error {
	s := f.stream
	s.mu.Lock()
	gen := s.view.def.Generation
	s.mu.Unlock()
	oldest := edged.Cursor{Stream: s.name, Generation: gen, Vector: s.earliest()}
	refusal := edged.RefuseField(edged.CursorExpired, "query.cursor", nil,
		"%s; go on from the cursor at the oldest event still held, given as \"cursor\"", why)
	refusal.Earliest = oldest.String()
	return refusal
}
