package crdt

import (
	"math"
	"slices"

	"github.com/edgedhq/edged"
)

// boundedChange works on a copy, so that a list is carried out whole or not at all.
type boundedChange struct {
	b     *bounded
	own   edged.OriginID
	delta ledger
}

func (c *boundedChange) Do(ops []Op) error {
	try := &bounded{c.b.clone(), c.b.limits}
	delta := c.delta.clone()
	for i := range ops {
		var more ledger
		var err error
		switch op := &ops[i]; op.Verb {
		case Clear:
			more, err = c.clear(try)
		case Increment:
			more, err = c.move(try, ops, i)
		case Transfer:
			more, err = c.transfer(try, op)
		default:
			err = foreign("bounded_counter", op)
		}
		if err != nil {
			return err
		}
		try.merge(more)
		delta.merge(more)
	}
	c.b.ledger, c.delta = try.ledger, delta
	return nil
}

func (c *boundedChange) AppendDelta(dst []byte) []byte { return c.delta.append(dst) }

// course begins the way of a counter whose sum is that of all totals.
func (c *boundedChange) course(b *bounded) *course {
	way := newCourse(b.rows, c.own, edged.Timestamp{})
	way.sum = b.sum()
	return way
}

func (c *boundedChange) move(b *bounded, ops []Op, i int) (more ledger, err error) {
	n := ops[i].Number
	refuse := func(format string, args ...any) error { return refuseStep(edged.Invalid, ops, i, format, args...) }
	if spare := b.Spare(c.own); b.upper() == (n > 0) && n != 0 && magnitude(n) > uint64(spare) {
		return more, refuseStep(edged.LimitReached, ops, i, "the bound is %d; rights for %d are at this node%s", b.bound(), spare, c.waits(b))
	}
	way := c.course(b)
	if err := way.move(n, refuse); err != nil {
		return more, err
	}
	way.carry(&more.rows)
	return more, nil
}

// waits says, when nobody holds the first rights yet, what they wait for.
func (c *boundedChange) waits(b *bounded) string {
	if b.bound() == 0 || b.limits.First != (edged.OriginID{}) {
		return ""
	}
	return ", and those that the bound leaves at 0 are given out once all nodes have been heard of since the collection was made"
}

// transfer hands rights to another origin.
func (c *boundedChange) transfer(b *bounded, op *Op) (more ledger, err error) {
	if op.Number <= 0 || op.Taker == c.own || op.Taker == (edged.OriginID{}) {
		return more, edged.Refuse(edged.Invalid, "a transfer of %d rights; want some, to another origin", op.Number)
	}
	if spare := b.Spare(c.own); op.Number > spare {
		return more, edged.Refuse(edged.LimitReached, "%d rights are asked for and %d are at this node", op.Number, spare)
	}
	t := transfer{giver: c.own, taker: op.Taker}
	if i, there := slices.BinarySearchFunc(b.transfers, t, compareTransfers); there {
		t = b.transfers[i]
	}
	if uint64(op.Number) > math.MaxInt64-t.total {
		return more, edged.Refuse(edged.LimitReached, "%d rights have gone to that origin; 2^63-1 may in all", t.total)
	}
	t.total += uint64(op.Number)
	more.transfers = []transfer{t}
	return more, nil
}

// clear moves the value to 0 and marks all as untouched. It may not take rights from others: what
// they hold they may be using now.
func (c *boundedChange) clear(b *bounded) (more ledger, err error) {
	if !b.alive() {
		return more, nil
	}
	if !b.alone(c.own) {
		return more, edged.Refuse(edged.LimitReached,
			"rights are out at other nodes; a bounded counter is deleted where all of them are")
	}
	way := c.course(b)
	refuse := func(format string, args ...any) error { return edged.Refuse(edged.LimitReached, format, args...) }
	if !way.sum.fits() {
		return more, refuse("the value is past 2^63; take it down first")
	}
	if err := way.move(-way.sum.int64(), refuse); err != nil {
		return more, err
	}
	way.clear()
	way.carry(&more.rows)
	return more, nil
}
