// Package expr holds the values of queries, finds them in events, and computes with them:
// expressions are compiled once and evaluated many times.
//
// # Invariants
//
// A value is 32 bytes and no interface. Compare is a total order; values of one group are Equal, and
// have one Hash and one key. Equal input gives equal bits on every machine.
//
// # Not here
//
// Syntax: streams/sql. What a name means, and which expressions a query may have: streams/plan.
package expr
