// Package sim runs the replication of several nodes in one goroutine under virtual time: the real
// session.Table and roster on model disks, model links and model clocks.
//
//	Run(seed) ──▶ storm: publishes and faults ──▶ calm: publishes ──▶ quiet ──▶ checks
//
// One seed gives one trace, byte for byte. What is random comes from the seed, events of one
// instant keep the order in which they were made, and no map is walked where its order could show.
//
// # Invariants
//
// Checked at each step: a dot names one payload on all disks (R1), a log is held as a prefix (R2),
// heads, promises and frontiers never go back (R3), what is answered at a level is on so many disks
// (R4), nothing arrives below a frontier that readers were told (R7), a deleted generation stays so
// (R8), rows and needs stay within their bounds (R9). At the end: all hold the same, everything
// acknowledged by a disk that was not lost is everywhere, digests are equal, readers in stable order
// have seen one list, and acks and equal ticks come in time again (R6).
//
// # Not here
//
// Real stores, sockets and goroutines: cmd/edged/node/nodetest. Planted bugs: loadtest/simulate.
package sim
