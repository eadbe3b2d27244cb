package edged

import "time"

// Function is the definition of a continuous query over streams. Definitions are replicated
// everywhere; each node folds the events of its own origin.
type Function struct {
	Name    string
	SQL     string
	Options map[string]string // those of the body, by name; the text's own stand in SQL
	Created time.Time
}

// FunctionChange says how a new definition takes the place of an old one.
type FunctionChange struct {
	Restart bool // begin anew from what is retained, under a new query id
	Now     bool // show the new query at once, not when it has reached the old one
}

// FunctionStream is the hidden stream whose definition holds that of a function.
func FunctionStream(name string) string { return "$f." + name }

// PartialsStream is the hidden stream that carries what nodes have folded of one query; id is 32
// hexadecimal digits.
func PartialsStream(id string) string { return "$partials." + id }

// QueryColumn is one column of a query's rows. The type is lower case; "json" is any value.
type QueryColumn struct{ Name, Type string }

// FunctionInfo is a definition with what was understood of it, and how it fares here.
type FunctionInfo struct {
	Function
	QueryID   string // 32 hexadecimal digits; equal folds have one
	Inputs    []string
	Columns   []QueryColumn
	Window    string // "tumble", "hop", "cumulate", "session"; empty without one
	Where     string // where it runs: "mergeable" or "by key"
	Into      string // stream of its outputs; empty when there is none
	Explain   string // the plan, as lines of text
	State     string // "running", "backfilling", "degraded", "paused" or "failed"
	LastError string // empty while there was none
	Origins   []FunctionOrigin
	In        int64 // events of this node's origin that were read
	Out       int64 // output events appended here
	Late      int64 // counted, though after the bound of their log
	TooLate   int64 // not counted
	Failed    int64
	Mistyped  int64 // operators that met a value of a wrong type
	Restarted bool  // of a PUT: the fold begins anew
	Replaces  bool  // of a PUT: another query of this name is shown until the new one has caught up
}

// FunctionOrigin is how far one origin's input is included in a function's rows here.
type FunctionOrigin struct {
	Origin    Origin
	Region    string
	Watermark int64               // Unix nanoseconds: event time before which nothing on time is missing; 0 for none yet
	Position  map[string]Sequence // STREAM/PARTITION to the last sequence folded
	State     string              // "live", "idle", "unreachable" or "sealed"
}

// Completeness says how far each origin's input is included.
type Completeness struct {
	Origins   []FunctionOrigin
	Watermark int64 // the least of those that count
}

// RowsQuery asks for rows of a function.
type RowsQuery struct {
	Function string
	Where    string // an SQL expression over the columns; empty for all
	Window   string // "latest", "open", "all", or a time in RFC 3339 or Unix milliseconds; empty is all
	OrderBy  string // a column, or -column; empty is by window and key
	Limit    int    // at least 1
	Page     string // Next of the page before
}

// RowsPage is part of a function's rows, all at one cut.
type RowsPage struct {
	Rows      [][]byte // JSON objects, with window_start, window_end, _status, _revision
	Cut       string   // text of a cursor: what is included
	Digest    Sum      // over windows and columns of the rows given; equal cuts show equal digests
	Watermark int64    // Unix nanoseconds; 0 for none yet
	Next      string   // empty at the end
}

// OnceQuery asks for a query over what is retained, once.
type OnceQuery struct {
	SQL   string
	Limit int    // rows, at least 1
	Cut   string // text of a cursor of an earlier answer; empty for the present
}

// OnceAnswer is its result.
type OnceAnswer struct {
	Columns   []QueryColumn
	Rows      [][]byte // JSON objects
	Cut       string
	Truncated bool // there were more than Limit
}
