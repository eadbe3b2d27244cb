package crdt

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"

	"github.com/edgedhq/edged"
)

// boundedType is "bounded_counter": a counter that never passes a bound, since every step towards
// it takes rights which one origin holds at a time.
type boundedType struct{}

func (boundedType) Name() string { return "bounded_counter" }

func (boundedType) Ops(body []byte) ([]Op, error) {
	return parseOps(body, "bounded_counter", counterVerbs())
}

func (boundedType) New(l Limits) Value { return &bounded{limits: l} }

func (boundedType) Parse(data []byte, l Limits) (Value, error) {
	b := &bounded{limits: l}
	if len(data) == 0 {
		return b, nil
	}
	var err error
	if b.ledger, err = parseLedger(data); err != nil {
		return nil, err
	}
	return b, nil
}

// bounded is a counter with rights. A step away from the bound makes rights at its origin, a step
// towards it uses them; with First, the distance of the bound from 0 is there from the start. The
// definition has to have its bound on the right side of 0, or at it.
//
// Totals never go down, marks neither: a reset moves the value back to 0 with the rights that are
// here, and marks it as untouched. So the value is the sum of all totals, and the marks only say
// whether it is absent.
//
// While records of one origin are here that used rights which another made, and the record that
// made them is not, the sum may stand past the bound. It is shown at the bound then.
type bounded struct {
	ledger
	limits Limits
}

// ledger is the tallies of a bounded counter with all that was handed on.
type ledger struct {
	rows
	transfers []transfer // by giver, then taker
}

// transfer is how many rights one origin has handed to another in all. Only the giver raises it.
type transfer struct {
	giver, taker edged.OriginID
	total        uint64
}

const transferBytesMin = 2*len(edged.OriginID{}) + 1

func compareTransfers(a, b transfer) int {
	if c := a.giver.Compare(b.giver); c != 0 {
		return c
	}
	return a.taker.Compare(b.taker)
}

// upper says whether the bound is above the value. A definition without any is one with 0 below.
func (b *bounded) upper() bool { return b.limits.Max != nil }

func (b *bounded) bound() int64 {
	switch {
	case b.limits.Max != nil:
		return *b.limits.Max
	case b.limits.Min != nil:
		return *b.limits.Min
	}
	return 0
}

// sum is the value as far as records have come. A mark stands for totals that have not.
func (b *bounded) sum() (w wide) {
	for i := range b.rows {
		w = b.rows[i].moved(w)
	}
	return w
}

// moved adds all that an origin has ever moved a counter by.
func (t *tally) moved(w wide) wide {
	return w.plus(max(t.plus, t.plusMark)).minus(max(t.minus, t.minusMark))
}

// rights is what an origin holds; of another it may be less than that holds.
func (b *bounded) rights(o edged.OriginID) (w wide) {
	t := b.of(o)
	if b.upper() {
		t = tally{t.minus, t.plus, t.minusMark, t.plusMark}
	}
	w = t.moved(w)
	if o == b.limits.First && o != (edged.OriginID{}) {
		start := b.bound()
		if b.upper() == (start >= 0) {
			w = w.plus(magnitude(start))
		} else {
			w = w.minus(magnitude(start))
		}
	}
	for _, t := range b.transfers {
		if t.taker == o {
			w = w.plus(t.total)
		}
		if t.giver == o {
			w = w.minus(t.total)
		}
	}
	return w
}

// Spare is the rights of an origin.
func (b *bounded) Spare(o edged.OriginID) int64 { return max(b.rights(o).int64(), 0) }

// alone says whether no other origin holds rights.
func (b *bounded) alone(own edged.OriginID) bool {
	holds := func(o edged.OriginID) bool { return o != own && b.rights(o) != wide{} }
	return !holds(b.limits.First) &&
		!slices.ContainsFunc(b.rows, func(r row) bool { return holds(r.origin) }) &&
		!slices.ContainsFunc(b.transfers, func(t transfer) bool { return holds(t.giver) || holds(t.taker) })
}

func (b *bounded) Begin(at Place) Change { return &boundedChange{b: b, own: at.Origin} }

// Fold reads a ledger as AppendTo writes it.
func (b *bounded) Fold(_ Place, delta []byte) error {
	more, err := parseLedger(delta)
	if err == nil {
		b.merge(more)
	}
	return err
}

func (b *bounded) Merge(other Value, _, _ Vector) { b.merge(other.(*bounded).ledger) }

// Trim has nothing to forget.
func (b *bounded) Trim(Vector) {}

func (b *bounded) Absent() bool { return !b.alive() }

func (b *bounded) AppendJSON(dst []byte) []byte {
	n := b.sum().int64()
	if b.upper() {
		n = min(n, b.bound())
	} else {
		n = max(n, b.bound())
	}
	return strconv.AppendInt(dst, n, 10)
}

func (b *bounded) AppendConflicts(dst []byte) []byte { return dst }

func (b *bounded) AppendTo(dst []byte) []byte { return b.append(dst) }

func (b *bounded) AppendAlive(dst []byte) []byte { return b.append(dst) }

func (b *bounded) Size() int {
	return b.size() + len(b.transfers)*(transferBytesMin+1)
}

// append appends, or nothing when nothing is held:
//
//	version | count of rows | count of transfers | rows | transfers: giver, taker, total
func (l *ledger) append(dst []byte) []byte {
	if len(l.rows)+len(l.transfers) == 0 {
		return dst
	}
	dst = append(dst, encodingVersion)
	dst = binary.AppendUvarint(dst, uint64(len(l.rows)))
	dst = binary.AppendUvarint(dst, uint64(len(l.transfers)))
	dst = l.rows.append(dst, false)
	for _, t := range l.transfers {
		dst = append(append(dst, t.giver[:]...), t.taker[:]...)
		dst = binary.AppendUvarint(dst, t.total)
	}
	return dst
}

func parseLedger(data []byte) (l ledger, err error) {
	r := read(data)
	n := r.counts(rowBytesMin, transferBytesMin)
	if n[0]+n[1] == 0 {
		r.fail("neither rows nor transfers")
	}
	l.rows = r.rows(make(rows, 0, n[0]), n[0], false)
	l.transfers = make([]transfer, 0, n[1])
	for r.err == nil && len(l.transfers) < n[1] {
		t := transfer{r.origin(), r.origin(), r.uvarint()}
		if t.total == 0 || t.total > math.MaxInt64 || t.giver == t.taker {
			r.fail("a transfer of nothing, past 2^63-1, or to its giver")
		}
		if i := len(l.transfers); i > 0 && compareTransfers(l.transfers[i-1], t) >= 0 {
			r.fail("transfers out of order")
		}
		l.transfers = append(l.transfers, t)
	}
	return l, r.done()
}

// merge takes in another ledger: the larger of each number.
func (l *ledger) merge(other ledger) {
	l.rows.merge(other.rows)
	var fresh []transfer
	for _, t := range other.transfers {
		if i, there := slices.BinarySearchFunc(l.transfers, t, compareTransfers); there {
			l.transfers[i].total = max(l.transfers[i].total, t.total)
		} else {
			fresh = append(fresh, t)
		}
	}
	l.transfers = insertAll(l.transfers, fresh, compareTransfers)
}

func (l *ledger) clone() ledger { return ledger{slices.Clone(l.rows), slices.Clone(l.transfers)} }
