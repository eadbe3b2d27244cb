package collections

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
)

// joinWithin is how long a state waits for the logs here to hold what it includes.
const joinWithin = 10 * time.Second

// joinStep is how many keys are merged in one batch.
const joinStep = 256

// Take takes over one part of another node's state of a partition, which Provide gave there, in
// order from first to last. An error ends the transfer; so does a first part.
func (k *Keeper) Take(stream string, generation edged.Generation, number edged.Partition, part []byte, first, last bool) error {
	p, err := k.partOf(stream, generation, number)
	if err != nil {
		return err
	}
	if !p.wanted() { // before a join would have to be waited for
		return fmt.Errorf("collections: no state of partition %d of %q is wanted", number, p.c.name)
	}
	p.writing <- struct{}{}
	defer func() { <-p.writing }()
	if p.c.closed() || !p.wanted() {
		return fmt.Errorf("collections: the state of partition %d of %q is wanted no more", number, p.c.name)
	}
	if err := p.stage(part, first); err != nil {
		p.theirs = nil
		return fmt.Errorf("collections: a state of %q: %w", p.c.name, err)
	}
	if last {
		p.mu.Lock()
		p.staged = k.opts.Now().Add(joinWithin).UnixNano()
		p.mu.Unlock()
		p.start()
	}
	return nil
}

// start lets the join of a whole state begin once the logs here hold all that it includes. Records
// that are nowhere but in a state would never reach the other nodes, and their origin, set back to
// an older disk, would give their places again. A state that waits too long is let go.
func (p *part) start() {
	held, err := p.held()
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.staged == 0:
	case err == nil && p.theirs.Within(held):
		p.staged, p.frozen, p.asking, p.askAt = 0, true, false, 0
		p.c.k.joins.push(p)
	case p.c.k.opts.Now().UnixNano() >= p.staged:
		p.staged, p.theirs, p.asking = 0, nil, false
		p.askAt = p.c.k.opts.Now().Add(joinPause).UnixNano()
	}
}

// held says up to where the logs of the partition are held here.
func (p *part) held() (crdt.Vector, error) {
	info, err := p.c.k.catalog.Stream(p.c.stream)
	if err != nil {
		return nil, err
	}
	v := make(crdt.Vector, len(info.Logs))
	for i := range info.Logs {
		if l := &info.Logs[i]; l.Name.Partition == p.Number {
			v[l.Name.Origin.ID] = l.Last
		}
	}
	return v, nil
}

// wanted says whether a state of another node is.
func (p *part) wanted() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.torn) > 0 && !p.frozen && p.staged == 0
}

// partOf gives a partition by the names that replication uses.
func (k *Keeper) partOf(stream string, generation edged.Generation, number edged.Partition) (*part, error) {
	name, ok := strings.CutPrefix(stream, hidden)
	c, err := k.find(name)
	if err != nil || !ok || c.definition().Generation != generation || int(number) >= len(c.parts) {
		return nil, fmt.Errorf("collections: no partition %d of generation %d of %q is kept here", number, generation, stream)
	}
	return c.parts[number], nil
}

// stage writes a part where it waits for the others. The caller writes.
func (p *part) stage(raw []byte, first bool) error {
	b, theirs, err := p.state.Stage(raw)
	switch {
	case err != nil:
		return err
	case first != (theirs != nil) || !first && p.theirs == nil:
		return fmt.Errorf("a part out of order")
	}
	if first {
		p.theirs = theirs
		if err := p.unstage(); err != nil {
			return err
		}
	}
	return p.c.k.store.Write(b.Puts())
}

// join merges the state that is staged, from wherever it stands. A failure is tried again later.
func (p *part) join(ctx context.Context) {
	err := p.merge(ctx)
	if err == nil || ctx.Err() != nil || p.c.closed() {
		return
	}
	p.c.k.opts.Log.Error("a state of another node is not merged", "collection", p.c.name, "partition", p.Number, "err", err)
	p.mu.Lock()
	p.askAt = p.c.k.opts.Now().Add(joinPause).UnixNano()
	p.mu.Unlock()
	p.c.torn.Store(true)
}

func (p *part) merge(ctx context.Context) error {
	p.writing <- struct{}{}
	defer func() { <-p.writing }()
	if err := p.beginMerge(); err != nil {
		return err
	}
	for p.joining() {
		if p.c.closed() || ctx.Err() != nil {
			return ctx.Err()
		}
		if err := p.step(); err != nil {
			return err
		}
	}
	from, to := p.state.Staged()
	if err := p.c.k.store.Drop(from, to); err != nil {
		return err
	}
	p.c.k.stats.joins.Add(1)
	p.joined()
	return nil
}

func (p *part) joining() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state.Joining()
}

// step merges some keys.
func (p *part) step() error {
	p.mu.Lock()
	b, stepped, _, err := p.state.Step(joinStep)
	p.mu.Unlock()
	if err != nil {
		return err
	}
	if err := p.c.k.store.Write(b.Puts()); err != nil {
		return err
	}
	p.mu.Lock()
	stepped()
	p.mu.Unlock()
	return nil
}

// beginMerge flushes what is folded, and writes the marker from which a join goes on.
func (p *part) beginMerge() error {
	if p.joining() || p.theirs == nil {
		return nil
	}
	if _, err := p.write(); err != nil {
		return err
	}
	p.mu.Lock()
	b, err := p.state.Join(p.theirs)
	p.mu.Unlock()
	if err != nil {
		return err
	}
	if err := p.c.k.store.Write(b.Puts()); err != nil {
		p.mu.Lock()
		p.state.Forsake()
		p.mu.Unlock()
		return err
	}
	return nil
}

// joined looks whether all that was gone is in the values now, and lets folding go on.
func (p *part) joined() {
	p.mu.Lock()
	p.theirs, p.frozen = nil, false
	for o, to := range p.torn {
		if p.state.Vector().Covers(crdt.Dot{Origin: o, Sequence: to}) {
			delete(p.torn, o)
		}
	}
	now := p.c.k.opts.Now()
	missing := len(p.torn) > 0
	if p.tries++; !missing {
		p.tries, p.since = 0, 0
	}
	p.askAt = now.Add(joinPause).UnixNano()
	over := p.tries >= joinsMax && now.UnixNano()-p.since >= int64(p.c.k.opts.GiveUpAfter)
	p.mu.Unlock()
	if missing && (over || p.c.k.opts.Peers == nil) {
		p.accept()
	}
	p.c.refollow()
	p.c.announce()
}
