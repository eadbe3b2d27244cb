// Package edged holds the words that every part of the platform speaks: events and where they
// stand, version vectors and the cursors made of them, what a publisher asks for and what a
// reader is given, and the kinds of refusal. It imports the standard library only, asks no clock
// and starts nothing.
//
//	cmd/edged           flags, configuration, signals, exit code
//	loadtest            drives nodes from outside: benchmarks, kill loops, history checker
//	cmd/edged/node      the roof: opens, wires, runs and closes one node
//	   |
//	   +------------+--------------+-------------+------------+
//	streams      replication     crdt         httpapi      gossip       five pillars:
//	keeps        carries logs    merges       the door     who is       none imports another
//	events       between nodes   values                    alive
//	   +------------+--------------+-------------+------------+
//	   |
//	edged               this package
//
// An event's way through the house: httpapi parses a request into a [Publication] of [Draft]s;
// the broker in streams stamps them, packs them into an immutable block and commits it; from
// there a [Run] of [Event]s reaches every reader through a [Feed]. A dot (log and [Sequence])
// names one event everywhere and for ever; a [Vector] says how far each log is held; a [Cursor]
// is a vector that a reader keeps.
//
// # Not here
//
// Bytes of a block: streams/block. The clock that makes timestamps: crdt/hlc. Statuses of
// refusals: httpapi.
package edged
