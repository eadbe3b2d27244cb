package plan

import (
	"encoding/hex"

	"github.com/edgedhq/edged/streams/sql"
	"github.com/edgedhq/edged/streams/window"
)

// Semantics is the number of what queries mean. It is raised whenever a result may change, and is part
// of every query id.
const Semantics = 1

// ID is the query id: the first 128 bits of SHA-256 over the fold. Equal folds have one.
type ID [16]byte

// String is the id as 32 hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// Way is how a query runs.
type Way uint8

// The ways of phase 1.
const (
	PerEvent  Way = iota // one input event to none or one of output, at the origin of each log
	ByPartial            // folded once at the origin of each log, merged at every node
)

// String is the way as Explain says it.
func (w Way) String() string {
	if w == PerEvent {
		return "per event"
	}
	return "by partial"
}

// Column is one of the rows, or of the output events, of a query. The type is in lower case; "json" is
// any value. Of all members of the data, SELECT *, the name is "*".
type Column struct{ Name, Type string }

// EmitKind says when a row of a view goes out.
type EmitKind uint8

// The kinds.
const (
	EmitChanges EmitKind = iota // when it changed, at most once a flush
	EmitFinal                   // when its window closes, then its revisions
	EmitEvery                   // when it changed, at most once an interval
)

// Emit says when rows go out. Every is in nanoseconds, and of EmitEvery alone.
type Emit struct {
	Kind  EmitKind
	Every int64
}

// Plan is a query that was understood: what is folded at each log, and what is made of the merged
// partials. It never changes, and may be used by many at a time.
type Plan struct {
	Name    string
	Query   *sql.Query
	Inputs  []string // sorted; the place of a stream is the input number of its logs
	Way     Way
	ID      ID
	Options Options
	Window  window.Spec // Kind None: a view without windows, or per event
	Emit    Emit
	Columns []Column // with a window the first two are window_start and window_end
	Limit   int      // of a query that runs once; 0 is none

	fold   fold
	stages []*stage // the first presents the groups of the fold, each other one the rows before it
	once   bool
}

// Make understands the query of a function, or says what is refused, up to 10 parts, in the order of
// the text. Body are the options that stand beside the text. An error in one of those has Line and
// Column 0, and as its Value the option's name. Start is the start stamp, Unix nanoseconds: what was
// appended before is not read (Options.Start makes it of the option backfill); restarts is how often
// the function was begun anew. Both are part of the query id.
func Make(name string, q *sql.Query, body map[string]string, start int64, restarts int) (*Plan, sql.Errors) {
	m := newMaker(q)
	p := &Plan{Name: name, Query: q}
	m.options(p, body)
	m.make(p)
	m.targets(p)
	m.emit(p)
	if len(m.errs) > 0 {
		return nil, m.sorted()
	}
	p.ID = p.identify(start, restarts)
	return p, nil
}

// MakeOnce understands a query that runs once, over what is retained. It needs no stream for its
// output, and nothing of it is late.
func MakeOnce(q *sql.Query) (*Plan, sql.Errors) {
	m := newMaker(q)
	p := &Plan{Query: q, Limit: q.Limit, once: true}
	m.once = true
	m.options(p, nil)
	m.make(p)
	if len(m.errs) > 0 {
		return nil, m.sorted()
	}
	p.ID = p.identify(0, 0)
	return p, nil
}
