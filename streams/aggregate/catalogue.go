package aggregate

import "github.com/edgedhq/edged/streams/expr"

// aggregate is one of the catalogue. Takes has a letter an argument:
//
//	x any   n number   b BOOLEAN   N a constant from 1 to 1,000   Q a constant from 0 to 1
type aggregate struct {
	name  string
	takes string
	form  string    // how it is called
	of    string    // the state it is read from; those of one input share it
	gives expr.Type // zero where it depends
	state func() state
}

// itemsMax is the largest n of those that take one.
const itemsMax = 1000

// The types that aggregates give.
var (
	isInteger = expr.Type{Kind: expr.Integer} // read-only
	isDouble  = expr.Type{Kind: expr.Double}  // read-only
	isBoolean = expr.Type{Kind: expr.Boolean} // read-only
	isJSON    = expr.Type{Kind: expr.JSON}    // read-only
)

// catalogue is read-only.
var catalogue = []aggregate{ // read-only
	{"COUNT", "x", "COUNT(x)", "count", isInteger, func() state { return count{} }},
	{"SUM", "n", "SUM(x)", "sum", expr.Type{}, func() state { return sum{} }},
	{"AVG", "n", "AVG(x)", "sum", expr.Type{}, func() state { return sum{} }},
	{"MIN", "x", "MIN(x)", "min", expr.Type{}, func() state { return extreme{sign: -1} }},
	{"MAX", "x", "MAX(x)", "max", expr.Type{}, func() state { return extreme{sign: 1} }},
}

// distinct is COUNT(DISTINCT x).
var distinctCount = catalogue[0] // read-only

// later are the aggregates of phase 2.
var later = []string{"SKETCH_DISTINCT", "SKETCH_QUANTILES", "MERGE_SKETCH"} // read-only

// Names are the aggregates, in the order of the catalogue.
func Names() []string {
	names := make([]string, len(catalogue))
	for i := range catalogue {
		names[i] = catalogue[i].name
	}
	return names
}

// Is says whether a name, upper case, is that of an aggregate.
func Is(name string) bool { return lookup(name) != nil }

func lookup(name string) *aggregate {
	for i := range catalogue {
		if catalogue[i].name == name {
			return &catalogue[i]
		}
	}
	return nil
}
