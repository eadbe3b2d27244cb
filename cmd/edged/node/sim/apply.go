package sim

import (
	"slices"

	"github.com/edgedhq/edged"
)

// op is one change of a disk. done is told the outcome when it is durable.
type op struct {
	kind    opKind
	block   *block
	name    edged.LogName
	to      edged.Sequence
	chain   edged.Chain
	origin  edged.Origin
	at      int64
	ceiling int64
	puts    []put // of one batch
	done    func(edged.Landing)

	landing edged.Landing // as staged
}

type opKind uint8

const (
	opNote    opKind = iota // nothing but the ceiling
	opAppend                // a block of our own
	opIngest                // of another node
	opSkip                  // a gap
	opRetire                // of old blocks
	opMint                  // of an origin
	opExpose                // before something is shown early
	opDelete                // of a generation
	opSeal                  // of an origin
	opWrite                 // to the keyspace; its fsync is the next one's
	opRefuse                // a block for which there is no room
	opDamaged               // a block that is not whole
)

// Bounds of what waits beyond a hole.
const (
	intervalsMax = 4
	sparseMax    = 64
)

// apply makes a change. It says what became of a block, and which log has moved.
func (m *image) apply(o *op) (landing edged.Landing, moved *logState) {
	m.ceiling = max(m.ceiling, o.ceiling)
	switch o.kind {
	case opAppend, opIngest:
		landing, moved = m.take(o.block, o.kind == opAppend)
	case opRefuse, opDamaged:
		landing = o.landing
	case opSkip:
		moved = m.skip(o)
	case opRetire:
		if moved = m.logs[o.name.ID()]; moved != nil {
			moved.retire(o.to)
		}
	case opMint:
		m.origin, m.exposed = o.origin, false
	case opExpose:
		m.exposed = true
	case opDelete:
		m.delete(o.name.Stream, o.name.Generation)
	case opSeal:
		if was := m.seals[o.origin.ID]; was == 0 || o.at < was {
			m.seals[o.origin.ID] = o.at
		}
	case opWrite:
		m.write(o.puts)
	}
	return landing, moved
}

// take puts a block into its log.
func (m *image) take(b *block, own bool) (edged.Landing, *logState) {
	landing := edged.Landing{Log: b.log, First: b.first, Last: b.last}
	if b.name.Generation <= m.deleted[b.name.Stream] {
		landing.Outcome = edged.Deleted
		return landing, nil
	}
	if at := m.seals[b.name.Origin.ID]; at != 0 && b.at.Wall >= at && !own {
		landing.Outcome = edged.Sealed
		return landing, nil
	}
	l := m.logOf(b.name, b.log)
	before, _ := l.head()
	landing.Outcome = l.take(b)
	landing.Head, _ = l.head()
	if landing.Head == before {
		return landing, nil
	}
	m.renew(l)
	return landing, l
}

// renew keeps the newest stamp of a log's origin.
func (m *image) renew(l *logState) {
	newest := l.blocks[len(l.blocks)-1].newest()
	if was, ok := m.newest[l.name.Origin.ID]; !ok || newest.Compare(was.Newest) > 0 {
		m.newest[l.name.Origin.ID] = edged.OriginState{Origin: l.name.Origin, Newest: newest}
	}
}

func (l *logState) take(b *block) edged.Outcome {
	head, chain := l.head()
	switch {
	case l.frozen:
		return edged.Forked
	case b.last < l.start:
		return edged.Duplicate
	case b.first <= head:
		for _, held := range l.blocks {
			if held.chain == b.chain {
				return edged.Duplicate
			}
		}
		l.frozen = true
		return edged.Forked
	case b.first == head+1:
		if b.prev != chain {
			l.frozen = true
			return edged.Forked
		}
		l.blocks = append(l.blocks, b)
		l.close()
		return edged.Held
	}
	return l.wait(b)
}

// wait keeps a block beyond a hole.
func (l *logState) wait(b *block) edged.Outcome {
	at, found := slices.BinarySearchFunc(l.sparse, b.first, func(b *block, s edged.Sequence) int { return int(b.first) - int(s) })
	if found && l.sparse[at].chain == b.chain {
		return edged.Sparse
	}
	intervals := 1
	for i := 1; i < len(l.sparse); i++ {
		if l.sparse[i].first > l.sparse[i-1].last+1 {
			intervals++
		}
	}
	if found || intervals >= intervalsMax || len(l.sparse) >= sparseMax {
		return edged.Crowded
	}
	l.sparse = slices.Insert(l.sparse, at, b)
	return edged.Sparse
}

// close takes what has waited just after the head.
func (l *logState) close() {
	for len(l.sparse) > 0 {
		head, chain := l.head()
		b := l.sparse[0]
		if b.first > head+1 {
			return
		}
		l.sparse = l.sparse[1:]
		if b.first <= head {
			continue
		}
		if b.prev != chain {
			l.frozen = true
			return
		}
		l.blocks = append(l.blocks, b)
	}
}

func (m *image) skip(o *op) *logState {
	id := o.name.ID()
	if o.name.Generation <= m.deleted[o.name.Stream] {
		return nil
	}
	l := m.logOf(o.name, id)
	head, _ := l.head()
	if o.to <= head || l.frozen {
		return nil
	}
	l.blocks, l.start, l.base = nil, o.to+1, o.chain
	l.gaps++
	l.close()
	if len(l.blocks) > 0 {
		m.renew(l)
	}
	return l
}

// retire gives up whole blocks up to and including an event.
func (l *logState) retire(to edged.Sequence) {
	for len(l.blocks) > 0 && l.blocks[0].last <= to {
		l.start, l.base = l.blocks[0].last+1, l.blocks[0].chain
		l.blocks = l.blocks[1:]
	}
}

func (m *image) delete(stream string, generation edged.Generation) {
	m.deleted[stream] = max(m.deleted[stream], generation)
	m.ids = slices.DeleteFunc(m.ids, func(id edged.LogID) bool {
		l := m.logs[id]
		gone := l.name.Stream == stream && l.name.Generation <= generation
		if gone {
			delete(m.logs, id)
		}
		return gone
	})
}
