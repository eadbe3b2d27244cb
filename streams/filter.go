package streams

import (
	"errors"
	"sync"

	"github.com/edgedhq/edged"
)

// Filter is a condition over events. All readers with its text share it, so it may be asked by
// several goroutines at once.
type Filter interface {
	// Picks appends to dst the indexes, ascending, of the run's events from one up to, not
	// including, another for which the condition is TRUE. It is asked once a run, and may keep
	// what it needs on the way as a form of the run.
	Picks(run edged.Run, from, to int, dst []int32) []int32
}

// filter is a condition that feeds use.
type filter struct {
	Filter
	text  string
	users int // guarded by filters.mu
}

// filters are the conditions in use, by text.
type filters struct {
	compile func(text string) (Filter, error) // nil: there are none

	mu     sync.Mutex
	byText map[string]*filter
}

// enter gives the filter of a text, nil for the empty one, and counts a user. What it compiles is
// bounded by its text, so others wait for it.
func (f *filters) enter(text string) (*filter, error) {
	if text == "" {
		return nil, nil
	}
	if f.compile == nil {
		return nil, edged.RefuseField(edged.FilterInvalid, "query.filter", nil,
			"this node has no filters; narrow with key, key_prefix or type")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	known := f.byText[text]
	if known == nil {
		condition, err := f.compile(text)
		switch {
		case errors.Is(err, edged.FilterInvalid):
			return nil, err
		case err != nil:
			return nil, edged.RefuseField(edged.FilterInvalid, "query.filter", text, "%v", err)
		}
		if f.byText == nil {
			f.byText = make(map[string]*filter)
		}
		known = &filter{Filter: condition, text: text}
		f.byText[text] = known
	}
	known.users++
	return known, nil
}

// leave counts a user off; the last takes the filter away.
func (f *filters) leave(known *filter) {
	if known == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if known.users--; known.users == 0 {
		delete(f.byText, known.text)
	}
}
