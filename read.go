package edged

import "iter"

// StartKind says how a reader names the place it begins at.
type StartKind uint8

// The ways to begin.
const (
	Earliest      StartKind = iota // the oldest event held
	Latest                         // after the newest event held now
	AtTime                         // the first event appended at or after Start.Time
	AtCursor                       // after Start.Cursor; events already retired are CursorExpired
	AtCursorOrGap                  // the same, but what is retired is told as a gap notice
)

// Start is where a reader begins.
type Start struct {
	Kind   StartKind
	Time   int64 // Unix nanoseconds, for AtTime
	Cursor Cursor
}

// Match narrows what a reader is given. The zero Match lets everything through.
type Match struct {
	Keys      []string // any of these keys; empty for all
	KeyPrefix string
	Types     []string // any of these types; empty for all
	Filter    string   // an SQL condition; empty for all
}

// All says whether nothing is held back.
func (m *Match) All() bool {
	return len(m.Keys) == 0 && m.KeyPrefix == "" && len(m.Types) == 0 && m.Filter == ""
}

// Query says what a reader wants of one stream.
type Query struct {
	Stream  string
	Start   Start
	Match   Match
	Stable  bool // one order at every node (HLC), instead of as this node learns events
	Local   bool // only what this node's origin appended
	Durable bool // only events for which this node's fsync has returned
	SkipLag bool // on falling out of memory, jump to the newest and say so
	Await   bool // a stream that does not exist is waited for, instead of StreamNotFound
}

// Feed is one reader's place in a stream. It is used by one goroutine at a time.
type Feed interface {
	// Next appends to dst what waits, in order, without blocking for new events: at most about
	// bytesMax of events and at most eventsMax of them. Nothing appended means that the reader
	// has caught up; the wake function given at opening is then called once, from any
	// goroutine, when there is more (it must not block). An error ends the feed.
	Next(dst []Delivery, bytesMax, eventsMax int) ([]Delivery, error)
	// Cursor is the place after all that Next gave.
	Cursor() Cursor
	// Resume says how the feed took up its Start: "start", "complete" or "gap".
	Resume() string
	// Close gives the place up. No wake comes after it.
	Close()
}

// Delivery is one thing that a reader is given: events of a run, or a notice.
type Delivery struct {
	Run      Run     // nil for a notice
	From, To int     // the events of the run that are meant, To excluded
	Picks    []int32 // those of them that match; nil for all
	Notice   *Notice
}

// Len is the number of events delivered.
func (d *Delivery) Len() int {
	if d.Picks != nil {
		return len(d.Picks)
	}
	return d.To - d.From
}

// Run is a stretch of consecutive events of one log as readers meet it, shared by all who do.
type Run interface {
	// Name is the log's name.
	Name() LogName
	// Events gives each event from index from up to, not including, to.
	Events(from, to int) iter.Seq2[int, Event]
	// Base is the encoded vector of a reader that stands just before the run. The cursor after
	// event i is Base().AppendAt(dst, Name().Key(), sequence of i).
	Base() Base
	// Form returns what build made when it was first called for the slot; later callers share
	// it. Slots are the caller's, from 0 to FormSlots-1.
	Form(slot int, build func() any) any
	// Len is the number of events in the run, Bytes about their size.
	Len() int
	Bytes() int
}

// FormSlots is the number of shared forms that a Run keeps.
const FormSlots = 8

// Notice tells a reader what is not an event.
type Notice struct {
	Op      string // "gap", "lagged", "up_to_date", "deleted", "reset"
	Log     LogName
	From    Sequence // gap: the first event missing
	To      Sequence // gap: the last event missing
	Reason  string   // gap: "retired", "forced", "lost", "forked", "corrupt"
	Skipped int64    // lagged: events passed over

	// Watermark is of an up_to_date about the rows of a function, in Unix nanoseconds; 0 for none
	// yet. A reset there says that the rows given before count no more: the present ones follow.
	Watermark int64
}
