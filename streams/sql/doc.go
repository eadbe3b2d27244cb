// Package sql turns the text of a query into a syntax tree, and the tree back into canonical text.
//
//	query, err := sql.Parse(text)         // a function: PUT /v1/functions/{name}
//	query, err := sql.ParseOnce(text)     // once, over the past: POST /v1/query
//	filter, err := sql.ParseExpr(text)    // filter= of reads, where= of rows
//	text := sql.Print(query)
//
// The whole grammar is read, of parts that are not built yet too; Planned lists those.
//
//	text ──▶ scanner ──▶ token ──▶ parser ──▶ Query ──▶ check ──▶ *Query, or Errors
//	                                 │  ▲
//	                           fault ▼  │ settle
//	                            stuck, until the next clause
//	text ◀── printer ◀── any part of a tree
//
// # Invariants
//
// What Print writes parses to an equal tree (positions aside) and prints as the same text, unless
// the blanks of canonical text make it longer than 64 KiB. A tree costs at most 64 KiB beside four
// times its text: the parser counts what it makes, and refuses a text with too many parts. No text
// makes it panic, nest deeper than 64, or give more than 10 errors; a chain of one operator is no
// nesting, so the left side of a Binary may be some hundreds deep. Every error has a line and a
// column, in characters from 1.
//
// # Not here
//
// What a name, a function or an option means, and all that needs types: streams/plan. Values and
// their computing: streams/expr.
package sql
