package collectionstest

import (
	"bytes"
	"errors"
	"iter"
	"maps"
	"slices"
	"sync"
)

// Store keeps keys in memory, and remembers its writes so that a crash can take them back.
type Store struct {
	mu     sync.Mutex
	state  map[string][]byte
	writes []func(map[string][]byte)
	pinned int
	fail   error
	good   int // writes that succeed before others fail
}

// NewStore is an empty store.
func NewStore() *Store { return &Store{state: map[string][]byte{}} }

// Fail has all writes but the first few from now on fail; nil ends that.
func (s *Store) Fail(err error, after int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail, s.good = err, after
}

// Writes is how many writes there were.
func (s *Store) Writes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.writes)
}

// Pinned is how many states are pinned.
func (s *Store) Pinned() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pinned
}

// Len is the number of keys.
func (s *Store) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.state)
}

// Clone is what a node finds that was cut off from power when so many writes had reached the disk.
func (s *Store) Clone(writes int) *Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := NewStore()
	for _, w := range s.writes[:writes] {
		w(c.state)
	}
	c.writes = slices.Clone(s.writes[:writes])
	return c
}

// Get gives what stands under a key.
func (s *Store) Get(key []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.state[string(key)]), nil
}

// Scan gives a range of keys.
func (s *Store) Scan(from, to []byte, each func(key, value []byte) bool) error {
	s.mu.Lock()
	state := maps.Clone(s.state)
	s.mu.Unlock()
	return scan(state, from, to, each)
}

func scan(state map[string][]byte, from, to []byte, each func(key, value []byte) bool) error {
	for _, key := range slices.Sorted(maps.Keys(state)) {
		if key >= string(from) && (to == nil || key < string(to)) && !each([]byte(key), bytes.Clone(state[key])) {
			break
		}
	}
	return nil
}

// Write stores a batch.
func (s *Store) Write(puts iter.Seq2[[]byte, []byte]) error {
	batch := map[string][]byte{}
	for key, value := range puts {
		batch[string(key)] = bytes.Clone(value)
	}
	return s.write(func(state map[string][]byte) {
		for key, value := range batch {
			if value == nil {
				delete(state, key)
			} else {
				state[key] = value
			}
		}
	})
}

// Drop deletes a range.
func (s *Store) Drop(from, to []byte) error {
	low, high, open := string(from), string(to), to == nil
	return s.write(func(state map[string][]byte) {
		maps.DeleteFunc(state, func(key string, _ []byte) bool { return key >= low && (open || key < high) })
	})
}

func (s *Store) write(do func(map[string][]byte)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.good--; s.fail != nil && s.good < 0 {
		return s.fail
	}
	do(s.state)
	s.writes = append(s.writes, do)
	return nil
}

// Pin holds the state as it is.
func (s *Store) Pin() (func(from, to []byte, each func(key, value []byte) bool) error, func() error, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	state, released := maps.Clone(s.state), false
	s.pinned++
	release := func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if released {
			return errors.New("collectionstest: a state is released twice")
		}
		released = true
		s.pinned--
		return nil
	}
	return func(from, to []byte, each func(key, value []byte) bool) error {
		if released {
			return errors.New("collectionstest: a state that was released is read")
		}
		return scan(state, from, to, each)
	}, release, nil
}
