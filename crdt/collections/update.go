package collections

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
)

// request is one update on its way through a turn: carried out whole or not at all.
type request struct {
	changes []change
	many    bool // no value is asked for
	done    chan struct{}
	bytes   int // about, while it waits

	value, conflicts []byte // after the update
	cursor           string
	rec              edged.Receipt // of the update's own records
	err              error
}

// change is what a request does to one key.
type change struct {
	key  string
	ops  []crdt.Op                         // nil deletes
	make func(b *bench, w *work) []crdt.Op // of our own: gives the operations when it comes to them
	at   int                               // in the list of the request
	work *work
}

func newRequest(changes ...change) *request {
	const overhead = 256 // of a change
	return &request{changes: changes, done: make(chan struct{}), bytes: overhead * len(changes)}
}

// ready says whether all partitions of a request are.
func (r *request) ready(parts *[edged.CollectionPartitions]bool) bool {
	for i := range r.changes {
		if !parts[edged.PartitionOf(r.changes[i].key, edged.CollectionPartitions)] {
			return false
		}
	}
	return true
}

// recorded says whether a record holds some of the request.
func (r *request) recorded() bool {
	for i := range r.changes {
		if r.changes[i].work.record >= 0 {
			return true
		}
	}
	return false
}

// place notes where the records of a request stand.
func (r *request) place(b *bench, rec *edged.Receipt) {
	r.rec = *rec
	r.rec.Spans = nil
	var last [edged.CollectionPartitions]edged.Sequence
	for i := range r.changes {
		if w := r.changes[i].work; w.record >= 0 {
			first := spanOf(rec, w.part.Number).First
			last[w.part.Number] = max(last[w.part.Number], first+edged.Sequence(w.record))
		}
	}
	for number, s := range last {
		if s > 0 {
			at := edged.Partition(number)
			r.rec.Spans = append(r.rec.Spans, edged.Span{Partition: at, First: spanOf(rec, at).First, Last: s})
		}
	}
	r.cursor = string(b.base.AppendAfter(nil, rec.Origin.ID, r.rec.Spans))
}

func spanOf(rec *edged.Receipt, number edged.Partition) edged.Span {
	for _, s := range rec.Spans {
		if s.Partition == number {
			return s
		}
	}
	return edged.Span{}
}

// finish answers.
func (r *request) finish(err error) {
	r.err = err
	close(r.done)
}

// placed says of which change of a list a refusal is.
func (ch *change) placed(r *request, err error) error {
	var given *edged.Refusal
	if !r.many || !errors.As(err, &given) {
		return err
	}
	refusal := *given
	refusal.Fields = append([]edged.Field(nil), given.Fields...)
	at := fmt.Sprintf("body[%d]", ch.at)
	for i := range refusal.Fields {
		f := &refusal.Fields[i]
		if rest, ok := strings.CutPrefix(f.Location, "body"); ok {
			if detail, ok := strings.CutPrefix(refusal.Detail, f.Location); ok {
				refusal.Detail = at + rest + detail
			}
			f.Location = at + rest
		}
	}
	return &refusal
}

// submit queues a request.
func (c *collection) submit(r *request) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.ended; err != nil {
		return err
	}
	if c.k.pending.Add(int64(r.bytes)) > c.k.opts.PendingBytesMax {
		c.k.pending.Add(-int64(r.bytes))
		return edged.Refuse(edged.Overloaded, "more updates are waiting than this node takes on; try again later")
	}
	c.waiting = append(c.waiting, r)
	c.k.turns.push(c)
	return nil
}

// withdraw takes a request back, unless its turn has come.
func (c *collection) withdraw(r *request) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, x := range c.waiting {
		if x == r {
			c.waiting = slices.Delete(c.waiting, i, i+1)
			c.k.pending.Add(-int64(r.bytes))
			return true
		}
	}
	return false
}

// refuse answers all that wait.
func (c *collection) refuse(err error) {
	c.mu.Lock()
	waiting := c.waiting
	c.waiting = nil
	c.mu.Unlock()
	for _, r := range waiting {
		c.k.pending.Add(-int64(r.bytes))
		r.finish(err)
	}
}

// Update carries out one update whole or not at all, and returns when its Ack is reached or ctx ends:
// with AckTimeout when it may be stored. The entry is that after the update. A deletion of a key
// that has no value is KeyNotFound.
func (k *Keeper) Update(ctx context.Context, u *edged.Update) (edged.Entry, error) {
	c, err := k.writable(u.Collection, u.Ack)
	if err != nil {
		return edged.Entry{}, err
	}
	r := newRequest(change{key: strings.Clone(u.Key)})
	if err := c.parse(&r.changes[0], u, r); err != nil {
		return edged.Entry{}, err
	}
	if err := c.carry(ctx, r, u.Ack); err != nil {
		return edged.Entry{}, err
	}
	return edged.Entry{
		Key: r.changes[0].key, Type: c.definition().Type, Value: r.value, Conflicts: r.conflicts, Cursor: r.cursor,
	}, nil
}

// UpdateAll carries out updates of one collection, which have one Ack, whole or not at all, and
// gives a cursor that covers them. A refusal about us[i] says body[i] where it would say body.
func (k *Keeper) UpdateAll(ctx context.Context, collection string, us []edged.Update) (cursor string, err error) {
	ack := edged.Disk()
	if len(us) > 0 {
		ack = us[0].Ack
	}
	c, err := k.writable(collection, ack)
	if err != nil {
		return "", err
	}
	r := newRequest(make([]change, len(us))...)
	r.many = true
	for i := range us {
		r.changes[i] = change{key: strings.Clone(us[i].Key), at: i}
		if err := c.parse(&r.changes[i], &us[i], r); err != nil {
			return "", err
		}
	}
	err = c.carry(ctx, r, ack)
	return r.cursor, err
}

// writable gives a collection that takes updates at a level.
func (k *Keeper) writable(name string, level edged.Ack) (*collection, error) {
	k.mu.RLock()
	closed := k.closed
	k.mu.RUnlock()
	if closed {
		return nil, draining()
	}
	c, err := k.find(name)
	if err == nil && level.BeyondNode() {
		err = k.journal.Possible(level)
	}
	return c, err
}

// parse reads what an update does.
func (c *collection) parse(ch *change, u *edged.Update, r *request) (err error) {
	if err = edged.CheckKey("body.key", ch.key); err == nil && u.Ops != nil {
		ch.ops, err = c.definition().kind.Ops(u.Ops)
		r.bytes += len(u.Ops)
	}
	return ch.placed(r, err)
}

// carry takes a request through its turn, and returns when a level is reached.
func (c *collection) carry(ctx context.Context, r *request, level edged.Ack) error {
	if err := c.submit(r); err != nil {
		return err
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		if c.withdraw(r) {
			return edged.Refuse(edged.Overloaded, "the update has waited too long for its turn; nothing is stored")
		}
		return unconfirmed()
	}
	if r.err != nil || !level.BeyondNode() || len(r.rec.Spans) == 0 {
		return r.err
	}
	return c.k.journal.Reach(ctx, level, &r.rec)
}
