// Package query holds the queries of Nexmark that the house runs as phase 1, each as a user would
// write it, and beside it the same question to SQLite (package reference) and to Flink.
//
//	q0 q1 q2 q10 q14 q21 q22   per event: outputs are events of the stream named like the query
//	q5 q7 q8 q11 q12 q15 q16 q17   rows of windows
//	q18 q19                    rows of views without windows
//
// Beside the originals: q7 gives of equal bids the earliest; q8 is a union, with the same rows;
// q10 writes a stream and no files; q11 splits at a pause of exactly 10 s; q12 goes by the time of
// the append; q15 and q16 estimate distinct counts past 1,024 in a cell; q19 gives one row an
// auction, holding an array.
//
// # Not here
//
// q3, q4, q6, q9, q13 and q20, which join or count events.
package query

// Query is one of them.
type Query struct {
	Name      string
	SQL       string   // as a node takes it
	Reference string   // as SQLite takes it; its columns are the query's
	Flink     string   // as Flink takes it, by the published queries; ts is dateTime as a time, p the time of arrival
	Inputs    []string // streams that it reads; nil is bid alone
	JSON      []string // columns that are objects or arrays
	Close     []string // columns that are DOUBLE
	Estimated []string // columns that count distinct values
	Into      bool     // per event: the answer is the events of the stream Name
	Window    bool     // its rows have window_start and window_end, in Unix milliseconds in Reference
	Ingest    bool     // its windows go by the time of the append
}

// Phase1 are all of them, in their order.
func Phase1() []Query {
	return []Query{q0(), q1(), q2(), q5(), q7(), q8(), q10(), q11(), q12(), q14(), q15(), q16(), q17(), q18(), q19(), q21(), q22()}
}

// Streams are those that it reads.
func (q *Query) Streams() []string {
	if q.Inputs == nil {
		return []string{"bid"}
	}
	return q.Inputs
}

// order is the canonical order of events in the reference.
const (
	ascending  = "dateTime, wall, logical, origin, part, seq"
	descending = "dateTime DESC, wall DESC, logical DESC, origin DESC, part DESC, seq DESC"
)
