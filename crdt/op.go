package crdt

// Verb is what an operation does.
type Verb uint8

// The verbs. Which of them a type takes stands in its Ops.
const (
	Clear     Verb = iota // of every type: what DELETE does
	Increment             // by Number, which may be negative: that is what decrement parses to
	Assign                // Items[0]
	Add                   // Items
	Remove                // Items, or of a map Fields
	Put                   // Fields with their Items
	Raise                 // of a map: Fields by Numbers
	Enable
	Disable
	Observe  // Items, or of quantiles Floats
	Transfer // of a bounded counter: rights, Number of them, to Taker
)

// Op is one parsed operation. Items are JSON in canonical form, see Canonical.
type Op struct {
	Verb    Verb
	Number  int64
	Items   [][]byte
	Fields  []string
	Numbers []int64
	Floats  []float64
	Taker   [10]byte
}
