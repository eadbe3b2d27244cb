package crdt

import (
	"github.com/edgedhq/edged"
)

// Dot names one record of a partition of a collection: its origin's log, and the place in it.
type Dot struct {
	Origin   edged.OriginID
	Sequence edged.Sequence
}

// Vector says up to which record of each origin's log of one partition a state includes all.
type Vector map[edged.OriginID]edged.Sequence

// Covers says whether the record is included.
func (v Vector) Covers(d Dot) bool { return d.Sequence <= v[d.Origin] }

// Place is where a record stands: its dot, and the stamp of its event.
type Place struct {
	Dot
	HLC edged.Timestamp
}

// Limits are what a collection's definition says of its values.
type Limits struct {
	Min, Max *int64         // of a bounded counter, exactly one: Min at most 0, or Max at least 0
	First    edged.OriginID // of a bounded counter: who holds the rights that the bound leaves at 0; zero when not known yet
}

// Value is the state of one key. It is used by one goroutine at a time, and shares no memory with
// what it was made of.
type Value interface {
	// Begin starts the record that stands at a place: what its Change does goes into one delta.
	// The place is the next of its origin, not included yet. Until the record has been folded, the
	// value is only changed through the Change.
	Begin(at Place) Change
	// Fold takes in the delta of the record at a place. Records of one origin are folded in their
	// order, each once, those of several origins in any order. A delta that does not parse is an
	// error, and changes nothing.
	Fold(at Place, delta []byte) error
	// Merge takes in all that another state of the key holds: mine and theirs are the vectors of
	// the partitions that the two are of. Other is a value of the same type, not changed.
	Merge(other Value, mine, theirs Vector)
	// Trim forgets what waits for records that the vector covers: they will never come.
	Trim(v Vector)
	// Absent says whether nothing is alive: the key has no value. A value may still be kept then:
	// the marks of a counter's reset, a sketch's epoch, removals that wait.
	Absent() bool
	// AppendJSON appends the value as users see it.
	AppendJSON(dst []byte) []byte
	// AppendConflicts appends a JSON array of all concurrent values, and nothing unless there are
	// several.
	AppendConflicts(dst []byte) []byte
	// AppendTo appends the canonical encoding: equal states, equal bytes. Parse of its Type reads
	// it. A value that holds nothing takes no bytes: nothing needs to be kept of it.
	AppendTo(dst []byte) []byte
	// AppendAlive appends the part of the canonical encoding that equal vectors make equal: all but
	// what waits for records that have not come.
	AppendAlive(dst []byte) []byte
	// Size is about the number of bytes that AppendTo appends.
	Size() int
}

// Change is what operations do to a value under one record.
type Change interface {
	// Do carries out all operations, in order, or none.
	Do(ops []Op) error
	// AppendDelta appends the delta of all that was done. Nothing appended: nothing has changed.
	// Its size does not depend on the size of the value, but for the dots that are removed.
	AppendDelta(dst []byte) []byte
}

// Type is one kind of value.
type Type interface {
	// Name is the word of edged.Collection.
	Name() string
	// Ops parses the JSON of a request: one operation, or a list of them. An operation of another
	// type, an unknown field, a number that is not finite or too large is edged.Invalid with the
	// field's location: "body.increment", "body[3].add[1]".
	Ops(body []byte) ([]Op, error)
	// New is the value of a key that nobody has touched.
	New(l Limits) Value
	// Parse reads what AppendTo wrote; its memory is bounded by a few times that of its input.
	Parse(data []byte, l Limits) (Value, error)
}

// Escrow is a Value whose operations need rights that origins hold and hand on.
type Escrow interface {
	Value
	// Spare is how many rights an origin holds.
	Spare(o edged.OriginID) int64
}
