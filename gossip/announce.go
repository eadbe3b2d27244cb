package gossip

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/edgedhq/edged"
)

// leaveTimeout bounds each of the two steps of Leave.
const leaveTimeout = 3 * time.Second

// announced is what this node says of itself, in bytes.
func (g *Gossip) announced() []byte {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return g.encoded
}

// change alters what this node says of itself. Nothing changes once it is leaving.
func (g *Gossip) change(alter func(*metadata)) error {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.self.leaving {
		return errors.New("gossip: leaving")
	}
	m := g.self
	alter(&m)
	b, err := m.encode()
	if err != nil {
		return err
	}
	g.self, g.encoded = m, b
	return nil
}

func (g *Gossip) leaving() bool {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return g.self.leaving
}

// Update makes a new origin known: at once when Run works, else with it.
func (g *Gossip) Update(origin edged.Origin) error {
	if err := g.change(func(m *metadata) { m.member.Origin = origin }); err != nil {
		return err
	}
	list, err := g.enter()
	if err != nil {
		return nil // not running: said at the start
	}
	defer g.work.Done()
	_ = g.announce(list, 1) // its error is that it has not been sent yet, and it will be
	return nil
}

// Leave tells the others that this node goes, and returns when it has been sent, when ctx ends or
// after 6 s. The node is then listed as left rather than dead, and dials nobody any more.
func (g *Gossip) Leave(ctx context.Context) error {
	list, err := g.enter()
	if err != nil {
		return err
	}
	if err := g.change(func(m *metadata) { m.leaving = true }); err != nil {
		g.work.Done()
		return err
	}
	sent := make(chan error, 1)
	go func() {
		defer g.work.Done()
		sent <- errors.Join(g.announce(list, leaveTimeout), list.Leave(leaveTimeout))
	}()
	select {
	case err = <-sent:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("gossip: leave: %w", err)
	}
	return nil
}

// announce has what this node says of itself sent, and waits for that.
func (g *Gossip) announce(list *memberlist.Memberlist, timeout time.Duration) error {
	g.announcing.Lock()
	defer g.announcing.Unlock()
	return list.UpdateNode(timeout)
}
