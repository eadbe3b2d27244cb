package replication

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/session"
)

// queue brings what the store tells to the Table, in the order in which it was told. The store is
// never kept waiting.
type queue struct {
	mu       sync.Mutex
	waiting  []news
	filled   chan struct{}
	appended atomic.Int64 // when heads last moved, since the start
	began    time.Time
}

// news is one thing told: heads, else a block's landing, else a promise.
type news struct {
	heads   []edged.Head
	ingest  *session.Ingest
	landing edged.Landing
	promise int64
}

func (q *queue) init() { q.filled, q.began = make(chan struct{}, 1), time.Now() }

func (q *queue) add(n news) {
	q.mu.Lock()
	q.waiting = append(q.waiting, n)
	q.mu.Unlock()
	signal(q.filled)
}

func (q *queue) moved(heads []edged.Head) {
	q.appended.Store(int64(time.Since(q.began)))
	q.add(news{heads: append([]edged.Head(nil), heads...)})
}

func (q *queue) promised(at int64) { q.add(news{promise: at}) }

func (q *queue) landed(in session.Ingest, landing edged.Landing) {
	in.Bytes = nil
	q.add(news{ingest: &in, landing: landing})
}

// drain tells the Table what waits, all of it under one lock.
func (r *Replicator) drain(ctx context.Context) error {
	var batch []news
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.queue.filled:
		}
		r.queue.mu.Lock()
		batch, r.queue.waiting = r.queue.waiting, batch[:0]
		r.queue.mu.Unlock()
		r.do(func(now session.Now) (works []session.Work) {
			for i := range batch {
				works = append(works, r.tell(now, &batch[i])...)
			}
			return works
		})
		clear(batch)
	}
}

func (r *Replicator) tell(now session.Now, n *news) []session.Work {
	switch {
	case n.heads != nil:
		return r.table.Durable(now, n.heads)
	case n.ingest != nil:
		return r.table.Landed(now, *n.ingest, n.landing)
	}
	return r.table.Promise(now, n.promise)
}

// chores are what has to wait for the store, one after the other.
type chores struct {
	mu     sync.Mutex
	list   []func(context.Context)
	filled chan struct{}
}

func (c *chores) init() { c.filled = make(chan struct{}, 1) }

func (c *chores) add(chore func(context.Context)) {
	c.mu.Lock()
	c.list = append(c.list, chore)
	c.mu.Unlock()
	signal(c.filled)
}

func (c *chores) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.filled:
		}
		c.mu.Lock()
		list := c.list
		c.list = nil
		c.mu.Unlock()
		for _, chore := range list {
			chore(ctx)
		}
	}
}
