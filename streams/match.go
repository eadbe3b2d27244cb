package streams

import (
	"slices"
	"strings"

	"github.com/edgedhq/edged"
)

// matcher is a reader's Match with the word under which readers share its evaluation.
type matcher struct {
	edged.Match
	word string
}

func newMatcher(m edged.Match) *matcher {
	if m.All() {
		return nil
	}
	word := strings.Join(m.Keys, "\x00") + "\x01" + m.KeyPrefix + "\x01" + strings.Join(m.Types, "\x00")
	return &matcher{Match: m, word: word}
}

// picksMax bounds the evaluations that a run remembers.
const picksMax = 16

// pick gives the indexes of the run's events that match. The slice is shared; nil is none.
func (r *run) pick(m *matcher) []int32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(m.Keys) == 1 && m.KeyPrefix == "" && len(m.Types) == 0 {
		return r.keyIndex()[m.Keys[0]]
	}
	if p, known := r.picks[m.word]; known {
		return p
	}
	var p []int32
	for i, e := range r.Events(0, r.count) {
		if m.wants(&e) {
			p = append(p, int32(i))
		}
	}
	if r.picks == nil {
		r.picks = make(map[string][]int32)
	}
	if len(r.picks) < picksMax {
		r.picks[m.word] = p
	}
	return p
}

// keyIndex lists the run's events by key: with it a reader of one key costs a look-up, however
// many such readers there are.
func (r *run) keyIndex() map[string][]int32 {
	if r.byKey == nil {
		r.byKey = make(map[string][]int32)
		for i, e := range r.Events(0, r.count) {
			r.byKey[e.Key] = append(r.byKey[e.Key], int32(i))
		}
	}
	return r.byKey
}

// wants says whether the event matches.
func (m *matcher) wants(e *edged.Event) bool {
	if len(m.Keys) > 0 && !slices.Contains(m.Keys, e.Key) {
		return false
	}
	if len(m.Types) > 0 && !slices.Contains(m.Types, e.Type) {
		return false
	}
	return strings.HasPrefix(e.Key, m.KeyPrefix)
}
