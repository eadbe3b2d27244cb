package storage

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
)

// indexBatchBytes is how much of the index is made at once.
const indexBatchBytes = 4 << 20

var indexedKey = spaceNode.key(nil, []byte("indexed")) // read-only

// Find gives the log of an id; nil when it has no record.
func (s *Store) Find(id edged.LogID) (*Log, error) {
	s.logs.mu.Lock()
	l := s.logs.open[id].Value()
	s.logs.mu.Unlock()
	if l != nil && l.lasting.Load() {
		return l, nil
	}
	key, err := s.Get(spaceIndex, id[:])
	if err != nil || key == nil {
		return nil, err
	}
	name, err := parseLogKey(key)
	if err != nil {
		return nil, err
	}
	return s.Log(name)
}

// ListHeads gives durable heads of the logs whose ids begin with a prefix, in the order of ids,
// from the first after the one given, at most limit, as they stood at a tick (see Sums). A log
// that held nothing then is left out, and so is a frozen one.
func (s *Store) ListHeads(tick int64, prefix []byte, past edged.LogID, limit int) ([]edged.Head, error) {
	tick = s.asked(tick)
	var heads []edged.Head
	rows := s.Scan(spaceIndex, from(prefix, past), nil)
	if len(prefix) > 0 {
		rows.upper = after(spaceIndex.key(nil, prefix))
	}
	for id, key := range rows.All() {
		if len(heads) == limit {
			break
		}
		name, state, err := s.peek(edged.LogID(id), key)
		if err != nil {
			return heads, err
		}
		at := s.digest.placeOf(edged.LogID(id), state, tick)
		if a, ended := s.seals.endings.of(edged.LogID(id)); ended {
			at = a.at
		}
		if at.head == 0 || state.Forked {
			continue
		}
		h := state.told(name, edged.LogID(id))
		h.Head, h.Before, h.Chain, h.Newest = at.head, at.head, at.chain, at.newest
		heads = append(heads, h)
	}
	return heads, rows.Err()
}

// from is the first key after an id, in a prefix.
func from(prefix []byte, id edged.LogID) []byte {
	if bytes.Compare(id[:], prefix) < 0 {
		return prefix
	}
	return append(id[:], 0)
}

// placeOf is where a log stood at a tick; its durable state is known.
func (d *digest) placeOf(id edged.LogID, state State, tick int64) place {
	if tick == 0 {
		return state.place()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if p := d.active[id]; p != nil {
		return p.at(tick)
	}
	return state.place()
}

// peek gives a log's durable state without an object for it; nothing is held of one that was
// dropped meanwhile.
func (s *Store) peek(id edged.LogID, key []byte) (edged.LogName, State, error) {
	s.logs.mu.Lock()
	defer s.logs.mu.Unlock()
	if l := s.logs.open[id].Value(); l != nil {
		return l.name, l.Durable(), nil
	}
	raw, err := s.Get(spaceLogs, key)
	if err != nil || raw == nil {
		return edged.LogName{}, State{}, err
	}
	return parseLog(key, raw)
}

// told is the state in the root's words.
func (s *State) told(name edged.LogName, id edged.LogID) edged.Head {
	return edged.Head{
		Name: name, Log: id, Start: max(s.Start, s.Whole), Head: s.Head, Before: s.Head,
		Chain: s.Chain, Newest: s.Newest,
	}
}

// Position tells where the log stands durably, in the root's words. Its start is the first event
// after the last gap. Where others have sealed its origin, what is held beyond its end is left out.
func (l *Log) Position() edged.Head {
	state := l.Durable()
	h := state.told(l.name, l.id)
	if a, ended := l.seals.endings.of(l.id); ended {
		h.Head, h.Before, h.Chain, h.Newest = a.at.head, a.at.head, a.at.chain, a.at.newest
		h.Start = min(h.Start, h.Head+1)
	}
	return h
}

// survey walks the logs' records: it makes the digest, and the index if the database has none.
func (s *Store) survey() error {
	marked, err := s.Get(spaceNode, indexedKey[1:])
	if err != nil {
		return err
	}
	b := s.db.NewBatch()
	defer func() { _ = b.Close() }()
	s.digest.swept = s.opts.Now().Unix()
	rows := s.Scan(spaceLogs, nil, nil)
	for key, raw := range rows.All() {
		name, state, err := parseLog(key, raw)
		if err != nil {
			return err
		}
		id := name.ID()
		if marked == nil {
			err = b.Set(spaceIndex.key(nil, id[:]), key, nil)
		}
		if b.Len() > indexBatchBytes {
			err = errors.Join(err, b.Commit(pebble.NoSync), b.Close())
			b = s.db.NewBatch()
		}
		if err = errors.Join(err, s.recall(name, id, state)); err != nil {
			return err
		}
	}
	if marked == nil {
		err = errors.Join(b.Set(indexedKey, nil, nil), b.Commit(pebble.Sync))
	}
	if err = errors.Join(rows.Err(), err); err != nil {
		return fmt.Errorf("storage: survey of the logs: %w", err)
	}
	return nil
}

// recall puts one log into the digest.
func (s *Store) recall(name edged.LogName, id edged.LogID, state State) error {
	d := &s.digest
	d.saw(name.Origin, state.Newest)
	if state.Forked {
		return nil
	}
	now := state.place().of(id)
	if a, ended := s.seals.endings.of(id); ended {
		d.sums[id[0]].Add(a.at.term)
		return nil
	}
	d.sums[id[0]].Add(now.term)
	oldest := d.swept - windowBack
	if second(state.Newest.Wall) < oldest {
		return nil
	}
	it, err := s.blocks(id)
	if err != nil {
		return err
	}
	defer it.Close()
	p := &past{now: now}
	d.active[id] = p
	at := now // after the block before which the walk stands
	for ok := it.SeekLT(blockKey(nil, id, state.Head+1)); ok && second(at.newest.Wall) >= oldest; ok = it.Prev() {
		h, err := headerAt(it)
		if err != nil {
			break // whoever reads the block is told
		}
		if second(h.HLC.Wall) < second(at.newest.Wall) {
			p.places = append(p.places, place{head: at.head, chain: at.chain, newest: h.Newest()}.of(id))
		}
		at = place{head: h.First - 1, chain: h.Prev, newest: h.HLC}
	}
	if second(at.newest.Wall) >= oldest && at.head > 0 { // what was before is retired
		p.places = append(p.places, place{head: at.head, chain: at.chain}.of(id))
	}
	slices.Reverse(p.places)
	return nil
}

// headerAt reads the header of the block at the iterator.
func headerAt(it *pebble.Iterator) (block.Header, error) {
	value, err := it.ValueAndErr()
	if err != nil {
		return block.Header{}, err
	}
	return block.ParseHeader(value)
}
