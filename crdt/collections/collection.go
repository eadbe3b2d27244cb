package collections

import (
	"sync"
	"sync/atomic"

	"github.com/edgedhq/edged"
)

// collection is one collection's object: its partitions, the feed that fills them, and the updates
// that wait.
type collection struct {
	k      *Keeper
	name   string
	stream string
	def    atomic.Pointer[definition]
	parts  [edged.CollectionPartitions]*part

	feeding chan struct{} // held by who uses what follows
	feed    edged.Feed    // nil before the first use and after a failure
	page    []edged.Delivery

	idle   atomic.Bool  // the feed is to be taken up again at the next tick
	dirty  atomic.Bool  // something is to be flushed
	torn   atomic.Bool  // some partition is
	newest atomic.Int64 // the newest stamp folded

	caughtUp atomic.Bool // all that the journal held has been folded once, or cannot be

	turning chan struct{}              // held by who uses what follows
	settled edged.OriginID             // what stands in this one's logs is awaited
	unsure  map[edged.Partition]string // where an append may have stored something, with a key there

	mu      sync.Mutex
	ended   error         // why there is nothing to be had any more
	moved   chan struct{} // closed and replaced when something has been folded
	version uint64        // counts that
	waiters []*waiter     // called once when that happens
	waiting []*request
	asked   map[string]int64 // when rights were asked for, by key
	base    edged.Base       // what was folded at baseAt
	baseAt  uint64
}

func newCollection(k *Keeper, d *definition) (*collection, error) {
	c := &collection{
		k: k, name: d.Name, stream: edged.CollectionStream(d.Name),
		feeding: make(chan struct{}, 1), turning: make(chan struct{}, 1),
		moved: make(chan struct{}), version: 1, asked: map[string]int64{}, unsure: map[edged.Partition]string{},
	}
	c.def.Store(d)
	for i := range c.parts {
		var err error
		if c.parts[i], err = newPart(c, d, edged.Partition(i)); err != nil {
			return nil, err
		}
	}
	for _, p := range c.parts {
		if p.frozen {
			c.torn.Store(true)
			k.joins.push(p)
		}
	}
	return c, nil
}

func (c *collection) definition() *definition { return c.def.Load() }

func (c *collection) prefix() []byte { return c.definition().prefix() }

// partOf is the partition of a key.
func (c *collection) partOf(key string) *part {
	return c.parts[edged.PartitionOf(key, edged.CollectionPartitions)]
}

func (c *collection) info() edged.CollectionInfo {
	info := edged.CollectionInfo{Collection: c.definition().Collection}
	for _, p := range c.parts {
		p.mu.Lock()
		info.Keys += p.state.Keys()
		info.Bytes += p.state.Bytes()
		p.mu.Unlock()
	}
	return info
}

// close ends the collection here: those who wait are told why. Nothing is folded or written after
// it has returned.
func (c *collection) close(why error) {
	c.mu.Lock()
	if c.ended == nil {
		c.ended = why
	}
	c.mu.Unlock()
	c.refuse(why)
	c.announce()
	c.feeding <- struct{}{}
	c.unfollow()
	<-c.feeding
	for _, p := range c.parts {
		p.writing <- struct{}{} // who comes later sees that it has ended
		<-p.writing
	}
}

func (c *collection) closed() bool { return c.end() != nil }

// end is why there is nothing to be had any more; nil while there is.
func (c *collection) end() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

// announce tells that something has been folded.
func (c *collection) announce() {
	c.mu.Lock()
	close(c.moved)
	c.moved = make(chan struct{})
	c.version++
	waiters := c.waiters
	c.waiters = nil
	waits := len(c.waiting) > 0
	c.mu.Unlock()
	for _, w := range waiters {
		w.wake()
	}
	if waits {
		c.k.turns.push(c)
	}
}

// flush writes what has changed. What could not be written stays, and is tried again.
func (c *collection) flush() {
	if !c.dirty.Swap(false) {
		return
	}
	for _, p := range c.parts {
		wrote, err := p.flush()
		if wrote || err != nil { // what was written is kept until the next flush finds nothing
			c.dirty.Store(true)
		}
		if err != nil {
			c.k.opts.Log.Warn("values not flushed", "collection", c.name, "partition", p.Number, "err", err)
			return
		}
	}
}

// moving is closed when something more has been folded.
func (c *collection) moving() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.moved
}

// await has w called when something more has been folded.
func (c *collection) await(w *waiter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiters = append(c.waiters, w)
}

// vector is what is folded, or what the store holds of it.
func (c *collection) vector(stored bool) edged.Vector {
	v := edged.Vector{}
	for _, p := range c.parts {
		p.addVector(v, stored)
	}
	return v
}

// cursorBase is a place that values include, or their values at least.
func (c *collection) cursorBase() edged.Base {
	c.mu.Lock()
	version, base := c.version, c.base
	known := c.baseAt == version
	c.mu.Unlock()
	if known {
		return base
	}
	base = edged.Cursor{Stream: c.stream, Generation: c.definition().Generation, Vector: c.vector(false)}.Base()
	c.mu.Lock()
	c.base, c.baseAt = base, version
	c.mu.Unlock()
	return base
}
