package collections

import (
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt/partition"
)

// pinIdle is how long a state is kept that nobody asks for.
const pinIdle = 30 * time.Second

// pin is a state of the store that stays, for one node that takes it over.
type pin struct {
	scan    partition.Scan
	release func() error
	used    time.Time
}

// pins are the states that other nodes are taking over.
type pins struct {
	log  *slog.Logger
	mu   sync.Mutex
	held map[uint64]*pin
}

// take gives a state to its only user; nil when there is none.
func (s *pins) take(number uint64) *pin {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.held[number]
	delete(s.held, number)
	return h
}

// keep keeps a state for the next part.
func (s *pins) keep(number uint64, h *pin) {
	s.mu.Lock()
	old := s.held[number]
	s.held[number] = h
	s.mu.Unlock()
	if old != nil {
		s.release(old)
	}
}

func (s *pins) release(h *pin) {
	if err := h.release(); err != nil {
		s.log.Warn("a state of the store is not let go", "err", err)
	}
}

// reap lets go of the states for which over says so.
func (s *pins) reap(over func(*pin) bool) {
	s.mu.Lock()
	var gone []*pin
	for number, h := range s.held {
		if over(h) {
			gone = append(gone, h)
			delete(s.held, number)
		}
	}
	s.mu.Unlock()
	for _, h := range gone {
		s.release(h)
	}
}

// Provide gives a part of about bytesMax of the state of a partition: the first when after is nil,
// then what follows the next of the part before; with the last part next is nil. pin names one
// state, which stays from the first part to the last, or until nobody has asked for it for a while.
func (k *Keeper) Provide(
	pinned uint64, stream string, generation edged.Generation, number edged.Partition, after []byte, bytesMax int,
) (part, next []byte, err error) {
	p, err := k.partOf(stream, generation, number)
	if err != nil {
		return nil, nil, err
	}
	h := k.pins.take(pinned)
	if after == nil {
		if h != nil {
			k.pins.release(h)
		}
		if h, err = k.pin(p); err != nil {
			return nil, nil, err
		}
	}
	if h == nil {
		return nil, nil, fmt.Errorf("collections: the state %d is kept no more", pinned)
	}
	part, next, err = p.Part(h.scan, after, bytesMax)
	if err != nil || next == nil {
		k.pins.release(h)
		return part, nil, err
	}
	h.used = k.opts.Now()
	k.pins.keep(pinned, h)
	return part, next, nil
}

// pin flushes a partition and pins the store.
func (k *Keeper) pin(parts ...*part) (*pin, error) {
	for _, p := range parts {
		if _, err := p.flush(); err != nil {
			return nil, err
		}
	}
	scan, release, err := k.store.Pin()
	return &pin{scan: scan, release: release}, err
}
