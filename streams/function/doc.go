// Package function runs continuous queries: it folds what this node's origin appends, tells other
// nodes what it folded, merges what they tell, and answers with rows.
//
//	r, err := function.Open(journal, catalog, store, mesh, opts)
//	go r.Run(ctx)
//	info, created, err := r.PutFunction(ctx, def, how)
//	page, err := r.Rows(ctx, edged.RowsQuery{Function: "cities", Limit: 100})
//
//	own logs ──▶ core: filter, window, cells ──flush──▶ store ──▶ record ──▶ $partials.ID ──▶ other nodes
//	                                                      ▲                                      │
//	                                                      └──────── the longer fold stands ◀─────┘
//	store ──▶ snapshot ──▶ gathering: cells of all logs, merged ──▶ view: rows, states ──▶ answers, board, into
//
// A query is one fold: functions with equal folds share it, each with a view of its own. One
// goroutine drives a query and all its views; readers look at snapshots of the store.
//
// # Invariants
//
// A cell is the fold of one stretch of one log, and depends on the log's content and the plan alone.
// Cells, positions and output events of a flush are there together, or none. A cell is replaced by
// the fold of a longer stretch, never added to; cells of different logs meet only in a gathering, in
// one order, so rows at equal cuts are equal to the byte on every node. Nobody is told of a fold that
// reaches past what other nodes hold of the log.
//
// # Not here
//
// What a text means: streams/sql and streams/plan. What a cell holds: streams/aggregate. When a
// window closes: streams/window. HTTP: httpapi.
package function
