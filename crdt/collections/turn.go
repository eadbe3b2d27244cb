package collections

import (
	"context"
	"errors"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
)

// typeMark is the type of a record that says nothing: what stands before it in the log has come.
const typeMark = "mark"

// groupBytes is about how much is carried out in one turn.
const groupBytes = 4 << 20

// turn carries out what waits, with one append. Another turn follows if more does.
func (c *collection) turn(ctx context.Context) {
	select {
	case c.turning <- struct{}{}:
	case <-ctx.Done():
		return
	}
	defer func() { <-c.turning }()
	if err := c.settle(ctx); err != nil {
		c.refuse(err)
		return
	}
	group, more := c.gather()
	if len(group) > 0 {
		c.carryOut(ctx, group)
	}
	if more {
		c.k.turns.push(c)
	}
}

// settle makes sure that what this node appended before is awaited: at the first turn what the
// log holds, and what an append may have stored that did not say.
func (c *collection) settle(ctx context.Context) error {
	if own := c.k.catalog.Origin().ID; own != c.settled {
		info, err := c.k.catalog.Stream(c.stream)
		if err != nil {
			return refused(c.name, err)
		}
		for _, l := range info.Logs {
			if l.Name.Origin.ID == own && int(l.Name.Partition) < len(c.parts) {
				c.parts[l.Name.Partition].expect(own, l.Last)
			}
		}
		c.settled = own
	}
	if len(c.unsure) == 0 {
		return nil
	}
	p := edged.Publication{Stream: c.stream}
	for _, key := range c.unsure {
		p.Drafts = append(p.Drafts, edged.Draft{Key: []byte(key), Type: []byte(typeMark)})
	}
	rec, err := c.k.journal.Append(ctx, &p)
	if err != nil {
		return refused(c.name, err)
	}
	clear(c.unsure)
	c.expect(&rec)
	return nil
}

// expect has later turns wait until what was appended is folded.
func (c *collection) expect(rec *edged.Receipt) {
	for _, s := range rec.Spans {
		c.parts[s.Partition].expect(rec.Origin.ID, s.Last)
	}
}

func (p *part) expect(o edged.OriginID, s edged.Sequence) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.awaited[o] = max(p.awaited[o], s)
}

// caughtUp says whether all that this node appended is folded.
func (p *part) caughtUp() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for o, s := range p.awaited {
		if p.state.Folded(o) < s {
			return false
		}
		delete(p.awaited, o)
	}
	return !p.frozen
}

// gather takes the updates whose partitions have caught up. Those of others stay, and their time
// comes when something is folded.
func (c *collection) gather() (group []*request, more bool) {
	var ready [edged.CollectionPartitions]bool
	for i, p := range c.parts {
		ready[i] = p.caughtUp()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	bytes := 0
	rest := c.waiting[:0]
	for _, r := range c.waiting {
		full := bytes > 0 && bytes+r.bytes > groupBytes
		more = more || full
		if full || !r.ready(&ready) {
			rest = append(rest, r)
			continue
		}
		bytes += r.bytes
		group = append(group, r)
	}
	clear(c.waiting[len(rest):])
	c.waiting = rest
	c.k.pending.Add(-int64(bytes))
	return group, more
}

// carryOut applies a group, appends what comes of it, and answers when that is folded.
func (c *collection) carryOut(ctx context.Context, group []*request) {
	b := &bench{
		c: c, def: c.definition(), own: c.k.catalog.Origin().ID, now: c.k.opts.Now().UnixNano(),
		base: c.cursorBase(), asks: map[string]int64{},
	}
	for !b.apply(group) {
	}
	appended := b.answerRest(group)
	if len(b.drafts) == 0 {
		return
	}
	rec, err := c.k.journal.Append(ctx, &edged.Publication{Stream: c.stream, Drafts: b.drafts})
	if err != nil {
		if !certain(err) {
			b.doubt()
		}
		for _, r := range appended {
			r.finish(refused(c.name, err))
		}
		return
	}
	c.expect(&rec)
	c.k.stats.appends.Add(1)
	err = c.awaitFolded(ctx, &rec)
	for _, r := range appended {
		r.place(b, &rec)
		r.finish(err)
	}
}

// awaitFolded returns when what was appended is in the values.
func (c *collection) awaitFolded(ctx context.Context, rec *edged.Receipt) error {
	for {
		moved := c.moving()
		if c.includes(rec) {
			return nil
		}
		c.foldNow()
		if c.includes(rec) {
			return nil
		}
		if err := c.end(); err != nil {
			return err
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return unconfirmed()
		}
	}
}

func (c *collection) includes(rec *edged.Receipt) bool {
	for _, s := range rec.Spans {
		if c.parts[s.Partition].folded(rec.Origin.ID) < s.Last {
			return false
		}
	}
	return true
}

// certain says whether an error of Append says that nothing is stored.
func certain(err error) bool {
	for _, kind := range []edged.Kind{
		edged.Overloaded, edged.DiskFull, edged.Draining, edged.IdentityConflict, edged.Starting, edged.Unavailable,
		edged.LevelUnreachable, edged.StreamNotFound, edged.TooLarge, edged.Invalid,
	} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// refused is an error of the journal in the words of a collection.
func refused(name string, err error) error {
	if errors.Is(err, edged.StreamNotFound) {
		return unknown(name)
	}
	return err
}

func unconfirmed() error {
	return edged.Refuse(edged.AckTimeout, "it is not known whether the update is stored; read the key before it is sent again")
}

// clearing is what a deletion does.
func clearing() []crdt.Op { return []crdt.Op{{Verb: crdt.Clear}} }
