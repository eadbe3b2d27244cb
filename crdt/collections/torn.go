package collections

import (
	"fmt"
	"time"

	"github.com/edgedhq/edged"
)

// joinsMax is how many states are taken over, and Options.GiveUpAfter how long that goes on, before a
// gap that none of them covers is accepted. Between two there is a pause.
const (
	joinsMax  = 3
	joinPause = 5 * time.Second
)

// gap takes note of records that are gone. If they are not in the values, the state of another node
// is asked for, and what follows them waits.
func (c *collection) gap(n *edged.Notice) {
	if int(n.Log.Partition) >= len(c.parts) {
		return
	}
	p, o := c.parts[n.Log.Partition], n.Log.Origin
	p.mu.Lock()
	now := c.k.opts.Now().UnixNano()
	missing := p.state.Folded(o.ID) < n.To
	if missing {
		p.state.Meet(o)
		if p.torn[o.ID] = max(p.torn[o.ID], n.To); p.since == 0 {
			p.since = now
		}
		c.dirty.Store(true)
		c.torn.Store(true)
	}
	under := p.frozen || p.asking || p.askAt > now // then what is left missing is looked at later
	p.mu.Unlock()
	switch {
	case !missing || under:
	case c.k.opts.Peers == nil:
		p.accept()
	default:
		p.ask()
	}
}

func (p *part) ask() {
	p.mu.Lock()
	p.asking = true
	p.mu.Unlock()
	p.c.k.opts.Peers.Join(p.c.stream, p.c.definition().Generation, p.Number)
}

// accept gives up what no node has.
func (p *part) accept() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for o, to := range p.torn {
		from := p.state.Folded(o) + 1
		if from <= to {
			p.c.k.opts.Log.Warn("updates are lost: no node holds them", "collection", p.c.name, "partition", p.Number,
				"origin", fmt.Sprintf("%x", o[:]), "from", from, "to", to)
			p.state.Raise(o, to)
			p.c.k.stats.lost.Add(int64(to - from + 1))
		}
	}
	clear(p.torn)
	p.tries, p.since = 0, 0
	p.c.dirty.Store(true)
}

// askAgain asks for the states of partitions of which the last did not cover what is gone, and goes
// on with joins that have failed.
func (c *collection) askAgain() {
	now, torn := c.k.opts.Now().UnixNano(), false
	for _, p := range c.parts {
		p.mu.Lock()
		due := !p.asking && p.askAt <= now
		ask := due && len(p.torn) > 0 && !p.frozen && c.k.opts.Peers != nil
		merge := due && p.frozen && p.askAt > 0
		if merge {
			p.askAt = 0
		}
		torn = torn || len(p.torn) > 0 || p.frozen
		staged := p.staged != 0
		p.mu.Unlock()
		switch {
		case staged:
			p.start()
		case ask:
			p.ask()
		case merge:
			c.k.joins.push(p)
		}
	}
	if !torn {
		c.torn.Store(false)
	}
}
