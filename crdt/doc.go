// Package crdt holds values that every region changes at once and that end up equal: counters,
// registers, sets, maps, flags and sketches, as pure values over handed-in bytes.
//
//	JSON ──Type.Ops──▶ []Op ──Change.Do──▶ delta: the data of one record of an origin's log
//	                                          │ at every node, each origin's log in its order
//	state of a key ◀───────────Fold───────────┘
//	state of a key ◀──Merge── another node's state, with the vectors of both
//
// A record's dot is its place (origin, sequence), so a delta never says its own. What a delta adds
// carries that dot; what it removes it names by dots. An entry is alive while its dot is in the
// state. A removal that comes before what it names waits in the value until that has come or
// never can (Almeida, Shoker, Baquero, "Delta state replicated data types", 2018; Gonçalves et
// al., "DottedDB", 2017). So nothing is kept of what is removed.
//
// # The types
//
//	counter          a tally an origin: totals, and marks up to which they are reset
//	register         one entry an assignment that no other has replaced; the latest shows
//	set              entries by element; an add replaces the entries that it has observed
//	map              entries by field, and a tally an origin and field; the later of the two shows
//	flag             entries; on while there is one
//	bounded_counter  a tally an origin, and rights that were handed on
//	hyperloglog      registers, the larger wins; a reset begins an epoch, and the later epoch wins
//	quantiles, topk  an epoch likewise, and a page an origin: the one further on in its log wins
//
// Entries live in a kernel, which is the dot rule; tallies merge by the larger of each number. All
// that a delete observed goes with it; of tallies the marks stay, so a counter's key keeps its rows.
//
// # Invariants
//
// Equal sets of folded records, whatever the order of origins and whatever was merged in between,
// give equal AppendAlive; with equal vectors and after Trim, equal AppendTo. What does not parse
// changes nothing, and costs memory in proportion to its bytes.
//
// # Not here
//
// Keys, vectors and snapshots of a whole partition: crdt/partition. Logs, disk, watching:
// crdt/collections. The laws: crdt/crdttest.
package crdt
