package storage

import (
	"context"
	"fmt"
)

// promise is a Promise on its way through a group.
type promise struct {
	wall int64
	done chan struct{}
}

func (p *promise) Stage(g *Group) { p.wall = g.promise() }

func (p *promise) Durable() { close(p.done) }

// promise makes a time before which no event will be stamped any more.
func (g *Group) promise() int64 {
	s := g.store
	s.promised = s.clock.Stamp(1).Wall
	g.ceiling = max(g.ceiling, s.ceiling.promise(s.promised))
	return s.promised
}

// Promise makes a wall time such that no event with an earlier stamp will be appended to this
// origin's logs. When it returns, every event with an earlier one is durable, the watcher of heads
// was told of it, and the ceiling on disk is not below the promise.
func (s *Store) Promise(ctx context.Context) (wall int64, err error) {
	p := &promise{done: make(chan struct{})}
	s.Submit(p)
	select {
	case <-p.done:
		return p.wall, nil
	case <-ctx.Done():
		return 0, fmt.Errorf("storage: promise: %w", ctx.Err())
	case <-s.failure.ctx.Done():
		return 0, s.failure.err()
	}
}
