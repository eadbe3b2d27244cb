package aggregate

import (
	"encoding/binary"
	"slices"

	"github.com/edgedhq/edged/streams/aggregate/sketch"
	"github.com/edgedhq/edged/streams/expr"
)

// list is the values of the n first events in an order: by stamp, or with by by the second argument,
// the largest first, of equals by stamp. The object is a ranked.
type list struct {
	by   bool
	most int
}

// ranked is what a list holds, in its order.
type ranked struct {
	items []*kept
	free  []*kept // that were given up
	size  int     // bytes of both
}

func (k *ranked) bytes() int { return 56 + k.size }

func (k *ranked) reset() {
	k.free = append(k.free, k.items...)
	k.items = k.items[:0]
}

func (list) words() int  { return 0 }
func (list) grows() bool { return true }
func (l list) args() int { return pick{by: l.by}.args() }

// itemsOf are the items of a ranked, or none.
func itemsOf(o object) []*kept {
	if k, ok := o.(*ranked); ok {
		return k.items
	}
	return nil
}

// compare orders an event and an item.
func (l list) compare(k *kept, args []expr.Value, at *Stamp) int {
	if l.by {
		if c := expr.Compare(args[1], k.by); c != 0 {
			return c
		}
	}
	return k.stamp.Compare(at)
}

func (l list) fold(_ []uint64, o *object, args []expr.Value, at *Stamp) bool {
	k, ok := (*o).(*ranked)
	if !ok {
		k = new(ranked)
		*o = k
	}
	n := len(k.items)
	if n == l.most && l.compare(k.items[n-1], args, at) <= 0 {
		return true
	}
	i, _ := slices.BinarySearchFunc(k.items, at, func(item *kept, at *Stamp) int { return l.compare(item, args, at) })
	var item *kept
	switch {
	case n == l.most:
		item, k.items = k.items[n-1], k.items[:n-1]
		k.size -= item.bytes()
	case len(k.free) > 0:
		item, k.free = k.free[len(k.free)-1], k.free[:len(k.free)-1]
		k.size -= item.bytes()
	default:
		item = new(kept)
		k.size += 16 // pointers to it
	}
	item.set(args, at)
	k.size += item.bytes()
	k.items = slices.Insert(k.items, i, item)
	return true
}

// append writes
//
//	how many | each, in order: value | by | stamp after the one before
func (list) append(dst []byte, _ []uint64, o object) []byte {
	items := itemsOf(o)
	dst = binary.AppendUvarint(dst, uint64(len(items)))
	before := &Stamp{}
	for _, item := range items {
		dst = item.append(dst, before)
		before = &item.stamp
	}
	return dst
}

func (l list) merge(w []uint64, o *object, r *sketch.Reader) {
	var args [2]expr.Value
	var last kept
	var before Stamp
	for i := range r.Below(uint64(l.most) + 1) {
		before = readKept(r, args[:l.args()], &before)
		if r.Err() != nil {
			return
		}
		if i > 0 && l.compare(&last, args[:], &before) >= 0 {
			r.Fail()
			return
		}
		last.by, last.stamp = args[1], before
		l.fold(w, o, args[:l.args()], &before)
	}
}

// result is an array of the values.
func (list) result(_ []uint64, o object, c *Call, text *expr.Arena) (expr.Value, float64) {
	items := itemsOf(o)
	if len(items) == 0 {
		return expr.Value{}, 0
	}
	return expr.OfJSON(text.Write(func(dst []byte) []byte {
		dst = append(dst, '[')
		for i, item := range items[:min(c.n, len(items))] {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = expr.AppendJSON(dst, item.value)
		}
		return append(dst, ']')
	})), 0
}
