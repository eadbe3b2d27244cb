package collections

import (
	"log/slog"
	"sync"
)

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
