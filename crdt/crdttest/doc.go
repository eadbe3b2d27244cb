// Package crdttest is the laws that any type of package crdt must pass, on states that real updates
// at distinct replicas have led to.
//
//	seed ──▶ schedule ──▶ world: replicas, vectors, logs ──▶ laws ──▶ Failure: type, law, seed,
//	          update          │                                       and the shortest schedule
//	          deliver         └─ every record also to ──▶ Spec        that still shows it
//	          save, crash        the whole history, told plainly
//	          join a snapshot
//	          lose the disk
//
// A case is one schedule: a few replicas of one partition with two keys, clocks off by up to a day.
// A record is begun on a copy, its delta is folded in everywhere. What a replica holds is held to
// the Spec after each step, at its own vector, and in the end at all of the records.
//
// # Laws
//
// T1 a merge does not depend on sides, T2 nor on grouping, T3 nor on repetition. T4 states grow:
// a state whose vector covers another's takes nothing from it. T5 merging records in any grouping
// is updating. T6 a delta does not grow with the state. T7 a state is the merge of its parts, one
// for each origin. T8 replicas converge to the Spec. T9 equal states are equal bytes. T11 folding
// two runs of records is merging the folds of each. T12 hostile input neither panics, nor takes
// memory out of proportion, nor changes anything when refused.
//
// T7 goes down to one origin's records, not to single ones: a state is only told apart by its
// vector, and a vector cannot leave out an earlier record of the same origin. T10, folding sealed
// origins into one row, does not apply: nothing folds them.
//
// # Not here
//
// Vectors and values of a whole partition on their way to disk: crdt/partition. Parsing of what
// users send: the tests of each type.
package crdttest
