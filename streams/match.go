package streams

import (
	"slices"
	"strings"
	"sync"

	"github.com/edgedhq/edged"
)

// matcher is a reader's Match with the word under which readers share its evaluation.
type matcher struct {
	edged.Match
	word   string
	filter *filter // nil: none
}

// matcher is nil where all match. The feed owes it a leave.
func (b *Broker) matcher(m edged.Match) (*matcher, error) {
	if m.All() {
		return nil, nil
	}
	f, err := b.filters.enter(m.Filter)
	if err != nil {
		return nil, err
	}
	word := strings.Join(m.Keys, "\x00") + "\x01" + m.KeyPrefix + "\x01" + strings.Join(m.Types, "\x00") + "\x01" + m.Filter
	return &matcher{Match: m, word: word, filter: f}, nil
}

// leave gives the filter back.
func (b *Broker) leave(m *matcher) {
	if m != nil {
		b.filters.leave(m.filter)
	}
}

// picks is one evaluation of a run.
type picks struct {
	once sync.Once
	list []int32
}

const (
	// picksPerEvent bounds the indexes that a run remembers for each of its events, beside
	// picksFree.
	picksPerEvent = 32
	picksFree     = 1 << 10
	// picksEach is what an evaluation without any index counts as.
	picksEach = 16
)

// pick gives the indexes of the run's events that match. The slice is shared; nil is none.
func (r *run) pick(m *matcher) []int32 {
	byKey := len(m.Keys) == 1 && m.KeyPrefix == "" && len(m.Types) == 0
	switch filtered := m.filter != nil; {
	case byKey && !filtered:
		return r.ofKey(m.Keys[0])
	case byKey:
		return r.evaluate(m.word, func() []int32 { return common(r.ofKey(m.Keys[0]), r.filtered(m.filter)) })
	case filtered && m.narrow():
		return r.evaluate(m.word, func() []int32 { return r.wanted(m, r.filtered(m.filter)) })
	case filtered:
		return r.filtered(m.filter)
	}
	return r.evaluate(m.word, func() []int32 { return r.wanted(m, nil) })
}

// evaluate gives what others have made of the run under the word, or makes it. Evaluations go on
// without the run's mutex: a filter may ask the run for a form.
func (r *run) evaluate(word string, how func() []int32) []int32 {
	r.mu.Lock()
	p := r.picks[word]
	if p == nil {
		p = new(picks)
		if r.picked += picksEach; r.picked <= picksPerEvent*r.count+picksFree {
			if r.picks == nil {
				r.picks = make(map[string]*picks)
			}
			r.picks[word] = p
		}
	}
	r.mu.Unlock()
	p.once.Do(func() {
		p.list = how()
		r.mu.Lock()
		r.picked += len(p.list)
		r.mu.Unlock()
	})
	return p.list
}

// filtered gives the indexes of the run's events that a filter picks: once for all its readers,
// whatever else they ask for.
func (r *run) filtered(f *filter) []int32 {
	return r.evaluate("\x02"+f.text, func() []int32 { return f.Picks(r, 0, r.count, nil) })
}

// wanted gives those of the run's events that match, the filter left out: among is the indexes to
// look at, nil for all.
func (r *run) wanted(m *matcher, among []int32) (list []int32) {
	if m.filter == nil {
		for i, e := range r.Events(0, r.count) {
			if m.wants(&e) {
				list = append(list, int32(i))
			}
		}
		return list
	}
	if len(among) == 0 {
		return nil
	}
	for i, e := range r.Events(int(among[0]), int(among[len(among)-1])+1) {
		if int(among[0]) != i {
			continue
		}
		if among = among[1:]; m.wants(&e) {
			list = append(list, int32(i))
		}
	}
	return list
}

// common is what two ascending lists share.
func common(a, b []int32) (list []int32) {
	for _, i := range a {
		for len(b) > 0 && b[0] < i {
			b = b[1:]
		}
		if len(b) > 0 && b[0] == i {
			list = append(list, i)
		}
	}
	return list
}

// ofKey lists the run's events of a key: with an index a reader of one key costs a look-up, however
// many such readers there are.
func (r *run) ofKey(key string) []int32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byKey == nil {
		r.byKey = make(map[string][]int32)
		for i, e := range r.Events(0, r.count) {
			r.byKey[e.Key] = append(r.byKey[e.Key], int32(i))
		}
	}
	return r.byKey[key]
}

// narrow says whether anything but the filter holds events back.
func (m *matcher) narrow() bool { return len(m.Keys) > 0 || len(m.Types) > 0 || m.KeyPrefix != "" }

// wants says whether the event matches, the filter left out.
func (m *matcher) wants(e *edged.Event) bool {
	if len(m.Keys) > 0 && !slices.Contains(m.Keys, e.Key) {
		return false
	}
	if len(m.Types) > 0 && !slices.Contains(m.Types, e.Type) {
		return false
	}
	return strings.HasPrefix(e.Key, m.KeyPrefix)
}
