package streams

import (
	"context"
	"fmt"
	"iter"
	"sync"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/storage"
)

// Keyspace is a space of the store, lent to one part of the node, whose writes can go with
// publications.
type Keyspace struct {
	*storage.Keyspace
	broker *Broker
}

// Lend gives a space away. Each is lent once.
func (b *Broker) Lend(space storage.Space) *Keyspace { return &Keyspace{b.store.Lend(space), b} }

// Commit puts all pairs, a nil value deletes its key, and appends all publications, each to its
// stream: after a crash all of it is there, or none. It returns when it is durable; without
// publications it is Write, and waits for no fsync. Each publication is taken as Append takes it,
// at ack=disk: streams that nobody has made are made, and events whose ids are held are left out.
// One that is refused refuses the whole. With AckTimeout, when ctx ends before, all of it may be
// there. It keeps nothing of what it was given once it has returned.
func (k *Keyspace) Commit(ctx context.Context, puts iter.Seq2[[]byte, []byte], pubs ...*edged.Publication) (err error) {
	if len(pubs) == 0 {
		return k.Write(puts)
	}
	bytes, err := k.broker.admitAll(ctx, pubs)
	if err != nil {
		return err
	}
	defer k.broker.pendingBytes.Add(-bytes)
	c, err := k.broker.commitment(pubs)
	if err != nil {
		return err
	}
	if c.writes, err = k.Gather(puts); err != nil {
		c.release()
		return err
	}
	defer func() {
		if e := c.writes.Close(); err == nil {
			err = e
		}
	}()
	k.broker.store.Submit(c)
	select {
	case <-c.done:
		return c.err
	case <-ctx.Done():
	}
	c.mu.Lock() // what was given is the caller's again only when the committer is through
	c.withdrawn = true
	c.mu.Unlock()
	return fmt.Errorf("streams: commit: %w", edged.AckTimeout)
}

// admitAll admits all publications, or none, and gives the bytes that it counts as pending.
func (b *Broker) admitAll(ctx context.Context, pubs []*edged.Publication) (bytes int64, err error) {
	gated := false
	for _, p := range pubs {
		n := int64(0)
		if p.Ack != edged.Disk() {
			err = fmt.Errorf("streams: commit: the publication to %q asks for ack=%s, and disk is all it can have", p.Stream, p.Ack)
		} else {
			n, err = b.admit(p)
		}
		if err != nil {
			break
		}
		bytes += n
		gated = gated || !implicit(p.Stream)
	}
	if err == nil && gated {
		err = b.gate.pass(ctx)
	}
	if err != nil {
		b.pendingBytes.Add(-bytes)
	}
	return bytes, err
}

// commitment is keys of a lent space and publications on their way through one group.
type commitment struct {
	broker  *Broker
	writes  *storage.Writes
	streams []*stream // of each publication; taken until Durable
	batch   []*appending
	err     error
	done    chan struct{}

	mu        sync.Mutex // held while the committer reads what the caller has given
	withdrawn bool
}

var _ storage.Stager = (*commitment)(nil)

func (b *Broker) commitment(pubs []*edged.Publication) (*commitment, error) {
	c := &commitment{broker: b, done: make(chan struct{})}
	for _, p := range pubs {
		s, err := b.take(p.Stream)
		if err != nil {
			c.release()
			return nil, err
		}
		c.streams = append(c.streams, s)
		c.batch = append(c.batch, &appending{pub: p, ids: carriesIDs(p)})
	}
	return c, nil
}

// release gives the streams back.
func (c *commitment) release() {
	for _, s := range c.streams {
		c.broker.release(s)
	}
}

// Stage puts all of it into the group, or nothing but the streams that it has made. The store calls
// it from the committer.
func (c *commitment) Stage(g *storage.Group) {
	c.mu.Lock()
	defer c.mu.Unlock()
	parts := make([]staged, len(c.streams))
	if !c.withdrawn {
		if c.err = c.decide(g, parts); c.err == nil {
			g.Write(c.writes)
			c.stage(g, parts)
		}
	}
	for i, s := range c.streams {
		s.unsee()
		s.fly(parts[i])
	}
}

// decide finds what refuses a publication, before anything of any is staged.
func (c *commitment) decide(g *storage.Group, parts []staged) error {
	for _, s := range c.streams {
		if err := s.creatable(); err != nil {
			return err
		}
	}
	for i, s := range c.streams {
		if err := s.create(g, &parts[i]); err != nil {
			return err
		}
	}
	for i, s := range c.streams {
		if err := s.dedupe(c.batch[i]); err != nil {
			return err
		}
	}
	return nil
}

// stage packs the publications, each into blocks of its own.
func (c *commitment) stage(g *storage.Group, parts []staged) {
	for i, s := range c.streams {
		s.place(c.batch[i], s.staging.base())
		s.seal(g, &parts[i])
		s.finish(c.batch[i:i+1], parts[i].blocks)
	}
}

// Durable makes the events visible. The store calls it from the completer after the group's fsync.
func (c *commitment) Durable() {
	for _, s := range c.streams {
		s.Durable() // releases s
	}
	close(c.done)
}
