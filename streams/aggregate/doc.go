// Package aggregate folds events into cells, and merges cells: what COUNT, SUM, QUANTILE and the
// others of a query hold for one group, as far as one log goes.
//
//	call, err := aggregate.NewCall(c, types)                  // checks one call of the query
//	layout := aggregate.NewLayout(calls, inputs)              // calls on one input share states
//	cells := aggregate.NewCells(layout)
//	place := cells.Add()
//	cells.Fold(place, input, args, &stamp)                    // one event, where FILTER was TRUE
//	bytes = cells.Append(bytes, place)                        // to keep, and to send
//	err = other.Merge(place, bytes)                           // of the next log
//	v, estimated := other.Result(place, call, &text)
//
//	layout   input 0: COUNT(*)      input 1: SUM(x) AVG(x) MEDIAN(x)
//	         ┌─────────┐┌────────────────────────────┐┌──────────────┐
//	cell     │ 1 word  ││ 6 words                    ││              │  words, in one slab
//	         └─────────┘└────────────────────────────┘└──────┬───────┘
//	bytes    count       count, head, digits, doubles    ┌───┴───────┐
//	                                                     │ the bins  │  objects, of states that grow
//	                                                     └───────────┘
//
// The bytes of a cell are those of its states one after the other, in the order of the layout,
// without names: who reads them has the layout, since equal query ids have equal layouts. How a state
// is written stands at its append.
//
// # Invariants
//
// fold(A then B) is fold(A) merged with fold(B): DOUBLEs up to rounding, sketches up to the error they
// state. Equal content has equal bytes; the same events in the same order give equal bytes, wherever
// cells were written and read between; bytes that are read are written again as they were, and any
// others are refused at a cost in proportion to their length. Sums of INTEGER and DECIMAL are exact,
// however many. A known cell takes an event without an allocation.
//
// # Not here
//
// FILTER, and the expressions of arguments: streams/expr. Which group an event belongs to, and when
// cells are written: streams/function. Slices and windows: streams/window. The sketches themselves:
// streams/aggregate/sketch.
package aggregate
