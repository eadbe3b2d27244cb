package storage

import (
	"errors"
	"fmt"
	"iter"

	"github.com/cockroachdb/pebble/v2"
)

// Keyspace is a space lent to one part of the node, which decides what stands in it. Its writes
// are atomic and wait for no fsync: a crash takes them back to an earlier state, in order, and
// whatever a later group makes durable makes them durable too. Who holds one ends before the store
// is closed.
type Keyspace struct {
	store *Store
	space Space
}

// Lend gives a space away. Each is lent once.
func (s *Store) Lend(space Space) *Keyspace { return &Keyspace{s, space} }

// Get reads a value; nil when there is none.
func (k *Keyspace) Get(key []byte) ([]byte, error) { return k.store.Get(k.space, key) }

// Scan calls each with the keys from one up to, not including, another, in order, until it returns
// false; an end that is nil is the space's. Both slices are valid during the call.
func (k *Keyspace) Scan(from, to []byte, each func(key, value []byte) bool) error {
	return scan(k.store.Scan(k.space, from, to), each)
}

func scan(rows *Rows, each func(key, value []byte) bool) error {
	for key, value := range rows.All() {
		if !each(key, value) {
			break
		}
	}
	return rows.Err()
}

// Write puts all pairs, or none; a nil value deletes its key.
func (k *Keyspace) Write(puts iter.Seq2[[]byte, []byte]) error {
	return k.commit(func(b *pebble.Batch) error { return k.space.fill(b, puts) })
}

// fill adds pairs to a batch.
func (p Space) fill(b *pebble.Batch, puts iter.Seq2[[]byte, []byte]) error {
	var scratch []byte
	for key, value := range puts {
		scratch = p.key(scratch[:0], key)
		var err error
		if value == nil {
			err = b.Delete(scratch, nil)
		} else {
			err = b.Set(scratch, value, nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Writes are pairs for a lent space, gathered ahead of the group that takes them, so that the
// committer only copies them.
type Writes struct {
	space Space
	batch *pebble.Batch
}

// Gather reads all pairs; a nil value deletes its key. They are written when a group takes them.
// The caller owes the Writes a Close.
func (k *Keyspace) Gather(puts iter.Seq2[[]byte, []byte]) (*Writes, error) {
	if err := k.store.failure.err(); err != nil {
		return nil, err
	}
	w := &Writes{k.space, k.store.db.NewBatch()}
	if err := k.space.fill(w.batch, puts); err != nil {
		return nil, errors.Join(fmt.Errorf("storage: write to space %q: %w", byte(k.space), err), w.Close())
	}
	return w, nil
}

// Close gives their memory back, whether a group has taken them or not.
func (w *Writes) Close() error {
	if err := w.batch.Close(); err != nil {
		return fmt.Errorf("storage: write to space %q: %w", byte(w.space), err)
	}
	return nil
}

// Write takes writes into the group: they are there with all else in it, or not at all.
func (g *Group) Write(w *Writes) { g.check(g.batch.Apply(w.batch, nil)) }

// Drop deletes the keys from one up to, not including, another; an end that is nil is the space's.
func (k *Keyspace) Drop(from, to []byte) error {
	lower, upper := k.space.bounds(from, to)
	return k.commit(func(b *pebble.Batch) error { return b.DeleteRange(lower, upper, nil) })
}

// commit applies what fill puts into a batch.
func (k *Keyspace) commit(fill func(*pebble.Batch) error) (err error) {
	if err := k.store.failure.err(); err != nil {
		return err
	}
	b := k.store.db.NewBatch()
	defer func() {
		if e := b.Close(); err == nil && e != nil {
			err = fmt.Errorf("storage: write to space %q: %w", byte(k.space), e)
		}
	}()
	if err := fill(b); err != nil {
		return fmt.Errorf("storage: write to space %q: %w", byte(k.space), err)
	}
	if b.Empty() {
		return nil
	}
	if err := k.store.db.Apply(b, pebble.NoSync); err != nil {
		k.store.fail("write", err)
		return k.store.failure.err()
	}
	return nil
}

// Pin keeps the space as it stands now: scan reads it, as Scan does, until release is called.
func (k *Keyspace) Pin() (read func(from, to []byte, each func(key, value []byte) bool) error, release func() error, err error) {
	if err := k.store.failure.err(); err != nil {
		return nil, nil, err
	}
	pinned := k.store.db.NewSnapshot()
	read = func(from, to []byte, each func(key, value []byte) bool) error {
		lower, upper := k.space.bounds(from, to)
		return scan(&Rows{db: pinned, lower: lower, upper: upper}, each)
	}
	return read, pinned.Close, nil
}
