package crdttest

import (
	"encoding/binary"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
)

// Crowd is a value that very many records make, and one that clears it: each record of an origin of
// its own, with so many requests.
type Crowd struct {
	world  *world
	deltas []record
	clear  record
	Bytes  int // of all deltas
}

// NewCrowd makes the records.
func (s *Subject) NewCrowd(records, requests int) (*Crowd, error) {
	c := &Crowd{world: newWorld(s, NewDice(12))}
	for i := range records {
		var o edged.OriginID
		binary.BigEndian.PutUint64(o[:], uint64(i)*0x9e3779b97f4a7c15)
		at := crdt.Place{Dot: crdt.Dot{Origin: o, Sequence: 1}, HLC: edged.Timestamp{Wall: int64(i)}}
		delta, err := c.world.deltaOf(s.Type.New(c.world.limits), at, i*requests, requests)
		if err != nil {
			return nil, err
		}
		c.add(record{at: at, delta: delta})
	}
	all := s.Type.New(c.world.limits)
	if err := c.fold(all, c.deltas); err != nil {
		return nil, err
	}
	at := crdt.Place{Dot: crdt.Dot{Origin: c.world.origins[0], Sequence: 1}}
	change := all.Begin(at)
	if err := change.Do([]crdt.Op{{Verb: crdt.Clear}}); err != nil {
		return nil, err
	}
	c.clear = record{at: at, delta: change.AppendDelta(nil)}
	c.Bytes += len(c.clear.delta)
	return c, nil
}

func (c *Crowd) add(r record) {
	c.deltas = append(c.deltas, r)
	c.Bytes += len(r.delta)
}

func (c *Crowd) fold(v crdt.Value, rs []record) error {
	for _, r := range rs {
		if err := v.Fold(r.at, r.delta); err != nil {
			return broken("T12", "a delta of %d bytes: %v", len(r.delta), err)
		}
	}
	return nil
}

// Fold takes all records in, the clearing one at its end or before all others. Nothing may be left.
func (c *Crowd) Fold(clearFirst bool) error {
	v := c.world.subject.Type.New(c.world.limits)
	rs := append(append([]record(nil), c.deltas...), c.clear)
	if clearFirst {
		rs[0], rs[len(rs)-1] = rs[len(rs)-1], rs[0]
	}
	if err := c.fold(v, rs); err != nil {
		return err
	}
	if !v.Absent() {
		return broken("T12", "%d records, then cleared: shows %.100s", len(c.deltas), v.AppendJSON(nil))
	}
	u, err := c.world.parse(v.AppendTo(nil))
	if err != nil {
		return err
	}
	return show(u).is(Shown{Absent: true})
}
