package collections

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgedhq/edged"
)

// Keeper keeps the collections of one node.
type Keeper struct {
	journal Journal
	catalog Catalog
	store   Store
	opts    Options
	stats   counters

	folds *queue[*collection] // with records that wait
	turns *queue[*collection] // with updates that wait
	joins *queue[*part]       // whose join waits to go on
	pins  pins

	pending  atomic.Int64  // bytes of updates that wait
	defining chan struct{} // held by who changes or reads definitions

	mu      sync.RWMutex
	all     map[string]*collection
	changed chan struct{} // closed and replaced when all has changed
	closed  bool
}

// turners is how many collections append at once. An append waits for the disk, and there it shares
// an fsync with the others.
const turners = 16

// Open reads what is defined and kept, and forgets what is no longer defined. The journal must be
// open.
func Open(journal Journal, catalog Catalog, store Store, opts Options) (*Keeper, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	k := &Keeper{
		journal: journal, catalog: catalog, store: store, opts: opts,
		folds: newQueue[*collection](), turns: newQueue[*collection](), joins: newQueue[*part](),
		pins:     pins{log: opts.Log, held: map[uint64]*pin{}},
		defining: make(chan struct{}, 1),
		all:      map[string]*collection{}, changed: make(chan struct{}),
	}
	if err := k.list(); err != nil {
		return nil, err
	}
	return k, k.clean()
}

// Run folds, appends and flushes until ctx ends or the catalog cannot be read; what is folded is
// flushed before it returns. The node calls it once. Updates are refused as draining from then on.
func (k *Keeper) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var group sync.WaitGroup
	for range k.opts.Workers {
		group.Go(func() { k.folds.work(ctx, (*collection).fold) })
	}
	for range turners {
		group.Go(func() { k.turns.work(ctx, func(c *collection) { c.turn(ctx) }) })
	}
	group.Go(func() { k.joins.work(ctx, func(p *part) { p.join(ctx) }) })
	group.Go(func() { k.flusher(ctx) })
	group.Go(func() { k.sweeper(ctx) })
	group.Go(func() { k.truncater(ctx) })
	err := k.followCatalog(ctx)
	stop()
	k.drain()
	group.Wait()
	k.flushAll()
	k.closeAll()
	k.pins.reap(func(*pin) bool { return true })
	return err
}

// drain refuses the updates that wait and those to come.
func (k *Keeper) drain() {
	k.mu.Lock()
	k.closed = true
	k.mu.Unlock()
	for _, c := range k.collections() {
		c.refuse(draining())
	}
}

func draining() error {
	return edged.Refuse(edged.Draining, "this node is going away; nothing is stored")
}

func (k *Keeper) closeAll() {
	for _, c := range k.collections() {
		c.close(draining())
	}
}

// collections are all there are now.
func (k *Keeper) collections() []*collection {
	k.mu.RLock()
	defer k.mu.RUnlock()
	list := make([]*collection, 0, len(k.all))
	for _, c := range k.all {
		list = append(list, c)
	}
	return list
}

// find gives the object of a collection.
func (k *Keeper) find(name string) (*collection, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if c := k.all[name]; c != nil {
		return c, nil
	}
	return nil, unknown(name)
}

// every calls do at a pace until ctx ends.
func every(ctx context.Context, pace time.Duration, do func()) {
	t := time.NewTicker(pace)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			do()
		}
	}
}

// flusher writes what has been folded, takes up feeds that have failed, and lets go of states that
// nobody reads any more.
func (k *Keeper) flusher(ctx context.Context) {
	every(ctx, k.opts.FlushEvery, func() {
		k.flushAll()
		for _, c := range k.collections() {
			if c.idle.CompareAndSwap(true, false) {
				k.folds.push(c)
			}
			if c.torn.Load() {
				c.askAgain()
			}
		}
		k.pins.reap(func(h *pin) bool { return k.opts.Now().Sub(h.used) > pinIdle })
	})
}

func (k *Keeper) flushAll() {
	for _, c := range k.collections() {
		c.flush()
	}
}
