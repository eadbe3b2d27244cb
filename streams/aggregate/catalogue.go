package aggregate

import "github.com/edgedhq/edged/streams/expr"

// aggregate is one of the catalogue. Takes has a letter an argument:
//
//	x any   n number   b BOOLEAN   N a constant from 1 to 1,000   Q a constant from 0 to 1
type aggregate struct {
	name  string
	takes string
	form  string            // how it is called
	of    string            // the state it is read from; those of one input share it
	gives expr.Type         // zero where it depends
	state func(n int) state // for the largest n of the calls that share it
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

var catalogue = []aggregate{ // read-only
	{"COUNT", "x", "COUNT(x)", "count", isInteger, func(int) state { return count{} }},
	{"SUM", "n", "SUM(x)", "sum", expr.Type{}, func(int) state { return sum{} }},
	{"AVG", "n", "AVG(x)", "sum", expr.Type{}, func(int) state { return sum{} }},
	{"MIN", "x", "MIN(x)", "min", expr.Type{}, func(int) state { return extreme{sign: -1} }},
	{"MAX", "x", "MAX(x)", "max", expr.Type{}, func(int) state { return extreme{sign: 1} }},
	{"BOOL_AND", "b", "BOOL_AND(condition)", "truths", isBoolean, func(int) state { return truths{} }},
	{"BOOL_OR", "b", "BOOL_OR(condition)", "truths", isBoolean, func(int) state { return truths{} }},
	{"VAR_POP", "n", "VAR_POP(x)", "spread", isDouble, func(int) state { return spread{} }},
	{"VAR_SAMP", "n", "VAR_SAMP(x)", "spread", isDouble, func(int) state { return spread{} }},
	{"STDDEV_POP", "n", "STDDEV_POP(x)", "spread", isDouble, func(int) state { return spread{} }},
	{"STDDEV_SAMP", "n", "STDDEV_SAMP(x)", "spread", isDouble, func(int) state { return spread{} }},
	{"FIRST", "x", "FIRST(x)", "first", expr.Type{}, func(int) state { return pick{sign: -1} }},
	{"LAST", "x", "LAST(x)", "last", expr.Type{}, func(int) state { return pick{sign: 1} }},
	{"ARG_MIN", "xx", "ARG_MIN(x, by)", "arg_min", expr.Type{}, func(int) state { return pick{sign: -1, by: true} }},
	{"ARG_MAX", "xx", "ARG_MAX(x, by)", "arg_max", expr.Type{}, func(int) state { return pick{sign: 1, by: true} }},
	{"TOP_BY", "xxN", "TOP_BY(x, by, 10)", "top_by", isJSON, func(n int) state { return list{by: true, most: n} }},
	{"COLLECT", "xN", "COLLECT(x, 10)", "collect", isJSON, func(n int) state { return list{most: n} }},
	{"QUANTILE", "nQ", "QUANTILE(x, 0.99)", "quantiles", isDouble, func(int) state { return quantiles{} }},
	{"MEDIAN", "n", "MEDIAN(x)", "quantiles", isDouble, func(int) state { return quantiles{} }},
	{"TOPK", "xN", "TOPK(x, 10)", "top", isJSON, func(n int) state { return top{most: n} }},
}

// countDistinct is COUNT(DISTINCT x).
var countDistinct = aggregate{ // read-only
	"COUNT", "x", "COUNT(DISTINCT x)", "distinct", isInteger, func(int) state { return distinct{} },
}

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
