package crdt

import (
	"encoding/binary"
	"strconv"

	"github.com/edgedhq/edged"
)

// counterType is "counter": increments and decrements of all origins count, and a reset takes away
// those that it has observed.
type counterType struct{}

func (counterType) Name() string { return "counter" }

func (counterType) Ops(body []byte) ([]Op, error) { return parseOps(body, "counter", counterVerbs()) }

func counterVerbs() []verb {
	return []verb{
		{"increment", func(o operand, op *Op) (err error) { op.Verb = Increment; op.Number, err = o.integer(); return err }},
		{"decrement", func(o operand, op *Op) (err error) { op.Verb = Increment; op.Number, err = o.negated(); return err }},
	}
}

func (counterType) New(Limits) Value { return &counter{} }

func (counterType) Parse(data []byte, _ Limits) (Value, error) {
	c := &counter{}
	if len(data) == 0 {
		return c, nil
	}
	var err error
	if c.rows, err = parseRows(data); err != nil {
		return nil, err
	}
	return c, nil
}

// counter is a tally an origin. One that has been reset and not touched since is absent; one that
// went up and down to 0 is not. What is shown stays within an int64, whatever the sum is.
type counter struct{ rows }

func (c *counter) Begin(at Place) Change { return &counterChange{c: c, own: at.Origin} }

// Fold reads rows as AppendTo writes them. They name their origins: totals are true whatever record
// brings them.
func (c *counter) Fold(_ Place, delta []byte) error {
	more, err := parseRows(delta)
	if err == nil {
		c.merge(more)
	}
	return err
}

func (c *counter) Merge(other Value, _, _ Vector) { c.merge(other.(*counter).rows) }

// Trim has nothing to forget: a mark that comes before the totals stands in the row.
func (c *counter) Trim(Vector) {}

func (c *counter) Absent() bool { return !c.alive() }

func (c *counter) AppendJSON(dst []byte) []byte { return strconv.AppendInt(dst, c.sum().int64(), 10) }

func (c *counter) AppendConflicts(dst []byte) []byte { return dst }

// AppendTo appends
//
//	version | count of rows | rows: origin, plus, minus, mark of plus, mark of minus
func (c *counter) AppendTo(dst []byte) []byte { return appendRows(dst, c.rows) }

func (c *counter) AppendAlive(dst []byte) []byte { return appendRows(dst, c.rows) }

func (c *counter) Size() int { return c.size() }

func appendRows(dst []byte, s rows) []byte {
	if len(s) == 0 {
		return dst
	}
	return s.append(binary.AppendUvarint(append(dst, encodingVersion), uint64(len(s))), false)
}

func parseRows(data []byte) (rows, error) {
	r := read(data)
	n := r.counts(rowBytesMin)[0]
	s := r.rows(make(rows, 0, n), n, false)
	if len(s) == 0 {
		r.fail("no rows")
	}
	return s, r.done()
}

// counterChange raises the totals of its own origin, and in a reset the marks of all.
type counterChange struct {
	c     *counter
	own   edged.OriginID
	delta rows
}

func (c *counterChange) Do(ops []Op) error {
	course := newCourse(c.c.rows, c.own, edged.Timestamp{})
	for i := range ops {
		var err error
		switch op := &ops[i]; op.Verb {
		case Clear:
			course.clear()
		case Increment:
			err = course.move(op.Number, func(format string, args ...any) error {
				return refuseStep(edged.Invalid, ops, i, format, args...)
			})
		default:
			err = foreign("counter", op)
		}
		if err != nil {
			return err
		}
	}
	course.carry(&c.delta)
	c.c.merge(c.delta)
	return nil
}

func (c *counterChange) AppendDelta(dst []byte) []byte { return appendRows(dst, c.delta) }

// refuseStep refuses an increment, or a decrement, past what can be held.
func refuseStep(k edged.Kind, ops []Op, i int, format string, args ...any) error {
	word := "increment"
	if ops[i].Number < 0 {
		word = "decrement"
	}
	return refuseOp(k, ops, i, word, magnitude(ops[i].Number), format, args...)
}
