package streams

import (
	"math"
	"sync"

	"github.com/edgedhq/edged/streams/storage"
)

// frontier is the wall time below which every event of every origin is visible here, and the
// streams with readers that wait for it to rise.
type frontier struct {
	mu      sync.Mutex
	wall    int64
	blocked map[*stream]struct{}
}

// newFrontier is no bound where nobody will tell of one.
func newFrontier(told bool) *frontier {
	f := &frontier{wall: math.MaxInt64, blocked: make(map[*stream]struct{})}
	if told {
		f.wall = 0
	}
	return f
}

func (f *frontier) at() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.wall
}

// block notes that readers of a stream wait for the frontier to move from where they saw it; false
// says that it has.
func (f *frontier) block(s *stream, saw int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.wall != saw {
		return false
	}
	f.blocked[s] = struct{}{}
	return true
}

// await notes that readers of a stream wait for the next move.
func (f *frontier) await(s *stream) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.blocked[s] = struct{}{}
}

// move sets the frontier and gives the streams whose readers waited.
func (f *frontier) move(wall int64) map[*stream]struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if wall == f.wall {
		return nil
	}
	blocked := f.blocked
	f.wall, f.blocked = wall, make(map[*stream]struct{})
	return blocked
}

// Stable tells the wall time below which every event of every origin is held here; readers in
// stable order are given no others. It is told to them behind everything that is durable already,
// so that they see that first. Until the first call there is no bound; with
// Options.Gated they are given nothing until then.
func (b *Broker) Stable(wall int64) { b.store.Submit(&rise{b, wall}) }

// rise is a frontier on its way through a group.
type rise struct {
	broker *Broker
	wall   int64
}

func (r *rise) Stage(*storage.Group) {}

func (r *rise) Durable() {
	for s := range r.broker.frontier.move(r.wall) {
		s.mu.Lock()
		waiting := s.view.waiting
		s.view.waiting = nil
		s.mu.Unlock()
		r.broker.waker.wake(waiting)
	}
}
