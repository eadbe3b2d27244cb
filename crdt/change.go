package crdt

import (
	"encoding/binary"
	"slices"
	"strconv"

	"github.com/edgedhq/edged"
)

// ValueBytesMax bounds the encoding of one value: operations that would make it larger are refused.
// What other origins have added is taken in whatever its size.
const ValueBytesMax = 1 << 20

// step is what becomes of a name: it stands under the record's own dot and nothing else does, or
// nothing stands.
type step[P body] struct {
	name string
	body P
	put  bool
}

// edit gathers what one record does to a kernel.
type edit[P body] struct {
	k       *kernel[P]
	at      Dot
	removed []mark              // entries of other records that it has dropped
	added   map[string]struct{} // names that stand under its dot
}

// plan is a list of steps that have been worked out and not yet carried out.
type plan[P body] struct {
	drops []mark
	adds  []entry[P]
	grows int // bytes
}

// plan works out steps in their order; all says that before them everything is removed.
func (c *edit[P]) plan(all bool, steps []step[P]) plan[P] {
	slices.SortStableFunc(steps, func(a, b step[P]) int { return c.k.layout.order(a.name, b.name) })
	var p plan[P]
	if all {
		for i := range c.k.alive {
			p.drop(&c.k.alive[i])
		}
	}
	for i := range steps {
		s := &steps[i]
		if i+1 < len(steps) && c.k.layout.order(steps[i+1].name, s.name) == 0 {
			continue // the last word on a name counts
		}
		if !all {
			from, to := c.k.bounds(s.name)
			for n := from; n < to; n++ {
				p.drop(&c.k.alive[n])
			}
		}
		if s.put {
			e := entry[P]{s.body, s.name, c.at}
			p.adds = append(p.adds, e)
			p.grows += e.size()
		}
	}
	return p
}

func (p *plan[P]) drop(e *entry[P]) {
	p.drops = append(p.drops, mark{name: e.name, dot: e.dot})
	p.grows -= e.size()
}

// carry carries out a plan.
func (c *edit[P]) carry(p plan[P]) {
	for _, m := range p.drops {
		if m.dot == c.at {
			delete(c.added, m.name)
		} else {
			c.removed = append(c.removed, m)
		}
	}
	if len(p.adds) > 0 && c.added == nil {
		c.added = make(map[string]struct{}, len(p.adds))
	}
	for i := range p.adds {
		c.added[p.adds[i].name] = struct{}{}
	}
	c.k.drop(p.drops)
	c.k.insert(p.adds)
}

// changed says whether the record does anything.
func (c *edit[P]) changed() bool { return len(c.removed)+len(c.added) > 0 }

// own gives what the record adds, in order.
func (c *edit[P]) own() []entry[P] {
	list := make([]entry[P], 0, len(c.added))
	for name := range c.added {
		if i, there := search(c.k.layout.order, c.k.alive, name, c.at); there {
			list = append(list, c.k.alive[i])
		}
	}
	slices.SortFunc(list, func(a, b entry[P]) int { return c.k.layout.order(a.name, b.name) })
	return list
}

// observed gives what the record removes, in order.
func (c *edit[P]) observed() []mark {
	slices.SortFunc(c.removed, func(a, b mark) int {
		if o := c.k.layout.order(a.name, b.name); o != 0 {
			return o
		}
		return compareDots(a.dot, b.dot)
	})
	return c.removed
}

// appendCounts begins a delta: how much the record removes and how much it adds.
func (c *edit[P]) appendCounts(dst []byte) []byte {
	dst = append(dst, encodingVersion)
	dst = binary.AppendUvarint(dst, uint64(len(c.removed)))
	return binary.AppendUvarint(dst, uint64(len(c.added)))
}

// checkSize refuses growth past the bound of a value.
func checkSize(size, grows int) error {
	if grows <= 0 || size+grows <= ValueBytesMax {
		return nil
	}
	refusal := edged.Refuse(edged.TooLarge, "the value would take %d bytes; one key holds at most %d", size+grows, ValueBytesMax)
	refusal.Limit, refusal.Size = ValueBytesMax, int64(size+grows)
	return refusal
}

// refuseOp refuses the operation with a number in a request, by what a verb was given.
func refuseOp(k edged.Kind, ops []Op, i int, word string, value any, format string, args ...any) error {
	at := "body"
	if len(ops) > 1 {
		at += "[" + strconv.Itoa(i) + "]"
	}
	return edged.RefuseField(k, at+"."+word, value, format, args...)
}

// foreign refuses an operation that Ops of the type never gives.
func foreign(kind string, op *Op) error {
	return edged.Refuse(edged.Internal, "verb %d is none of a %s", op.Verb, kind)
}
