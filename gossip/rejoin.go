package gossip

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

const (
	rejoinEvery = 15 * time.Second // give or take half
	rejoinMost  = 3                // addresses a round
)

// rejoin dials, until ctx ends, whoever is known and not alive. memberlist forgets the dead, and
// two halves that have forgotten each other would never meet again by themselves.
func (g *Gossip) rejoin(ctx context.Context, list *memberlist.Memberlist, reachedAt func(string) string) {
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
			next.Reset(rejoinEvery/2 + rand.N(rejoinEvery))
			g.join(list, g.absent(reachedAt))
		}
	}
}

// join dials a few of the addresses at once, and waits for the outcome.
func (g *Gossip) join(list *memberlist.Memberlist, addrs []string) {
	rand.Shuffle(len(addrs), func(i, j int) { addrs[i], addrs[j] = addrs[j], addrs[i] })
	var dials sync.WaitGroup
	for _, addr := range addrs[:min(rejoinMost, len(addrs))] {
		dials.Go(func() {
			// The address takes the place of a name: an address would be looked up by memberlist.
			if _, err := list.Join([]string{addr + "/" + nowhere}); err != nil {
				g.opts.Log.Debug("join failed", "address", addr, "err", err)
			}
		})
	}
	dials.Wait()
}

// absent lists the known addresses at which nobody is alive. A host name is taken for the address
// that it was resolved to when it was last dialled.
func (g *Gossip) absent(reachedAt func(string) string) []string {
	if g.leaving() {
		return nil
	}
	addrs := slices.Concat(g.opts.Known(), g.opts.Join)
	skip := map[string]bool{g.opts.Advertise: true}
	for _, m := range g.Members() {
		switch {
		case m.State == alive || m.State == suspect:
			skip[m.Address] = true
		case m.State == dead:
			addrs = append(addrs, m.Address)
		}
	}
	var out []string
	for _, addr := range addrs {
		if skip[addr] || strings.Contains(addr, "/") {
			continue
		}
		if at := reachedAt(addr); at != g.opts.Advertise && skip[at] {
			continue
		}
		skip[addr] = true
		out = append(out, addr)
	}
	return out
}
