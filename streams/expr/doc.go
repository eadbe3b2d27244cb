// Package expr holds the values of queries, finds them in events, and computes with them.
//
//	paths := expr.NewPaths()                       // what all queries on a stream need
//	var c expr.Compiler                            // of one query
//	program, errs := c.Compile(e, resolve)         // resolve gives each path its column
//	x := expr.NewExtractor(paths)
//
//	x.Event(&event, columns, &text)                // one scan fills the columns
//	row.Columns, row.Event = columns, &event
//	keep := filter.Test(&row)                      // WHERE
//	out = expr.AppendJSON(out, program.Eval(&row)) // a column of the output
//	row.Reset()
//
//	sql.Expr ──▶ compiler ──▶ closures, chosen by type; constants are folded
//	                             │
//	event ──▶ Extractor ──▶ columns ──▶ Row ──▶ Value ──▶ JSON, key, bytes, hash
//	{"a":1,"b":{…}}  only what a path names is decoded; texts stay where they are
//
// A Value is 32 bytes and no interface:
//
//	at    8   text; of a DOUBLE its digits as they were written, for casts to DECIMAL
//	size  8   length of the text; of a DECIMAL the high half
//	bits  8   number, time, truth; of a DECIMAL the low half
//	kind  3   kind, precision, scale
//
// What is wrong in an expression for certain is an error of Compile, with line, column and what to
// write. What only an event can show gives NULL: an operator that meets a wrong type adds to
// Row.Mistyped, and a CAST that fails is Row.Failure, which makes the event a failed one. Conditions
// have three values, and Test keeps TRUE.
//
// # Invariants
//
// Compare is a total order, exact across INTEGER, DOUBLE and DECIMAL; values that are Equal have one
// Hash and one key, and keys of tuples compare by bytes as the tuples do. Equal event and expression
// give equal bits on every machine and at any time: products are rounded before sums, elementary
// functions are our own, no map is ranged over. Extracting, testing and projecting an event allocate
// nothing once buffers have grown, but for REGEXP_EXTRACT of a group, REGEXP_REPLACE, casts from times with an
// offset, and texts of intervals. The texts that an event makes end at 8 MiB, beyond which functions
// give NULL and count as mistyped. DOUBLEs are finite, and never -0. Values of kind JSON are text
// without spaces outside strings.
//
// # Not here
//
// Syntax: streams/sql. What a name means, and which expressions a query may have: streams/plan.
// Aggregates: streams/aggregate.
package expr
