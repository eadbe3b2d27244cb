package sim

import (
	"bytes"
	"maps"
	"slices"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/roster"
)

// image is what a disk holds, or what a running node has asked it to hold.
type image struct {
	id      string // of the node; empty: a new directory
	origin  edged.Origin
	clean   bool
	exposed bool
	ceiling int64
	ended   []roster.Seal // own origins that have ended

	logs    map[edged.LogID]*logState
	ids     []edged.LogID // in order
	deleted map[string]edged.Generation
	seals   map[edged.OriginID]int64
	newest  map[edged.OriginID]edged.OriginState
	space   map[string][]byte // the keyspace that is lent to collections
}

// logState is one log on it.
type logState struct {
	name   edged.LogName
	log    edged.LogID
	start  edged.Sequence
	base   edged.Chain // before start
	blocks []*block    // from start, without a hole
	sparse []*block    // beyond holes, in order
	frozen bool
	gaps   int
}

func newImage() *image {
	return &image{
		logs:    make(map[edged.LogID]*logState),
		deleted: make(map[string]edged.Generation),
		seals:   make(map[edged.OriginID]int64),
		newest:  make(map[edged.OriginID]edged.OriginState),
		space:   make(map[string][]byte),
	}
}

func (m *image) clone() *image {
	c := *m
	c.ended, c.ids = slices.Clone(m.ended), slices.Clone(m.ids)
	c.deleted, c.seals, c.newest = maps.Clone(m.deleted), maps.Clone(m.seals), maps.Clone(m.newest)
	c.space = maps.Clone(m.space)
	c.logs = make(map[edged.LogID]*logState, len(m.logs))
	for id, l := range m.logs {
		copied := *l
		copied.blocks, copied.sparse = slices.Clone(l.blocks), slices.Clone(l.sparse)
		c.logs[id] = &copied
	}
	return &c
}

func compareIDs(a, b edged.LogID) int { return bytes.Compare(a[:], b[:]) }

// logOf finds a log, or makes it.
func (m *image) logOf(name edged.LogName, id edged.LogID) *logState {
	l := m.logs[id]
	if l == nil {
		l = &logState{name: name, log: id, start: 1}
		m.logs[id] = l
		at, _ := slices.BinarySearchFunc(m.ids, id, compareIDs)
		m.ids = slices.Insert(m.ids, at, id)
	}
	return l
}

func (l *logState) head() (edged.Sequence, edged.Chain) {
	if n := len(l.blocks); n > 0 {
		return l.blocks[n-1].last, l.blocks[n-1].chain
	}
	return l.start - 1, l.base
}

// tell gives the log as the store does.
func (m *image) tell(l *logState) edged.Head {
	h := edged.Head{Name: l.name, Log: l.log, Start: l.start}
	h.Head, h.Chain = l.head()
	h.Before = h.Head
	if n := len(l.blocks); n > 0 {
		h.Newest = l.blocks[n-1].newest()
	}
	return h
}

// tellAt gives it as it stood at a tick; 0 for now.
func (m *image) tellAt(l *logState, tick int64) edged.Head {
	h := m.tell(l)
	if tick == 0 {
		return h
	}
	n := len(l.blocks)
	for n > 0 && l.blocks[n-1].at.Wall >= tick*1e9 {
		n--
	}
	if n > 0 {
		h.Head, h.Chain, h.Newest = l.blocks[n-1].last, l.blocks[n-1].chain, l.blocks[n-1].newest()
	} else {
		h.Head, h.Chain = l.start-1, l.base
	}
	h.Before = h.Head
	return h
}

// sums adds up the terms of all logs at a tick.
func (m *image) sums(tick int64) (sums [edged.Shards]edged.Sum) {
	for _, id := range m.ids {
		l := m.logs[id]
		if l.frozen {
			continue
		}
		n := len(l.blocks)
		for tick != 0 && n > 0 && l.blocks[n-1].at.Wall >= tick*1e9 {
			n--
		}
		switch {
		case n > 0:
			sums[id[0]].Add(l.blocks[n-1].term)
		case l.start > 1:
			sums[id[0]].Add((&edged.Head{Log: id, Head: l.start - 1, Chain: l.base}).Term())
		}
	}
	return sums
}

// list gives the logs with a prefix, after one, as they stood at a tick.
func (m *image) list(tick int64, prefix []byte, after edged.LogID, limit int) (heads []edged.Head) {
	for _, id := range m.ids {
		if len(heads) == limit {
			break
		}
		l := m.logs[id]
		if compareIDs(id, after) > 0 && bytes.HasPrefix(id[:], prefix) && !l.frozen {
			heads = append(heads, m.tellAt(l, tick))
		}
	}
	return heads
}

// read gives blocks of a log from the one that holds an event.
func (m *image) read(log edged.LogID, from edged.Sequence, bytesMax int) (out []*block) {
	l := m.logs[log]
	if l == nil {
		return nil
	}
	at, _ := slices.BinarySearchFunc(l.blocks, from, func(b *block, s edged.Sequence) int {
		if b.last < s {
			return -1
		}
		return 1
	})
	size := 0
	for _, b := range l.blocks[at:] {
		if size >= bytesMax {
			break
		}
		out = append(out, b)
		size += len(b.bytes)
	}
	return out
}

// origins lists all of which something was held.
func (m *image) origins() []edged.OriginState {
	all := make([]edged.OriginState, 0, len(m.newest))
	for _, o := range m.newest {
		all = append(all, o)
	}
	slices.SortFunc(all, func(a, b edged.OriginState) int { return a.Origin.ID.Compare(b.Origin.ID) })
	return all
}
