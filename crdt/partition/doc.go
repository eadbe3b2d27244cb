// Package partition is one partition of a collection at one node: which records of each origin's
// log are folded, and the values that came of them, as a state machine over stored bytes.
//
//	records ──Fold──▶ vector, dirty values ──Flush──▶ one batch: values and the vector they include
//	request ──Begin──▶ working copy ──Delta──▶ the data of a record, which comes back by Fold
//	state of another node ──Stage──▶ staged entries ──Step──▶ merged batch by batch, then the vector
//
// The caller owns the store and performs what is handed out: it writes each Batch as one, says how
// that went, and lets nothing of the partition be written but what it was handed, in that order. A
// crash then rolls back to an older batch, and folding goes on from the vector in it.
//
// # Keys
//
// All begin with the bytes that the caller gave the partition:
//
//	'm'         counts, vector, labels of origins (see meta.go)
//	'e' | key   an entry: place that touched it last, value (see entry.go)
//	'j'         how far a join has come (see join.go)
//	's' | key   an entry of another node's state, staged for a join
//
// # Joins
//
// A state of another node with vector T is merged into one with vector M key by key, whether both
// hold the key or one does: an entry stays if both hold it, or one does and the other's vector
// does not cover it. M must be the vector from before the join for every key, so nothing is folded
// while a join runs, and both vectors stand in the marker that says how far it has come. The last
// batch makes the vector the least upper bound of both.
//
// # Invariants
//
// Of each origin the records are folded in order, each once, without a hole. An absent value is
// deleted from the store only if a fresh one encodes to the same bytes: a counter's rows, the
// epoch of a sketch and removals that wait stay. Nothing derived from values is stored but counts.
//
// # Not here
//
// What a value is and how it merges: crdt. Feeds, locks and the clock: crdt/collections.
package partition
