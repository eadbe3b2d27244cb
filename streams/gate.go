package streams

import (
	"context"
	"sync"

	"github.com/edgedhq/edged"
)

// gate is what publications pass before anything of them is staged.
type gate struct {
	mu     sync.Mutex
	opened chan struct{} // closed when publications pass or fail at once; nil when it was never shut
	refuse error         // fails them
}

// pass waits until the gate is open.
func (g *gate) pass(ctx context.Context) error {
	g.mu.Lock()
	opened, refuse := g.opened, g.refuse
	g.mu.Unlock()
	if opened == nil || refuse != nil {
		return refuse
	}
	select {
	case <-opened:
	case <-ctx.Done():
		return edged.Refuse(edged.Starting, "the node is still asking its peers how far they hold its events; try again soon")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.refuse
}

// set ends the waiting; a reason fails publications from now on.
func (g *gate) set(refuse error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refuse = refuse
	if g.opened != nil {
		select {
		case <-g.opened:
		default:
			close(g.opened)
		}
	}
}

// Open lets publications through. Where Options.Gated is set they wait for it.
func (b *Broker) Open() { b.gate.set(nil) }

// Refuse fails publications, and changes of definitions, with err from now on; nil is Open. Those
// to the streams that need no definition go on.
func (b *Broker) Refuse(err error) { b.gate.set(err) }
