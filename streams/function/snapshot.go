package function

import (
	"github.com/edgedhq/edged"
)

// snapshot is a query's state at one cut: what is folded of each log, and the cells of that.
type snapshot struct {
	q       *query
	scan    func(from, to []byte, each func(key, value []byte) bool) error
	release func() error
	tails   map[source]tail
	sealed  int64 // time up to which nothing is folded any more, and rows are kept
}

// snapshot holds the state as the store has it now. The caller releases it.
func (q *query) snapshot() (*snapshot, error) {
	scan, release, err := q.r.store.Pin()
	if err != nil {
		return nil, err
	}
	s := &snapshot{q: q, scan: scan, release: release, tails: map[source]tail{}, sealed: noTime}
	prefix := keyOf(nil, tagTail, q.id)
	var torn error
	err = scan(prefix, after(prefix), func(key, value []byte) bool {
		from := readSource(key[len(prefix):])
		if !q.inScope(from.Origin) {
			return true
		}
		var t tail
		t, _, torn = readTail(value)
		s.tails[from] = t
		return torn == nil
	})
	if err = orErr(err, torn); err == nil {
		var end []byte
		if end, err = s.get(keyOf(nil, tagSealed, q.id)); len(end) == 8 {
			s.sealed = readTime(end)
		}
	}
	if err != nil {
		_ = release()
		return nil, err
	}
	return s, nil
}

// close lets the state go.
func (s *snapshot) close() { _ = s.release() }

// get reads one key.
func (s *snapshot) get(key []byte) (value []byte, err error) {
	err = s.scan(key, append(key[:len(key):len(key)], 0), func(_, v []byte) bool {
		value = append([]byte{}, v...)
		return false
	})
	return value, err
}

// cut is the vector of what is folded, over all inputs.
func (s *snapshot) cut() edged.Vector {
	v := edged.Vector{}
	for at, t := range s.tails {
		if t.Position > 0 {
			v[at.logKey()] = t.Position
		}
	}
	return v
}

// slices gives the ends of the slices that hold anything, from one on, ascending.
func (s *snapshot) slices(from int64, each func(end int64) bool) error {
	prefix := keyOf(nil, tagCell, s.q.id)
	last := after(prefix)
	for at := appendTime(append([]byte(nil), prefix...), from); ; {
		found, end := false, int64(0)
		err := s.scan(at, last, func(key, _ []byte) bool {
			found, end = true, readTime(key[len(prefix):])
			return false
		})
		if err != nil || !found || !each(end) || end == 1<<63-1 {
			return err
		}
		at = appendTime(append(at[:0], prefix...), end+1)
	}
}
