package sim

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/roster"
	"github.com/edgedhq/edged/replication/session"
)

// The hidden streams.
const (
	meshStream    = "$mesh"
	catalogStream = "$catalog"
)

// recall folds what the disk holds of the hidden streams.
func (p *process) recall() {
	for _, id := range slices.Clone(p.store.durable.ids) {
		if l := p.store.durable.logs[id]; l != nil {
			for _, b := range l.blocks {
				p.fold(b)
			}
		}
	}
	p.later(p.w.upTo(5*time.Millisecond), func() {
		p.apply()
		p.do(func(now session.Now) []session.Work { return p.table.Known(now, p.known()) })
	})
}

// follow folds what has become durable of them.
func (p *process) follow(heads []edged.Head) {
	changed := false
	for i := range heads {
		l := p.store.durable.logs[heads[i].Log]
		if l == nil {
			continue
		}
		for _, b := range after(l.blocks, heads[i].Before) {
			changed = p.fold(b) || changed
		}
	}
	if changed {
		p.apply()
		p.do(func(now session.Now) []session.Work { return p.table.Known(now, p.known()) })
	}
}

// after gives the blocks of a run that end after an event.
func after(blocks []*block, seq edged.Sequence) []*block {
	i := len(blocks)
	for i > 0 && blocks[i-1].last > seq {
		i--
	}
	return blocks[i:]
}

// fold takes in a record of a hidden stream, and says whether the roster has changed.
func (p *process) fold(b *block) bool {
	switch b.name.Stream {
	case meshStream:
		return p.roster.Fold(edged.Event{Data: b.data(), HLC: b.at, Origin: b.name.Origin})
	case catalogStream:
		var name edged.LogName
		if _, err := fmt.Sscanf(string(b.data()), "delete %s %d", &name.Stream, &name.Generation); err != nil {
			p.w.fail("record %q: %v", b.data(), err)
		}
		p.w.trace("delete", p.h.index, name.Stream, name.Generation, b.name.Origin)
		p.store.submit(&op{kind: opDelete, name: name})
	}
	return false
}

func (p *process) known() []string {
	nodes := p.unknown()
	for _, n := range p.roster.Nodes() {
		if n.ID != p.self.Node && n.State == roster.Active {
			nodes = append(nodes, n.ID)
		}
	}
	return nodes
}

// apply brings what the roster says to the dialler, the store and the Table.
func (p *process) apply() {
	for _, n := range p.roster.Nodes() {
		p.add(n)
	}
	origins, seals := p.roster.Origins(), p.roster.Seals()
	for _, o := range slices.SortedFunc(maps.Keys(origins), edged.OriginID.Compare) {
		p.do(func(session.Now) []session.Work { return p.table.Met(origins[o].Origin) })
	}
	for _, o := range slices.SortedFunc(maps.Keys(seals), edged.OriginID.Compare) {
		s := seals[o]
		if p.store.staged.seals[o] == 0 {
			p.store.submit(&op{kind: opSeal, origin: s.Origin, at: s.At})
		}
		whole := origins[o].Node == p.self.Node
		p.do(func(session.Now) []session.Work { return p.table.Sealed(s.Origin, s.At, whole) })
	}
}

// introduce writes what the mesh does not know of this node, gives the connected peers time to
// take it in, and lets publishes through.
func (p *process) introduce() {
	const within = 2 * time.Second
	over := false
	open := func() { p.open, over = true, true }
	p.later(within, func() {
		if !over {
			open()
		}
	})
	records := p.missing()
	if len(records) == 0 {
		open()
		return
	}
	var next func()
	failed := func() {
		p.later(time.Second, p.introduce)
		if !over {
			open()
		}
	}
	next = func() {
		data := records[0]
		records = records[1:]
		b := p.append(edged.LogName{Stream: meshStream, Generation: 1}, data, 1, func(b *block, l edged.Landing) {
			switch {
			case l.Outcome != edged.Held:
				failed()
			case len(records) > 0:
				next()
			case !over:
				p.awaitAll(b, within, open)
			}
		})
		if b == nil {
			failed()
		}
	}
	next()
}

// awaitAll waits until all that are connected hold a block.
func (p *process) awaitAll(b *block, within time.Duration, then func()) {
	p.waited++
	id := p.waited
	p.waits[id] = then
	var met bool
	p.do(func(now session.Now) []session.Work {
		met = p.table.WaitAll(now, id, []edged.Head{headOf(b)})
		return nil
	})
	if met {
		delete(p.waits, id)
		then()
		return
	}
	p.later(within, func() {
		if p.waits[id] != nil {
			delete(p.waits, id)
			p.table.GiveUp(id)
		}
	})
}

// headOf is what a publisher waits for.
func headOf(b *block) edged.Head {
	return edged.Head{Name: b.name, Log: b.log, Head: b.last, Newest: b.newest()}
}

// missing are the records that the roster lacks.
func (p *process) missing() (records [][]byte) {
	me := roster.Node{ID: p.self.Node, Name: p.self.Name, Region: p.self.Region, Address: p.self.Address, State: roster.Active}
	if known, ok := p.roster.Node(me.ID); !ok || known != me {
		_, data := roster.NodeRecord(me)
		records = append(records, data)
	}
	origin := p.store.staged.origin
	if _, named := p.roster.Origins()[origin.ID]; !named {
		_, data := roster.OriginRecord(roster.Origin{Origin: origin, Node: me.ID, Region: me.Region})
		records = append(records, data)
	}
	for _, s := range p.store.durable.ended {
		if _, sealed := p.roster.Seals()[s.Origin.ID]; !sealed {
			_, data := roster.SealRecord(s)
			records = append(records, data)
		}
	}
	return records
}
