package collections

import (
	"errors"
	"fmt"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
	"github.com/edgedhq/edged/crdt/partition"
)

// A page is what is taken from a feed at a time.
const (
	pageBytes  = 512 << 10
	pageEvents = 4096
)

// fold folds what waits, a page at a time, until there is no more or others want their turn.
func (c *collection) fold() {
	c.feeding <- struct{}{}
	more := c.pull()
	<-c.feeding
	if more {
		c.k.folds.push(c)
	}
}

// foldNow folds a page unless somebody is at it already.
func (c *collection) foldNow() {
	select {
	case c.feeding <- struct{}{}:
	default:
		return
	}
	more := c.pull()
	<-c.feeding
	if more {
		c.k.folds.push(c)
	}
}

// pull folds a page and says whether there may be more. The caller is feeding.
func (c *collection) pull() (more bool) {
	if c.closed() {
		return false
	}
	if c.feed == nil {
		if err := c.follow(); err != nil {
			c.fail(err)
			return false
		}
	}
	var err error
	c.page, err = c.feed.Next(c.page[:0], pageBytes, pageEvents)
	more = len(c.page) > 0
	for i := range c.page {
		if foldErr := c.take(&c.page[i]); foldErr != nil && err == nil {
			err = foldErr
		}
		c.page[i] = edged.Delivery{}
	}
	if more {
		c.announce()
	}
	if err != nil {
		c.fail(err)
		return false
	}
	if !more {
		c.caughtUp.Store(true)
	}
	return more
}

// follow opens the feed at what is folded.
func (c *collection) follow() (err error) {
	c.feed, err = c.k.journal.Follow(edged.Query{
		Stream: c.stream,
		Start: edged.Start{Kind: edged.AtCursorOrGap, Cursor: edged.Cursor{
			Stream: c.stream, Generation: c.definition().Generation, Vector: c.vector(false),
		}},
	}, func() { c.k.folds.push(c) })
	return err
}

func (c *collection) unfollow() {
	if c.feed != nil {
		c.feed.Close()
		c.feed = nil
	}
}

// refollow takes the feed up again at what is folded: what had been passed over comes once more.
func (c *collection) refollow() {
	c.feeding <- struct{}{}
	c.unfollow()
	<-c.feeding
	c.k.folds.push(c)
}

// fail gives the feed up until the next tick. A stream that is no more is the catalog's to tell.
func (c *collection) fail(err error) {
	c.unfollow()
	c.idle.Store(true)
	if !errors.Is(err, errAgain) {
		c.caughtUp.Store(true) // the node is not kept from being ready by what waits for a person
	}
	if !errors.Is(err, edged.StreamNotFound) && !errors.Is(err, errAgain) {
		c.k.opts.Log.Error("a collection is not folded", "collection", c.name, "err", err)
	}
}

// errAgain says that the feed has to be taken up again.
var errAgain = errors.New("collections: records are missing in between")

// take folds one delivery.
func (c *collection) take(d *edged.Delivery) error {
	if d.Notice != nil {
		if d.Notice.Op == "gap" {
			c.gap(d.Notice)
		}
		return nil
	}
	name := d.Run.Name()
	if int(name.Partition) >= len(c.parts) {
		return nil
	}
	p := c.parts[name.Partition]
	asks, err := p.take(d, name.Origin)
	if err != nil {
		return err
	}
	c.answer(asks)
	p.mu.Lock()
	dirty := p.state.Dirty()
	p.mu.Unlock()
	if dirty < c.k.opts.FlushBytes {
		return nil
	}
	_, err = p.flush()
	return err
}

// take folds the events of one log, and gives the requests for rights among them.
func (p *part) take(d *edged.Delivery, origin edged.Origin) (asks []ask, err error) {
	stats := &p.c.k.stats
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.frozen {
		return nil, nil // comes again after the join
	}
	p.state.Meet(origin)
	p.c.dirty.Store(true)
	folded, newest := int64(0), int64(0)
	for _, e := range d.Run.Events(d.From, d.To) {
		at := crdt.Place{Dot: crdt.Dot{Origin: origin.ID, Sequence: e.Sequence}, HLC: e.HLC}
		newest = max(newest, e.HLC.Wall)
		var fate partition.Fate
		switch e.Type {
		case typeAsk:
			if fate = p.state.Pass(at); fate == partition.Folded {
				asks = append(asks, askIn(&e))
			}
		case typeMark:
			fate = p.state.Pass(at)
		default:
			if fate, err = p.state.Fold(at, e.Key, e.Type, e.Data); err != nil {
				return asks, fmt.Errorf("collections: fold into %q: %w", p.c.name, err)
			}
		}
		switch fate {
		case partition.Folded:
			folded++
		case partition.Skipped:
			stats.skipped.Add(1)
		case partition.Waits:
			if p.torn[origin.ID] == 0 {
				return asks, errAgain
			}
		}
	}
	stats.folded.Add(folded)
	if folded > 0 && newest > p.c.newest.Load() {
		p.c.newest.Store(newest)
	}
	return asks, nil
}
