// Package collections keeps named keyed state: it takes updates in, folds what every node has
// updated, and gives values, lists and changes out. The node opens one Keeper over its journal
// and runs it.
//
//	Update ─▶ collection.waiting ─▶ turn: working copies, one delta a key ─▶ Journal.Append
//	                                  ▲                                          │
//	answered ◀── folded up to it ─────┘        hidden stream $c.NAME, with what other nodes appended
//	                                                                             │
//	readers, watchers, waiters ◀── values and vector of a partition ◀── fold ◀── Follow
//	                                     │ every 100 ms, or 1 MiB
//	                                     ▼
//	                      one batch of values and vector, without fsync ──▶ Store
//
// Own updates take the same road as those of others: they are folded when the feed brings them
// back. A collection has one feed over all partitions, which a few workers drive; one turn at a
// time takes all updates that wait, so that under load a record carries many operations and an
// append many records.
//
// What is in the store may be behind the journal, and never says more than the vector beside it:
// after a crash folding goes on from there. The journal is truncated below what is flushed and
// held by every node. Who finds records gone that it has not folded takes over the state of
// another node (Peers, Take) and merges it.
//
// # Keys
//
//	name | 0 | generation, 8, big-endian | type | 0 | partition, 1 | as crdt/partition has it
//
// A definition that names another type than before, because two regions made one name at once,
// begins afresh under other keys, from the journal.
//
// # Invariants
//
// An update is applied to a value that includes all that this node appended to the partition. What
// an answer's cursor covers is in its value. A change that a watcher is given includes all that the
// cursor after it covers. A gap is never passed in silence: its records come by a state of another
// node, or a warning says that nobody has them.
//
// # Not here
//
// Values and what one partition does: crdt, crdt/partition. Blocks, fsync, definitions: streams.
// Which node a state comes from: replication. JSON bodies and sockets: httpapi.
package collections
