package streams

import (
	"container/list"
	"sync"

	"github.com/edgedhq/edged"
)

// runCache shares runs read from disk among readers at the same place, least recently used
// first out: a thousand readers of one backlog read and encode it once.
type runCache struct {
	bytesMax int

	mu     sync.Mutex
	bytes  int
	byKey  map[runKey]*list.Element
	recent list.List // of *cachedRun, most recently used first
	now    int       // counts sweeps
}

type cachedRun struct {
	*run
	used int // the sweep since which it has been used
}

// runKey is a place: the log and its next sequence, and the vector everywhere else.
type runKey struct {
	log  edged.LogID
	next edged.Sequence
	base string
}

func newRunCache(bytesMax int) *runCache {
	return &runCache{bytesMax: bytesMax, byKey: make(map[runKey]*list.Element)}
}

func keyOfRun(r *run) runKey {
	return runKey{r.block.Header().Log, r.first(), string(r.base.Bytes())}
}

// get gives the run at a lane's place, or nil.
func (c *runCache) get(l *lane, base edged.Base) *run {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.byKey[runKey{l.log.ID(), l.next, string(base.Bytes())}]
	if e == nil {
		return nil
	}
	r := e.Value.(*cachedRun)
	if r.last() > l.stop {
		return nil
	}
	r.used = c.now
	c.recent.MoveToFront(e)
	return r.run
}

// put keeps a run, unless another reader has just put the same: it gives the one that is shared.
func (c *runCache) put(r *run) *run {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := keyOfRun(r)
	if e := c.byKey[key]; e != nil {
		if there := e.Value.(*cachedRun).run; there.last() == r.last() {
			return there
		}
		return r
	}
	c.byKey[key] = c.recent.PushFront(&cachedRun{r, c.now})
	c.bytes += r.weight()
	for c.bytes > c.bytesMax && c.recent.Len() > 1 {
		c.drop(c.recent.Back())
	}
	return r
}

func (c *runCache) drop(e *list.Element) {
	oldest := c.recent.Remove(e).(*cachedRun)
	delete(c.byKey, keyOfRun(oldest.run))
	c.bytes -= oldest.weight()
}

// sweep drops what has not been used since the sweep before.
func (c *runCache) sweep() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for e := c.recent.Back(); e != nil && e.Value.(*cachedRun).used < c.now; e = c.recent.Back() {
		c.drop(e)
	}
	c.now++
}
