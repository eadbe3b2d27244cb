package function

import (
	"math"
	"slices"

	"github.com/edgedhq/edged/streams/window"
)

// retain lets rows of sealed windows go that are older than the function keeps them, by the watermark:
// never by the wall clock. It looks at most ten times in that long.
func (v *view) retain(s *snapshot, sources []window.Source) error {
	keep := v.plan.Options.Retain
	if keep == window.Never || !v.windows() {
		return nil
	}
	bounded := slices.DeleteFunc(slices.Clone(sources), func(o window.Source) bool { return !o.Bounded })
	mark := window.Watermark(bounded, nil)
	if mark == window.Unknown || mark == math.MaxInt64 || mark < math.MinInt64+keep {
		return nil
	}
	due := mark - keep
	if v.retained != noTime && due < v.retained+keep/10 {
		return nil
	}
	limit := min(due, s.sealed)
	if v.windowed() {
		limit = min(due, v.sealedTo)
	}
	if v.retained = due; limit == noTime {
		return nil
	}
	if err := v.dropEmitted(s, limit); err != nil {
		return err
	}
	for _, tag := range []byte{tagRow, tagClosed} {
		prefix := keyOf(nil, tag, v.id)
		ended := appendTime(prefix[:len(prefix):len(prefix)], noTime+1) // what has no end yet stays
		if err := v.q.r.store.Drop(ended, appendTime(prefix[:len(prefix):len(prefix)], limit+1)); err != nil {
			return err
		}
	}
	return nil
}

// dropEmitted forgets what was emitted of windows that end by a time.
func (v *view) dropEmitted(s *snapshot, limit int64) error {
	if v.plan.Options.Into == "" {
		return nil
	}
	prefix := keyOf(nil, tagEmitted, v.id)
	b := &batch{}
	err := s.scan(prefix, after(prefix), func(key, _ []byte) bool {
		r := scanner{rest: key[len(prefix):]}
		if r.bytes(); len(r.rest) >= 16 && readTime(r.rest) <= limit {
			b.put(append([]byte(nil), key...), nil)
		}
		return true
	})
	if err != nil || len(b.puts) == 0 {
		return err
	}
	return v.q.r.store.Commit(v.q.r.ctx, b.all())
}
