// Package storage is the one database of a node: the logs of events, keyspaces lent to other
// parts, and the identity that writes them. It stands on Pebble; the file system and the clock
// are handed in, so that crash tests run it on a file system that forgets what was not synced.
//
//	Submit ─▶ waiting ─▶ committer: Stage of all that wait ─▶ one batch ─▶ applied, fsync under way
//	                         │ (the next group gathers)                        │
//	                         ▼                                                 ▼
//	                     group N+1                       completer: durable heads move, Durable of all
//
// # Keys
//
// A key is one byte of space and the rest; integers are big-endian, so that keys sort as numbers.
//
//	'b' | log id, 16 | first sequence, 8                                  a block, as streams/block makes it
//	'l' | stream | 0 | generation, 8 | partition, 4 | origin, 10          a log's record (see log.go)
//	'n' | "node"                                                          identity and marks (see node.go)
//	'n' | "ceiling"                                                       the stamp that none shown is above
//	'n' | "sealed" | origin, 10                                           a former origin of this node
//	'n' | "ended" | origin, 10                                            when another one ended
//	'n' | "limit", "aside" | origin | log id; "closed" | origin           where others ended it: ending.go
//	'n' | "indexed"                                                       the index is whole
//	'i' | log id, 16                                                      the key of the log's record
//	'g' | log id, 16 | from, 8                                            a gap (see gap.go)
//	'w' | log id, 16                                                      blocks wait beyond a hole
//	's', 'd', 0x80 ...                                                    lent
//
// A data directory holds `identity` (an Ed25519 seed), `lock` (the process that has it open),
// `ballast` (room given up when the disk is full), `db` (Pebble), and, after a failure that the
// process could not survive, `reason`.
//
// # Invariants
//
// Pebble shows a batch before its fsync; a Log's durable state moves only after. Everything that
// belongs together is in one batch. Heads, starts and the ceiling never go back. A failed write
// or fsync of the database is never tried again: the process ends, and the next one believes the
// disk only. Opening reads every log's record, for the digest, and keeps no log.
//
// A head moves by the chain, or over a gap that is told; what waits beyond a hole is seen by nobody,
// and gone after a restart. A log of which two histories exist stays as it is for good.
//
// # Not here
//
// Bytes of a block: streams/block. What to append, retire and show: streams. The hybrid logical
// clock: crdt/hlc.
package storage
