package sim

import (
	"strings"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/roster"
	"github.com/edgedhq/edged/replication/session"
)

const truncateEvery = 4 * time.Second

// truncate retires what is folded, and what every member of the mesh holds, of the collections' logs.
func (p *process) truncate() {
	p.later(truncateEvery, p.truncate)
	if !p.w.plan.truncate || p.halted {
		return
	}
	before := p.everywhere()
	m := p.store.durable
	for _, id := range m.ids {
		l := m.logs[id]
		c := p.w.collectionOf(l.name.Stream)
		if c == nil {
			continue
		}
		bound := m.tell(l).Head
		if l.name.Origin.ID == m.origin.ID {
			bound = p.table.Replicated(m.tell(l))
		}
		f := p.folds[session.State{Stream: c.stream, Generation: 1, Partition: l.name.Partition}]
		bound = min(bound, f.core.Stored()[l.name.Origin.ID])
		to := edged.Sequence(0)
		for _, b := range l.blocks {
			if b.newest().Wall >= before || b.last > bound {
				break
			}
			to = b.last
		}
		if to >= l.start {
			p.w.checkRetire(p, l, to)
			p.w.count("truncated")
			p.store.submit(&op{kind: opRetire, name: l.name, to: to})
		}
	}
}

// everywhere is the time below which the other members hold all that is held here.
func (p *process) everywhere() int64 {
	var members []string
	for _, n := range p.roster.Nodes() {
		if n.ID != p.self.Node && n.State == roster.Active {
			members = append(members, n.ID)
		}
	}
	if len(members) == 0 && len(p.unknown()) > 0 {
		return 0
	}
	return p.table.Everywhere(p.now(), members)
}

// stateful says whether a stream's records are folded into a state.
func stateful(stream string) bool { return strings.HasPrefix(stream, edged.CollectionStream("")) }
