// Package sketch holds what aggregates keep of many values: which are distinct (Distinct), how they
// are spread (Quantiles), which come most often (Top). The first and the last begin exact, and go on
// as estimates with a stated error when a cell grows too large.
//
// # Invariants
//
// Merging is associative and commutative, to the byte. Equal states have equal bytes. Bytes that do
// not parse cost memory in proportion to their length.
//
// # Not here
//
// Cells, and which calls share a sketch: streams/aggregate. Sketches of replicated types: crdt.
package sketch
