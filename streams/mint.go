package streams

import (
	"context"
	"fmt"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/storage"
)

// minting is a new origin on its way through a group.
type minting struct {
	reason string
	seal   bool
	origin edged.Origin
	done   chan struct{}
}

func (m *minting) Stage(g *storage.Group) { m.origin = g.Mint(m.reason, m.seal) }

func (m *minting) Durable() { close(m.done) }

// Mint gives this node a new origin, under which all later events are appended. seal says whether
// the old one ends with what it holds. When ctx ends before, the node may have it all the same.
func (b *Broker) Mint(ctx context.Context, reason string, seal bool) (edged.Origin, error) {
	m := &minting{reason: reason, seal: seal, done: make(chan struct{})}
	b.store.Submit(m)
	select {
	case <-m.done:
		return m.origin, nil
	case <-ctx.Done():
		return edged.Origin{}, fmt.Errorf("streams: new origin: %w", ctx.Err())
	}
}
