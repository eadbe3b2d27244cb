package storage

import (
	"fmt"
	"maps"

	"github.com/edgedhq/edged"
)

// aside is a log of which more is held than counts.
type aside struct {
	origin edged.Origin
	at     place // where it ends, with the term of that
}

// Aside gives the logs of which more is held than counts, with their ends.
func (s *Store) Aside() []edged.Head {
	var all []edged.Head
	for id, a := range *s.seals.endings.aside.Load() {
		all = append(all, edged.Head{Log: id, Name: edged.LogName{Origin: a.origin}, Head: a.at.head})
	}
	return all
}

// Beyond finds the logs of an origin of which more is held than counts, after all of Limit is
// durable. A log that has another history than the one that counts is frozen by Conclude.
func (s *Store) Beyond(origin edged.Origin) (found []*Ending, err error) {
	rows := s.Scan(spaceLogs, nil, nil)
	for key := range rows.All() {
		name, err := parseLogKey(key)
		if err != nil {
			return nil, err
		}
		if name.Origin.ID != origin.ID {
			continue
		}
		e, err := s.ending(name)
		if err != nil {
			return nil, err
		}
		if e != nil {
			found = append(found, e)
		}
	}
	return found, rows.Err()
}

// Ending is a log of which more is held than counts.
type Ending struct {
	log    *Log
	at     place
	forked bool
}

// Events is how many are held beyond the end.
func (e *Ending) Events() int64 { return int64(e.log.Durable().Head - e.at.head) }

// ending is nil for a log of which no more is held than counts.
func (s *Store) ending(name edged.LogName) (*Ending, error) {
	l, err := s.Log(name)
	if err != nil {
		return nil, err
	}
	var end place
	raw, err := s.Get(spaceNode, append(limitKey(name.Origin.ID), l.id[:]...))
	if err != nil {
		return nil, err
	}
	if raw != nil {
		var ok bool
		if end, _, ok = parseEnd(raw); !ok {
			return nil, fmt.Errorf("storage: end of a log: %w", errRecord)
		}
	}
	state := l.Durable()
	if state.Head <= end.head {
		return nil, nil
	}
	e := &Ending{log: l, at: end}
	if end.head < state.Start {
		return e, nil // retired: nothing is left to compare
	}
	it, err := s.blocks(l.id)
	if err != nil {
		return nil, err
	}
	defer it.Close()
	if it.SeekGE(blockKey(nil, l.id, end.head+1)) {
		h, err := headerAt(it)
		e.forked = err == nil && (h.First != end.head+1 || h.Prev != end.chain)
	}
	if it.SeekLT(blockKey(nil, l.id, end.head+1)) {
		if h, err := headerAt(it); err == nil {
			e.at.newest = h.Newest()
		}
	}
	return e, it.Error()
}

// SetAside leaves what was found beyond the ends out of what is said of the logs. The completer calls
// it, when Conclude is durable.
func (s *Store) SetAside(origin edged.Origin, c Closure, beyond []*Ending) {
	e, d := &s.seals.endings, &s.digest
	d.mu.Lock()
	defer d.mu.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed[origin.ID] = c
	all := maps.Clone(*e.aside.Load())
	for id, a := range all { // of an earlier end of the origin
		if a.origin.ID == origin.ID {
			d.swap(id, a.at, s.placeHeld(id))
			delete(all, id)
		}
	}
	for _, b := range beyond {
		if b.forked || !b.log.lasting.Load() {
			continue
		}
		a := aside{origin: b.log.name.Origin, at: b.at.of(b.log.id)}
		state := b.log.Durable()
		d.swap(b.log.id, state.place().of(b.log.id), a.at)
		all[b.log.id] = a
	}
	e.aside.Store(&all)
}

// placeHeld is where a log stands, whatever counts of it.
func (s *Store) placeHeld(id edged.LogID) place {
	l, err := s.Find(id)
	if err != nil || l == nil {
		return place{}
	}
	state := l.Durable()
	return state.place().of(id)
}

// swap puts one place of a log into the sums for another. The lock is held.
func (d *digest) swap(id edged.LogID, was, is place) {
	d.sums[id[0]].Subtract(was.term)
	d.sums[id[0]].Add(is.term)
	delete(d.active, id)
}
