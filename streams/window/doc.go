// Package window is event time as arithmetic: which slices and windows a time belongs to, which
// events of a log are late, how far a log has come, and when a window closes.
//
//	slice := spec.Slice(t)                         // of an event; cells are kept by slice
//	progress.Arrive(&spec, stamp)                  // each event of a log, in the log's order
//	verdict := progress.Verdict(&spec, slice.End)  // if WHERE is true
//	progress.Advance(&spec, stamp, t)              // each event that has a time
//
//	mark.Raise(&spec, progress, promise, covered)            // of a log, with what its origin promised
//	closed, excluded := spec.Close(w, sources, excludeAfter) // of a window, as one node sees it
//
// HOP by 2 s of 6 s, and CUMULATE by 2 s to 6 s: windows are made of slices of gcd(step, size), and
// an event is folded into its one slice.
//
//	slices   |0   |2   |4   |6   |8   |10  |12        [start, end)
//	hop      [────────────)                           0..6
//	              [────────────)                      2..8
//	cumulate [────)                                   0..2
//	         [─────────)                              0..4
//	         [──────────────)                         0..6, and anew from 6
//
//	a log's bound or watermark ──▶   end + lateness        + revise_within
//	an event of the slice     OnTime       │     Late      │    TooLate
//	the window                open         │     past      │    sealed
//
// # Invariants
//
// Progress follows from a log's stamps and event times alone, so every node that folds a prefix has
// the same. A bound never falls. What comes after a promise is late by its own log's bound wherever
// the watermark found with that promise was past; but for a log's first bound, which comes when it
// comes. Fragments of one key and log lie at least the gap apart, and with the sessions they
// depend on the set of events, not on the order. Spans are half-open, aligned with floor division
// before 1970 too, and cut at the ends of int64: the last nanosecond there counts into the last
// slice. Nothing here allocates but what is appended to a slice of the caller's.
//
// # Not here
//
// What is in a cell: streams/aggregate. Where cells and positions are kept, who has promised what
// and who is heard: streams/function. The grammar and its limits: streams/sql.
package window
