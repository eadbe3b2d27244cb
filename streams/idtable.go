package streams

import (
	"iter"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/streams/storage"
)

// idPlace is a block that holds ids.
type idPlace struct {
	log   *storage.Log
	first edged.Sequence
	wall  int64 // of its stamp, Unix nanoseconds, or a little later
}

// idTable maps digests of ids to places. It is split by the digest's first byte, so that growing
// never stops the committer for long. 12 bytes a slot, at most three quarters of them filled.
type idTable struct {
	places []idPlace
	shards [256]idShard
}

// idShard is an open-addressed hash table with linear probing. A digest may stand in it twice.
type idShard struct {
	digests []uint64 // 0 is free; a power of two of them
	refs    []uint32 // index into places
	count   int
}

// add puts the digests of one block in.
func (t *idTable) add(at idPlace, digests []uint64) {
	ref := uint32(len(t.places))
	t.places = append(t.places, at)
	for _, digest := range digests {
		t.shards[digest>>56].add(digest, ref)
	}
}

// find gives the places that may hold the id of a digest.
func (t *idTable) find(digest uint64) iter.Seq[idPlace] {
	return func(yield func(idPlace) bool) {
		s := &t.shards[digest>>56]
		if s.count == 0 {
			return
		}
		mask := uint64(len(s.digests) - 1)
		for i := digest & mask; s.digests[i] != 0; i = (i + 1) & mask {
			if s.digests[i] == digest && !yield(t.places[s.refs[i]]) {
				return
			}
		}
	}
}

// bytes is the memory that the table takes.
func (t *idTable) bytes() (n int64) {
	for i := range t.shards {
		n += int64(len(t.shards[i].digests)) * 12
	}
	return n + int64(cap(t.places))*24
}

func (s *idShard) add(digest uint64, ref uint32) {
	if 4*(s.count+1) > 3*len(s.digests) {
		s.grow()
	}
	s.count++
	s.put(digest, ref)
}

func (s *idShard) put(digest uint64, ref uint32) {
	mask := uint64(len(s.digests) - 1)
	i := digest & mask
	for s.digests[i] != 0 {
		i = (i + 1) & mask
	}
	s.digests[i], s.refs[i] = digest, ref
}

func (s *idShard) grow() {
	digests, refs := s.digests, s.refs
	size := max(8, 2*len(digests))
	s.digests, s.refs = make([]uint64, size), make([]uint32, size)
	for i, digest := range digests {
		if digest != 0 {
			s.put(digest, refs[i])
		}
	}
}
