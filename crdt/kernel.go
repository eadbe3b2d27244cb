package crdt

import (
	"slices"

	"github.com/edgedhq/edged"
)

// entry is what one record has added: alive as long as it stands in a kernel.
type entry[P body] struct {
	body P
	name string // the element of a set, the field of a map; empty in a value that has only one
	dot  Dot
}

// body is what an entry holds beside its name; size is about what that takes when encoded.
type body interface{ size() int }

// none is the body of an entry that is only a name.
type none struct{}

func (none) size() int { return 0 }

// mark is a removal of one entry.
type mark = entry[none]

// kernel is entries under the dot rule: the part that registers, sets, maps and flags share.
type kernel[P body] struct {
	layout  *layout[P]
	alive   []entry[P] // by name, then dot
	waiting []mark     // removals of records that have not come, in the same order
	bytes   int        // about, when encoded
}

func compareDots(a, b Dot) int {
	if c := a.Origin.Compare(b.Origin); c != 0 {
		return c
	}
	switch {
	case a.Sequence < b.Sequence:
		return -1
	case a.Sequence > b.Sequence:
		return 1
	}
	return 0
}

// search finds where an entry stands in a list, or would.
func search[P body](order func(a, b string) int, list []entry[P], name string, d Dot) (int, bool) {
	return slices.BinarySearchFunc(list, 0, func(e entry[P], _ int) int {
		if c := order(e.name, name); c != 0 {
			return c
		}
		return compareDots(e.dot, d)
	})
}

// bounds finds the entries of a name.
func (k *kernel[P]) bounds(name string) (from, to int) {
	from, _ = search(k.layout.order, k.alive, name, Dot{})
	for to = from; to < len(k.alive) && k.layout.order(k.alive[to].name, name) == 0; to++ {
	}
	return from, to
}

// size is about what an entry adds to an encoding.
func (e *entry[P]) size() int { return len(e.name) + 2 + dotBytesMin + 3 + e.body.size() }

// fold takes in what the record at a place removes and adds, both in order.
func (k *kernel[P]) fold(at Dot, removed []mark, added []entry[P]) {
	missing := k.drop(removed)
	if len(missing) > 0 {
		// Records of the same origin have all come, in their order.
		missing = slices.DeleteFunc(missing, func(m mark) bool { return m.dot.Origin == at.Origin })
		k.wait(missing)
	}
	if len(k.waiting) > 0 {
		added = slices.DeleteFunc(added, func(e entry[P]) bool {
			_, waits := search(k.layout.order, k.waiting, e.name, e.dot)
			return waits
		})
	}
	k.insert(added)
}

// drop takes removals out of what is alive, and gives those that name nothing alive. Both lists
// are in order.
func (k *kernel[P]) drop(removed []mark) (missing []mark) {
	to, from := 0, 0 // alive[:to] stays, alive[to:from] has gone, the rest is not yet looked at
	for _, m := range removed {
		i, ok := search(k.layout.order, k.alive[from:], m.name, m.dot)
		if !ok {
			missing = append(missing, m)
			continue
		}
		i += from
		k.bytes -= k.alive[i].size()
		if from == to {
			to = i
		} else {
			to += copy(k.alive[to:], k.alive[from:i])
		}
		from = i + 1
	}
	if from > to {
		to += copy(k.alive[to:], k.alive[from:])
		clear(k.alive[to:])
		k.alive = k.alive[:to]
	}
	return missing
}

// insert puts entries, in order, among those that are alive.
func (k *kernel[P]) insert(added []entry[P]) {
	var bytes int
	k.alive, bytes = weave(k.layout.order, k.alive, added)
	k.bytes += bytes
}

// wait puts removals, in order, among those that wait.
func (k *kernel[P]) wait(missing []mark) {
	var bytes int
	k.waiting, bytes = weave(k.layout.order, k.waiting, missing)
	k.bytes += bytes
}

// weave puts entries into a list that does not hold them yet; both are in order.
func weave[P body](order func(a, b string) int, list, added []entry[P]) (all []entry[P], bytes int) {
	compare := func(a, b entry[P]) int {
		if c := order(a.name, b.name); c != 0 {
			return c
		}
		return compareDots(a.dot, b.dot)
	}
	added = slices.DeleteFunc(added, func(e entry[P]) bool {
		_, there := search(order, list, e.name, e.dot)
		return there
	})
	for i := range added {
		bytes += added[i].size()
	}
	return insertAll(list, added, compare), bytes
}

// insertAll puts elements into a list that holds none of them; both are in order.
func insertAll[E any](list, added []E, compare func(a, b E) int) []E {
	to := len(list)
	list = slices.Grow(list, len(added))[:to+len(added)]
	for n := len(added); n > 0; n-- {
		i, _ := slices.BinarySearchFunc(list[:to], added[n-1], compare)
		copy(list[i+n:], list[i:to])
		list[i+n-1] = added[n-1]
		to = i
	}
	return list
}

// trim forgets the removals that wait for records that the vector covers.
func (k *kernel[P]) trim(v Vector) { k.forget(func(m mark) bool { return v.Covers(m.dot) }) }

func (k *kernel[P]) forget(which func(mark) bool) {
	if len(k.waiting) == 0 {
		return
	}
	k.waiting = slices.DeleteFunc(k.waiting, func(m mark) bool {
		gone := which(m)
		if gone {
			k.bytes -= m.size()
		}
		return gone
	})
	if len(k.waiting) == 0 {
		k.waiting = nil
	}
}

// merge takes in another kernel; mine and theirs are the vectors that the two include. What both
// hold stays, and what one holds that the other has not heard of; what one of them has heard of and
// no longer holds was removed.
func (k *kernel[P]) merge(o *kernel[P], mine, theirs Vector) {
	var union []entry[P]
	zip(k.layout.order, k.alive, o.alive, func(e entry[P], ours, others bool) {
		if ours && others || ours && !theirs.Covers(e.dot) || others && !mine.Covers(e.dot) {
			union = append(union, e)
		}
	})
	var waiting []mark
	zip(k.layout.order, k.waiting, o.waiting, func(m mark, _, _ bool) { waiting = append(waiting, m) })
	k.alive = union
	k.drop(waiting)
	k.waiting = slices.DeleteFunc(waiting, func(m mark) bool { return mine.Covers(m.dot) || theirs.Covers(m.dot) })
	k.measure()
}

// zip visits the entries of two lists in their order, and says which list holds each.
func zip[P body](order func(a, b string) int, a, b []entry[P], visit func(e entry[P], inA, inB bool)) {
	for len(a) > 0 || len(b) > 0 {
		c := 0
		switch {
		case len(b) == 0:
			c = -1
		case len(a) == 0:
			c = 1
		default:
			if c = order(a[0].name, b[0].name); c == 0 {
				c = compareDots(a[0].dot, b[0].dot)
			}
		}
		if c <= 0 {
			visit(a[0], true, c == 0)
			a = a[1:]
		} else {
			visit(b[0], false, true)
		}
		if c >= 0 {
			b = b[1:]
		}
	}
}

// measure counts the bytes anew.
func (k *kernel[P]) measure() {
	k.bytes = 0
	for i := range k.alive {
		k.bytes += k.alive[i].size()
	}
	for i := range k.waiting {
		k.bytes += k.waiting[i].size()
	}
}

// later says whether an update with one stamp and origin shows before another.
func later(t edged.Timestamp, o edged.OriginID, than edged.Timestamp, other edged.OriginID) bool {
	if c := t.Compare(than); c != 0 {
		return c > 0
	}
	return o.Compare(other) > 0
}
