package storage

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/block"
)

// Gap is a stretch of a log that this node will never hold. The record under 'g' | log id | from:
//
//	version 1 | uvarint to | reason
type Gap struct {
	From, To edged.Sequence
	Reason   string
}

// Skip moves the staged head of a log over events that nobody holds, up to and including to, and
// keeps the gap beside the log. chain is the value after to, which is taken as given. What is held
// before the gap stays; when nothing is, the start moves too. It gives the blocks that had waited
// just after the gap, over which the head moves as well. A log that has ended, or that this node
// appends to, does not move.
func (g *Group) Skip(l *Log, to edged.Sequence, chain edged.Chain, reason string) (blocks []block.Block) {
	s := &l.staged
	if to <= s.Head || s.Forked || l.dropped || g.appends(l) || g.beyondEnd(l, to) {
		return nil
	}
	value := binary.AppendUvarint([]byte{recordVersion}, uint64(to))
	g.Set(spaceGaps, gapKey(l.id, s.Head+1), append(value, reason...))
	g.store.stats.gaps.Add(1)
	g.move(l)
	if s.Start > s.Head {
		s.Start = to + 1
	}
	s.Head, s.Chain, s.Whole = to, chain, to+1
	return g.follow(l, nil)
}

func gapKey(id edged.LogID, from edged.Sequence) []byte {
	return binary.BigEndian.AppendUint64(bytes.Clone(id[:]), uint64(from))
}

// Gaps gives the gaps of a log, in order.
func (s *Store) Gaps(l *Log) ([]Gap, error) {
	var gaps []Gap
	rows := s.Scan(spaceGaps, l.id[:], after(l.id[:]))
	for key, raw := range rows.All() {
		f := fields{rest: raw}
		if f.byte() != recordVersion || len(key) != len(l.id)+8 {
			return gaps, fmt.Errorf("storage: gap of log %v: %w", l.name, errRecord)
		}
		gap := Gap{From: edged.Sequence(binary.BigEndian.Uint64(key[len(l.id):])), To: edged.Sequence(f.uvarint())}
		if gap.Reason = string(f.rest); f.failed {
			return gaps, fmt.Errorf("storage: gap of log %v: %w", l.name, errRecord)
		}
		gaps = append(gaps, gap)
	}
	return gaps, rows.Err()
}
