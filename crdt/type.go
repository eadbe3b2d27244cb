package crdt

// types are all kinds of values, by the words of edged.Collection.
var types = map[string]Type{ // read-only
	"counter":         counterType{},
	"register":        registerType{},
	"set":             setType{},
	"map":             mapType{},
	"flag":            flagType{},
	"bounded_counter": boundedType{},
	"hyperloglog":     hyperLogLogType{},
	"quantiles":       quantilesType{},
	"topk":            topKType{},
}

// TypeOf finds a kind of value by its word.
func TypeOf(name string) (Type, bool) {
	t, known := types[name]
	return t, known
}
