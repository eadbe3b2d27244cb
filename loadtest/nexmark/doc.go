// Nexmark runs the queries of the benchmark (package query) on nodes of the release binary, over a
// market made by package market, and holds every row against SQLite's (package reference).
//
//	go run ./loadtest/nexmark -check          100,000 events, on one node and on three
//	go run ./loadtest/nexmark -check -short   10,000 events
//	go run ./loadtest/nexmark -bench          CPU and rate of each query over a stream that is there
//	go run ./loadtest/nexmark -flink          the same in Flink, from the same events in a file
//	go run ./loadtest/nexmark -only q5,q7     these queries
//
// A check goes so. On three nodes the events are spread at random; each node gets its own out of
// order, by less than out_of_orderness. Half of the functions are there before the events, the
// other half backfill; which half depends on the number of nodes.
//
//	market ──deal──▶ nodes ──▶ an event far ahead at each, which closes all windows
//	                   │
//	                   ├── streams, read back with their stamps ──▶ SQLite ──▶ rows wanted
//	                   └── rows and output streams of every node ────────────▶ equal? final?
//
// What was read back is first held against what was published. Rows are asked for until they are
// right, at most for a minute: then the first differences are told.
//
// The bench prints CPU seconds of the server for a million events, which is steadier than the
// rate. Flink runs inside one process, from a JSON file, results discarded, its state on the heap;
// each round is charged what it takes beyond the same query over empty files, and a first round,
// in which its code is compiled, does not count.
package main
