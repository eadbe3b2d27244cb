package function

import (
	"hash/maphash"
	"slices"

	"github.com/edgedhq/edged/streams/window"
)

// held is one group of one slice of one own log, in memory.
type held struct {
	stand
	lane  *lane
	slice int64 // its end; 0 of views and sessions
	group string
	hash  uint64
	place uint32
	last  int64 // of a view: the newest event time
	dirty bool

	// Of sessions, instead of place: the fragments and, one for each, what they are the fold of.
	spans []window.Fragment
	parts []part
}

// part is the cell of a fragment.
type part struct {
	stand
	place uint32
}

// table finds what is held by (log, slice, group). Open addressing; what is taken out leaves when
// the table is made anew.
type table struct {
	seed  maphash.Seed
	slots []int32 // index into all, plus 1; 0 is free
	all   []held
	dirty []int32
}

func newTable() *table {
	return &table{seed: maphash.MakeSeed(), slots: make([]int32, 64)}
}

func (t *table) hashOf(lane *lane, slice int64, group []byte) uint64 {
	const odd = 0x9e3779b97f4a7c15
	return maphash.Bytes(t.seed, group) ^ (uint64(slice)+uint64(lane.number))*odd
}

// find gives the index of what is held, or -1.
func (t *table) find(hash uint64, lane *lane, slice int64, group []byte) int32 {
	mask := uint64(len(t.slots) - 1)
	for at := hash & mask; ; at = (at + 1) & mask {
		i := t.slots[at] - 1
		if i < 0 {
			return -1
		}
		if h := &t.all[i]; h.hash == hash && h.slice == slice && h.lane == lane && h.group == string(group) {
			return i
		}
	}
}

// add puts one in that is not there yet.
func (t *table) add(h held) int32 {
	if 4*(len(t.all)+1) > 3*len(t.slots) {
		t.grow(2 * len(t.slots))
	}
	t.all = append(t.all, h)
	t.put(int32(len(t.all)-1), h.hash)
	return int32(len(t.all) - 1)
}

func (t *table) put(i int32, hash uint64) {
	mask := uint64(len(t.slots) - 1)
	at := hash & mask
	for t.slots[at] != 0 {
		at = (at + 1) & mask
	}
	t.slots[at] = i + 1
}

func (t *table) grow(size int) {
	if size == len(t.slots) {
		clear(t.slots)
	} else {
		t.slots = make([]int32, size)
	}
	for i := range t.all {
		t.put(int32(i), t.all[i].hash)
	}
}

// touch notes that one has changed since the last flush.
func (t *table) touch(i int32) {
	if h := &t.all[i]; !h.dirty {
		h.dirty = true
		t.dirty = append(t.dirty, i)
	}
}

// keep lets go of all that stays not and is not dirty; gone is called with each.
func (t *table) keep(stays func(*held) bool, gone func(*held)) {
	was := t.all
	t.all, t.dirty = t.all[:0], t.dirty[:0]
	for i := range was { // what is kept moves down, over what is not
		h := &was[i]
		if !h.dirty && !stays(h) {
			gone(h)
			continue
		}
		if h.dirty {
			t.dirty = append(t.dirty, int32(len(t.all)))
		}
		t.all = append(t.all, *h)
	}
	clear(was[len(t.all):])
	if 4*len(t.all) < cap(t.all) {
		t.all = slices.Clone(t.all)
	}
	size := 64
	for 3*size < 4*(len(t.all)+1) {
		size *= 2
	}
	t.grow(size)
}
