// Package sim runs the replication of several nodes in one goroutine under virtual time: the real
// session.Table and roster on model disks, model links and model clocks, and the real values and
// partitions of collections over a model keyspace.
//
//	Run(seed) ──▶ storm: publishes, updates and faults ──▶ calm: both ──▶ quiet ──▶ checks
//
// One seed gives one trace, byte for byte. What is random comes from the seed, events of one
// instant keep the order in which they were made, and no map is walked where its order could show.
//
// # Invariants
//
// Checked at each step: a dot names one payload on all disks (R1), a log is held as a prefix (R2),
// heads, promises and frontiers never go back (R3), what is answered at a level is on so many disks
// (R4), nothing arrives below a frontier that readers were told (R7), a deleted generation stays so
// (R8), rows and needs stay within their bounds (R9). What a node shows of a key is what the plain
// specification of crdttest says at the vector that it has folded, whatever was joined or lost on
// the way (I6); a bounded counter never passes its bound. At the end: all hold the same, everything
// acknowledged by a disk that was not lost is everywhere, digests are equal, those of collections
// where vectors are (I5), readers in stable order have seen one list, and acks and equal ticks come
// in time again (R6).
//
// # Not here
//
// Real stores, sockets and goroutines: cmd/edged/node/nodetest. Planted bugs: loadtest/simulate.
package sim
