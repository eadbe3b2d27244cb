package lean

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// readBytes is how much is taken from a socket at once. Buffers are lent for the length of one
// read, so a crowd of idle connections holds none.
const readBytes = 256 << 10

// stripes spreads the total over cache lines.
const stripes = 16

// Crowd is many connections that receive, and one count of what they got.
type Crowd struct {
	members []*member
	totals  [stripes]stripe
	bytes   [stripes]stripe
	buffers sync.Pool
	reading sync.WaitGroup
	closed  atomic.Bool
	failed  atomic.Pointer[error]
}

type stripe struct {
	n atomic.Int64
	_ [56]byte // a cache line each
}

type member struct {
	conn    *net.TCPConn
	counter Counter
	got     atomic.Int64
	last    atomic.Int64 // when bytes came last, Unix nanoseconds
	stripe  int
}

// Join adds a connection and starts to read it; early are bytes read from it before. It is
// called by one goroutine, which owns the crowd and ends it with Close.
func (c *Crowd) Join(conn *net.TCPConn, counter Counter, early []byte) error {
	m := &member{conn: conn, counter: counter, stripe: len(c.members) % stripes}
	c.members = append(c.members, m)
	if err := c.take(m, early); err != nil {
		return err
	}
	c.reading.Go(func() {
		if err := c.read(m); err != nil && !c.closed.Load() {
			c.failed.CompareAndSwap(nil, &err)
		}
	})
	return nil
}

// Len is the number of connections.
func (c *Crowd) Len() int { return len(c.members) }

// Total is the number of events that all connections got, and their bytes.
func (c *Crowd) Total() (events, bytes int64) {
	for i := range c.totals {
		events += c.totals[i].n.Load()
		bytes += c.bytes[i].n.Load()
	}
	return events, bytes
}

// Least is the number of events of the connection that got the fewest.
func (c *Crowd) Least() int64 {
	least := int64(1<<63 - 1)
	for _, m := range c.members {
		least = min(least, m.got.Load())
	}
	return least
}

// Last is the time at which bytes came last.
func (c *Crowd) Last() time.Time {
	var last int64
	for _, m := range c.members {
		last = max(last, m.last.Load())
	}
	return time.Unix(0, last)
}

// AwaitLeast waits until every connection has got n events.
func (c *Crowd) AwaitLeast(ctx context.Context, n int64) error {
	for c.Least() < n {
		if err := c.Err(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("lean: the slowest of %d connections has %d events of %d: %w",
				len(c.members), c.Least(), n, context.Cause(ctx))
		case <-time.After(2 * time.Millisecond):
		}
	}
	return nil
}

// Err is the first failure of a connection.
func (c *Crowd) Err() error {
	if p := c.failed.Load(); p != nil {
		return *p
	}
	return nil
}

// Close ends all connections and returns when nothing reads any more.
func (c *Crowd) Close() {
	c.closed.Store(true)
	for _, m := range c.members {
		_ = m.conn.Close() // nothing is left to be said about it
	}
	c.reading.Wait()
}

// take counts bytes of one member and answers where the counter says so.
func (c *Crowd) take(m *member, p []byte) error {
	if len(p) == 0 {
		return nil
	}
	n, reply, err := m.counter.Count(p)
	m.got.Add(int64(n))
	m.last.Store(time.Now().UnixNano())
	c.totals[m.stripe].n.Add(int64(n))
	c.bytes[m.stripe].n.Add(int64(len(p)))
	if err != nil {
		return err
	}
	if len(reply) > 0 {
		if _, err := m.conn.Write(reply); err != nil {
			return fmt.Errorf("lean: write: %w", err)
		}
	}
	return nil
}

func (c *Crowd) borrow() *[]byte {
	if b, ok := c.buffers.Get().(*[]byte); ok {
		return b
	}
	b := make([]byte, readBytes)
	return &b
}
