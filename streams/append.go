package streams

import (
	"context"
	"fmt"

	"github.com/edgedhq/edged"
)

// appending is one publication on its way through a group.
type appending struct {
	pub    *edged.Publication
	ids    bool          // some draft carries an id
	skips  []int         // the drafts whose ids are held already
	done   chan struct{} // filled once, by the committer (memory, refused) or the completer
	result edged.Receipt
	awaits []edged.Head // what other nodes have to hold, where the level asks for them
	err    error
}

// Append stores p whole or not at all. It returns when p.Ack is reached, or with AckTimeout when
// ctx ends before: the events may be stored then, and are when the refusal says what is Reached. It keeps nothing of p once it has returned.
func (b *Broker) Append(ctx context.Context, p *edged.Publication) (edged.Receipt, error) {
	bytes, err := b.admit(p)
	if err != nil {
		return edged.Receipt{}, err
	}
	defer b.pendingBytes.Add(-bytes)
	if !implicit(p.Stream) {
		if err := b.gate.pass(ctx); err != nil {
			return edged.Receipt{}, err
		}
	}
	s, err := b.take(p.Stream)
	if err != nil {
		return edged.Receipt{}, err
	}
	defer b.release(s)
	a, _ := b.appendings.Get().(*appending)
	if a == nil {
		a = &appending{done: make(chan struct{}, 1)}
	}
	*a = appending{pub: p, ids: carriesIDs(p), skips: a.skips[:0], done: a.done}
	s.queue(a)
	if p.Ack.BeforeDisk() {
		b.store.Hurry()
	}
	select {
	case <-a.done:
		rec, awaits, err := a.result, a.awaits, a.err
		a.pub, a.result, a.awaits = nil, edged.Receipt{}, nil
		b.appendings.Put(a)
		if err == nil && p.Ack.BeyondNode() {
			err = b.reach(ctx, p.Ack, awaits)
		}
		return rec, err
	case <-ctx.Done():
	}
	if !s.withdraw(a) {
		s.stageMu.Lock()   // its bytes are the caller's again only when the committer is through
		s.stageMu.Unlock() //nolint:staticcheck // waiting is all that is wanted
	}
	return edged.Receipt{}, fmt.Errorf("streams: append to %q: %w", p.Stream, edged.AckTimeout)
}

// carriesIDs says whether some draft has an id that may be held already.
func carriesIDs(p *edged.Publication) bool {
	if p.Fresh {
		return false
	}
	for i := range p.Drafts {
		if len(p.Drafts[i].ID) > 0 {
			return true
		}
	}
	return false
}

// admit refuses what cannot be taken in, before anything is queued, and counts its bytes as
// pending.
func (b *Broker) admit(p *edged.Publication) (bytes int64, err error) {
	if err := b.Possible(p.Ack); err != nil {
		return 0, err
	}
	if err := b.store.Writable(); err != nil {
		return 0, err
	}
	for i := range p.Drafts {
		d := &p.Drafts[i]
		bytes += int64(len(d.Data) + len(d.Key) + len(d.ID) + len(d.Type) + 64)
	}
	if b.pendingBytes.Add(bytes) > b.opts.PendingBytesMax && bytes < b.pendingBytes.Load() {
		b.pendingBytes.Add(-bytes)
		b.stats.refused.Add(1)
		return 0, edged.Refuse(edged.Overloaded, "more is waiting to be stored than this node takes on; try again later")
	}
	if p.Ack.BeforeDisk() {
		if err := b.store.Expose(); err != nil {
			b.pendingBytes.Add(-bytes)
			return 0, err
		}
	}
	return bytes, nil
}
