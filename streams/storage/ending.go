package storage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"

	"github.com/edgedhq/edged"
)

// endings is where the logs end of origins that others have sealed. Of each such origin the database
// holds, under 'n':
//
//	"limit" | origin | log id   uvarint head | chain value, 16 | stamp of head, if known: nothing is put after it
//	"aside" | origin | log id   the same, the label of the origin: more than that is held of the log
//	"closed" | origin           version | 1 if whole | sum of the limits, 16: all of these are there
//
// A log without a limit holds nothing that counts. What is held beyond stays where it is, for its
// readers here, and is left out of all that is said of the log to other nodes.
type endings struct {
	mu      sync.RWMutex
	limited map[edged.OriginID]bool // has limits
	closed  map[edged.OriginID]Closure
	aside   atomic.Pointer[map[edged.LogID]aside]
}

func limitKey(origin edged.OriginID) []byte  { return append([]byte("limit"), origin[:]...) }
func asideKey(origin edged.OriginID) []byte  { return append([]byte("aside"), origin[:]...) }
func closedKey(origin edged.OriginID) []byte { return append([]byte("closed"), origin[:]...) }

func (e *endings) open() {
	e.limited, e.closed = map[edged.OriginID]bool{}, map[edged.OriginID]Closure{}
	e.aside.Store(&map[edged.LogID]aside{})
}

func (e *endings) has(origin edged.OriginID) bool {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.limited[origin]
}

// of gives where a log ends of which more is held.
func (e *endings) of(id edged.LogID) (aside, bool) {
	all := *e.aside.Load()
	if len(all) == 0 {
		return aside{}, false
	}
	a, ok := all[id]
	return a, ok
}

// forget drops a log that is gone.
func (e *endings) forget(id edged.LogID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := maps.Clone(*e.aside.Load())
	delete(all, id)
	e.aside.Store(&all)
}

// Closure is what is known of an origin that others have sealed.
type Closure struct {
	Sum   edged.Sum // of the ends of its logs
	Whole bool      // all logs have been held up to there once
}

// Closed says whether others have sealed an origin, and all ends of its logs are known here.
func (s *Store) Closed(origin edged.OriginID) (c Closure, closed bool) {
	s.seals.endings.mu.RLock()
	defer s.seals.endings.mu.RUnlock()
	c, closed = s.seals.endings.closed[origin]
	return c, closed
}

// Limit is where a log ends of an origin that others have sealed; 0 where nothing of it counts.
func (s *Store) Limit(origin edged.OriginID, log edged.LogID) (head edged.Sequence, sealed bool, err error) {
	if !s.seals.endings.has(origin) {
		return 0, false, nil
	}
	raw, err := s.Get(spaceNode, append(limitKey(origin), log[:]...))
	if err != nil || raw == nil {
		return 0, true, err
	}
	at, _, ok := parseEnd(raw)
	if !ok {
		return 0, true, fmt.Errorf("storage: end of a log: %w", errRecord)
	}
	return at.head, true, nil
}

// Ended says where a log ends when more than that is held of it.
func (l *Log) Ended() (head edged.Sequence, ended bool) {
	a, ended := l.seals.endings.of(l.id)
	return a.at.head, ended
}

// beyondEnd says whether an event of a log is past its end.
func (g *Group) beyondEnd(l *Log, last edged.Sequence) bool {
	limit, sealed, err := g.store.Limit(l.name.Origin.ID, l.id)
	if err != nil {
		g.store.opts.Log.Error("end of a log not read", "stream", l.name.Stream, "err", err)
	}
	return sealed && last > limit
}

// Limit takes note of where some logs end of an origin that others have sealed, at stamps before a
// wall time: nothing is put after that any more. first forgets what was known before; until Conclude all
// other logs of the origin end at nothing.
func (g *Group) Limit(origin edged.OriginID, at int64, logs []edged.LogEnd, first bool) {
	e := &g.store.seals.endings
	if first {
		g.end(origin, at)
		g.DeleteRange(spaceNode, limitKey(origin), after(limitKey(origin)))
		g.DeleteRange(spaceNode, asideKey(origin), after(asideKey(origin)))
		e.mu.Lock()
		e.limited[origin] = true
		e.mu.Unlock()
		for _, t := range g.store.beyond.tails {
			if t.log.name.Origin.ID == origin { // what counts of it is fetched again
				g.dropTail(t.log)
			}
		}
	}
	for _, l := range logs {
		g.Set(spaceNode, append(limitKey(origin), l.Log[:]...), appendEnd(nil, place{head: l.Head, chain: l.Chain}))
	}
}

// Conclude says that all that Limit was told of is there, and what was found beyond.
func (g *Group) Conclude(origin edged.OriginID, c Closure, beyond []*Ending) {
	for _, e := range beyond {
		if e.forked {
			g.fork(e.log)
			continue
		}
		g.Set(spaceNode, append(asideKey(origin), e.log.id[:]...), append(appendEnd(nil, e.at), e.log.name.Origin.Label...))
	}
	value := []byte{recordVersion, 0}
	if c.Whole {
		value[1] = 1
	}
	g.Set(spaceNode, closedKey(origin), append(value, c.Sum[:]...))
}

// appendEnd writes where a log ends.
func appendEnd(dst []byte, at place) []byte {
	dst = append(binary.AppendUvarint(dst, uint64(at.head)), at.chain[:]...)
	return appendStamp(dst, at.newest)
}

func parseEnd(raw []byte) (at place, label string, ok bool) {
	f := fields{rest: raw}
	at.head = edged.Sequence(f.uvarint())
	copy(at.chain[:], f.take(len(at.chain)))
	at.newest = f.stamp()
	return at, string(f.rest), !f.failed
}

// findEndings reads where the logs of sealed origins end.
func (s *Store) findEndings() error {
	e := &s.seals.endings
	e.open()
	prefix := spaceNode.key(nil, []byte("closed"))
	rows := s.Scan(spaceNode, prefix[1:], after(prefix)[1:])
	for key, raw := range rows.All() {
		var id edged.OriginID
		var c Closure
		if copy(id[:], key[len(prefix)-1:]) != len(id) || len(raw) != 2+len(c.Sum) || raw[0] != recordVersion {
			return fmt.Errorf("storage: record of a closed origin: %w", errRecord)
		}
		c.Whole = raw[1] == 1
		copy(c.Sum[:], raw[2:])
		e.closed[id] = c
	}
	err := s.eachEnd("limit", func(origin edged.Origin, _ edged.LogID, _ place) { e.limited[origin.ID] = true })
	all := map[edged.LogID]aside{}
	err = errors.Join(rows.Err(), err, s.eachEnd("aside", func(origin edged.Origin, log edged.LogID, at place) {
		all[log] = aside{origin: origin, at: at.of(log)}
	}))
	for id := range e.closed { // one of which nothing counts has no limit
		e.limited[id] = true
	}
	e.aside.Store(&all)
	return err
}

func (s *Store) eachEnd(what string, each func(edged.Origin, edged.LogID, place)) error {
	prefix := spaceNode.key(nil, []byte(what))
	rows := s.Scan(spaceNode, prefix[1:], after(prefix)[1:])
	for key, raw := range rows.All() {
		var origin edged.OriginID
		var log edged.LogID
		rest := key[len(prefix)-1:]
		at, label, ok := parseEnd(raw)
		if !ok || len(rest) != len(origin)+len(log) {
			return fmt.Errorf("storage: end of a log: %w", errRecord)
		}
		copy(log[:], rest[copy(origin[:], rest):])
		each(edged.Origin{Label: label, ID: origin}, log, at)
	}
	return rows.Err()
}
