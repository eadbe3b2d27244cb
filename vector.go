package edged

import (
	"maps"
	"slices"
)

// Vector is a version vector of one stream: for each log the highest sequence up to which every
// event is held (or was held and is retired). A log that is absent stands at 0.
type Vector map[LogKey]Sequence

// Clone copies the vector.
func (v Vector) Clone() Vector { return maps.Clone(v) }

// Covers says whether v holds all that w holds.
func (v Vector) Covers(w Vector) bool {
	for k, s := range w {
		if v[k] < s {
			return false
		}
	}
	return true
}

// Raise moves one log forward, never back.
func (v Vector) Raise(k LogKey, s Sequence) {
	if v[k] < s {
		v[k] = s
	}
}

// Merge raises v to the least upper bound of v and w.
func (v Vector) Merge(w Vector) {
	for k, s := range w {
		v.Raise(k, s)
	}
}

// Keys returns the logs in order.
func (v Vector) Keys() []LogKey {
	return slices.SortedFunc(maps.Keys(v), LogKey.Compare)
}
