package storage

import (
	"errors"
	"fmt"
	"iter"

	"github.com/cockroachdb/pebble/v2"
)

// Space is a keyspace: the first byte of its keys. Those named here, and all from Lent on, are
// lent: other parts decide what stands in them.
type Space byte

// The spaces.
const (
	Streams Space = 's' // definitions of streams, by name
	Dedupe  Space = 'd' // ids of events, by stream and minute
	Lent    Space = 0x80

	Collections Space = Lent     // values of collections and the vectors that they include
	Functions   Space = Lent + 1 // positions, cells and rows of functions

	spaceBlocks Space = 'b'
	spaceLogs   Space = 'l'
	spaceNode   Space = 'n'
	spaceIndex  Space = 'i'
	spaceGaps   Space = 'g'
	spaceBeyond Space = 'w'
)

// key appends the space and the rest of a key.
func (p Space) key(dst, rest []byte) []byte {
	return append(append(dst, byte(p)), rest...)
}

// bounds gives the database's keys of a stretch of a space; an end that is nil is the space's.
func (p Space) bounds(from, to []byte) (lower, upper []byte) {
	lower = p.key(nil, from)
	if to == nil {
		return lower, []byte{byte(p) + 1}
	}
	return lower, p.key(nil, to)
}

// Get reads a value; nil when there is none. What a group has applied is seen, durable or not.
func (s *Store) Get(space Space, key []byte) ([]byte, error) {
	var small [128]byte
	raw, closer, err := s.db.Get(space.key(small[:0], key))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("storage: read of space %q: %w", byte(space), err)
	}
	value := append(make([]byte, 0, len(raw)), raw...)
	return value, closer.Close()
}

// Scan reads the keys of a space from one up to, not including, another; an end that is nil is
// the space's. Ask Err after the loop.
func (s *Store) Scan(space Space, from, to []byte) *Rows {
	lower, upper := space.bounds(from, to)
	return &Rows{db: s.db, lower: lower, upper: upper}
}

// Rows is a stretch of a space.
type Rows struct {
	db           pebble.Reader
	lower, upper []byte
	err          error
}

// All gives keys, without their space, and values, in order. Both are valid until the next step.
func (r *Rows) All() iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		r.err = r.walk(yield)
	}
}

// Err tells what ended the last walk early, other than its caller.
func (r *Rows) Err() error { return r.err }

func (r *Rows) walk(yield func(key, value []byte) bool) (err error) {
	it, err := r.db.NewIter(&pebble.IterOptions{LowerBound: r.lower, UpperBound: r.upper})
	if err != nil {
		return fmt.Errorf("storage: scan of space %q: %w", r.lower[0], err)
	}
	defer func() {
		if e := it.Close(); e != nil && err == nil {
			err = fmt.Errorf("storage: scan of space %q: %w", r.lower[0], e)
		}
	}()
	for ok := it.First(); ok; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return fmt.Errorf("storage: scan of space %q: %w", r.lower[0], err)
		}
		if !yield(it.Key()[1:], value) {
			return nil
		}
	}
	return nil
}
