// Package streams keeps events: a Broker creates streams, appends to them, and gives readers
// their places in them. The node opens one Broker over one store and runs it.
//
//	Append ──▶ stream.pending ──▶ Stage (the committer) ──▶ one block a log ──▶ one Pebble batch
//	                                                                              │ fsync
//	answered ◀── visible: ring of runs, feeds woken ◀── Durable (the completer) ◀─┘
//
// What other nodes appended comes by Ingest, and goes the same way: a block of another origin is
// put under its log as its origin sealed it, and is durable, visible, remembered by its ids and
// counted in the vector as an own one is. Blocks of a stream whose definition has not come yet are
// stored and shown with it.
//
//	Ingest ──▶ verified by the caller ──▶ stream.arrived ──▶ Stage ──▶ ... ──▶ visible, done called
//	                                          $catalog: fold ──▶ turn: a definition begins or ends
//
// The catalog is a stream of its own, $catalog. Each record in it, from whatever node, is laid over
// what stands under its name in the group that holds its block; the outcome does not depend on the
// order in which records come.
//
// Keys of a lent space go with publications to any number of streams in one group, by
// Keyspace.Commit: after a crash all of it is there, or none.
//
// A stream's object exists while somebody uses it: an idle stream costs its keys in the
// database. Two goroutines of the store drive each object: the committer stages (what it alone
// touches is grouped in staging), the completer makes things visible (grouped in view, under one
// mutex with the queue). A reader is a place: in the ring of recent runs, shared by all, or,
// behind the ring, a vector from which the database is read, merged by HLC.
//
//	         Follow                    caught up
//	cursor ──────────▶ catching up ──────────────▶ live, a position in the ring
//	                        ▲       fell out of the ring       │
//	                        └──────────────────────────────────┘
//
// # Invariants
//
// A sequence is given out by the committer only, together with the block that holds it. Readers
// see a stream up to its first event that waits for its fsync; those published at memory are shown
// ahead of theirs where nothing before them waits, and readers of what is durable stop there.
// Blocks of one log enter the ring in order, each once. A publication is staged whole, in one
// group. Readers in stable order are given nothing that is not below the frontier.
//
// # Not here
//
// Which blocks to send and to ask for, and how far other nodes hold them: replication. Bytes of a
// block: streams/block. Keys, fsync and identity: streams/storage. Bodies, encodings and sockets:
// httpapi. What a filter means: who plugs Options.Filter.
package streams
