package storage

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/edgedhq/edged"
)

// noEnd is the end of an origin that has none.
const noEnd = math.MaxInt64

// seals is which origins have ended.
type seals struct {
	mu   sync.RWMutex
	own  map[edged.OriginID]Sealed
	ends map[edged.OriginID]int64 // wall time from which on nothing of the origin is taken

	endings endings
}

// end is the wall time from which on no event of an origin is taken.
func (z *seals) end(origin edged.OriginID) int64 {
	z.mu.RLock()
	defer z.mu.RUnlock()
	if at, ended := z.ends[origin]; ended {
		return at
	}
	return noEnd
}

// seal ends an origin of this node: nothing is put after what its logs hold.
func (z *seals) seal(own Sealed) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.own[own.Origin.ID] = own
	z.ends[own.Origin.ID] = math.MinInt64
}

// move puts the end of an origin at a time. Where one ends that this node has sealed itself is fixed.
func (z *seals) move(origin edged.OriginID, at int64) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if _, own := z.own[origin]; !own {
		z.ends[origin] = at
	}
}

// SelfSealed lists the former origins of this node that it has sealed itself.
func (s *Store) SelfSealed() []Sealed {
	s.seals.mu.RLock()
	defer s.seals.mu.RUnlock()
	all := make([]Sealed, 0, len(s.seals.own))
	for _, z := range s.seals.own {
		all = append(all, z)
	}
	return all
}

func endedPrefix() []byte { return spaceNode.key(nil, []byte("ended")) }

// Seal takes note that an origin has ended: nothing of it with a wall time at or after the one
// given is taken any more.
func (g *Group) Seal(origin edged.OriginID, at int64) {
	if at >= g.store.seals.end(origin) {
		return
	}
	g.end(origin, at)
}

// end puts the end of an origin at a time, wherever it was.
func (g *Group) end(origin edged.OriginID, at int64) {
	g.store.seals.move(origin, at)
	value := binary.LittleEndian.AppendUint64([]byte{recordVersion}, uint64(at))
	g.Set(spaceNode, append(endedPrefix()[1:], origin[:]...), value)
}

// Mint gives this node a new origin, which is durable when it returns, and under which all later
// blocks are put. seal says that the old one ends with what is staged of it.
func (g *Group) Mint(reason string, seal bool) edged.Origin {
	s := g.store
	s.node.mu.Lock()
	defer s.node.mu.Unlock()
	r := s.node.record
	var old *Sealed
	if seal {
		old = &Sealed{Origin: r.origin, Reason: reason, At: g.Stamp(1)}
	}
	r.origin.Label = s.opts.Label
	if _, err := rand.Read(r.origin.ID[:]); err != nil {
		panic(fmt.Sprintf("storage: new origin: %v", err))
	}
	if err := s.mark(r, nil, old); err != nil {
		return r.origin // the process ends
	}
	s.opts.Log.Warn("origin minted", "origin", r.origin.String(), "reason", reason, "sealed", seal)
	if old != nil {
		s.seals.seal(*old)
	}
	s.origin.Store(&r.origin)
	s.minted.Store(&reason)
	return r.origin
}

// findEnds reads which origins have ended.
func (s *Store) findEnds() error {
	if err := s.findEndings(); err != nil {
		return err
	}
	own := s.Scan(spaceNode, sealedPrefix()[1:], after(sealedPrefix())[1:])
	for key, raw := range own.All() {
		z, err := parseSealed(key[len(sealedPrefix())-1:], raw)
		if err != nil {
			return fmt.Errorf("storage: record of a sealed origin: %w", err)
		}
		s.seals.seal(z)
	}
	ended := s.Scan(spaceNode, endedPrefix()[1:], after(endedPrefix())[1:])
	for key, raw := range ended.All() {
		f, id := fields{rest: raw}, edged.OriginID{}
		known := f.byte() == recordVersion
		at := int64(f.uint64())
		if n := copy(id[:], key[len(endedPrefix())-1:]); !known || f.failed || n != len(id) {
			return fmt.Errorf("storage: record of an ended origin: %w", errRecord)
		}
		s.seals.move(id, at)
	}
	return errors.Join(own.Err(), ended.Err())
}
