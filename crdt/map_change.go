package crdt

import (
	"slices"

	"github.com/edgedhq/edged"
)

// mapType is "map": what one side puts or counts survives a removal that has not observed it.
type mapType struct{}

func (mapType) Name() string { return "map" }

func (mapType) Ops(body []byte) ([]Op, error) {
	return parseOps(body, "map", []verb{{"put", readPut}, {"remove", readFields}, {"increment", readRaise}})
}

func readPut(o operand, op *Op) error {
	op.Verb = Put
	return o.fields(func(name string, value operand) error {
		op.Fields, op.Items = append(op.Fields, name), append(op.Items, value.text)
		return nil
	})
}

func readFields(o operand, op *Op) error {
	op.Verb = Remove
	if o.text[0] != '[' {
		return o.refuse("want an array of fields' names")
	}
	i := -1
	return o.each(func(value []byte) error {
		i++
		at := o.item(i, value)
		name, err := at.string()
		if err == nil {
			err = at.fits(name)
		}
		op.Fields = append(op.Fields, name)
		return err
	})
}

func readRaise(o operand, op *Op) error {
	op.Verb = Raise
	return o.fields(func(name string, value operand) error {
		n, err := value.integer()
		op.Fields, op.Numbers = append(op.Fields, name), append(op.Numbers, n)
		return err
	})
}

func (mapType) New(Limits) Value { return newMap() }

func (mapType) Parse(data []byte, _ Limits) (Value, error) {
	m := newMap()
	if err := m.parse(data); err != nil {
		return nil, err
	}
	return m, nil
}

type mapChange struct {
	edit[written]
	m      *fieldMap
	stamp  edged.Timestamp
	raised counts // the delta of the counter parts
}

// draft is what operations come to, before any is carried out.
type draft struct {
	all     bool // everything before is removed
	steps   []step[written]
	courses map[string]*course
}

func (c *mapChange) Do(ops []Op) error {
	d := draft{courses: map[string]*course{}}
	for i := range ops {
		if err := c.draft(&d, ops, i); err != nil {
			return err
		}
	}
	raised, grows := c.raise(&d)
	p := c.plan(d.all, d.steps)
	if err := checkSize(c.m.Size(), p.grows+grows); err != nil {
		return err
	}
	c.carry(p)
	c.raised.merge(raised.clone())
	c.m.counts.merge(raised)
	return nil
}

func (c *mapChange) draft(d *draft, ops []Op, i int) error {
	op := &ops[i]
	switch op.Verb {
	case Clear:
		d.all, d.steps = true, nil
		for _, course := range d.courses {
			course.clear()
		}
	case Put:
		for n, name := range op.Fields {
			d.steps = append(d.steps, step[written]{name, written{c.stamp, string(op.Items[n])}, true})
		}
	case Remove:
		for _, name := range op.Fields {
			d.steps = append(d.steps, step[written]{name: name})
			c.course(d, name).clear()
		}
	case Raise:
		for n, name := range op.Fields {
			if err := c.course(d, name).move(op.Numbers[n], func(format string, args ...any) error {
				return refuseOp(edged.Invalid, ops, i, "increment."+shown([]byte(name)), op.Numbers[n], format, args...)
			}); err != nil {
				return err
			}
		}
	default:
		return foreign("map", op)
	}
	return nil
}

// course is the way of a field's counter part.
func (c *mapChange) course(d *draft, name string) *course {
	way, begun := d.courses[name]
	if !begun {
		way = newCourse(c.m.counts.of(name), c.at.Origin, c.stamp)
		if d.all {
			way.clear()
		}
		d.courses[name] = way
	}
	return way
}

// raise gives what all courses raise, and about how many bytes of it are new.
func (c *mapChange) raise(d *draft) (raised counts, grows int) {
	if d.all {
		for i := range c.m.counts {
			c.course(d, c.m.counts[i].name)
		}
	}
	for name, way := range d.courses {
		var delta rows
		if way.carry(&delta); len(delta) == 0 {
			continue
		}
		raised = append(raised, count{name, delta})
		if len(way.start) == 0 {
			grows += len(name)
		}
		if _, there := way.start.find(c.at.Origin); !there {
			grows += delta.size() + stampBytes
		}
	}
	slices.SortFunc(raised, compareCounts)
	return raised, grows
}

func (c *mapChange) AppendDelta(dst []byte) []byte {
	if !c.changed() && len(c.raised) == 0 {
		return dst
	}
	removed, added := c.observed(), c.own()
	dst = c.raised.appendLengths(c.appendCounts(dst))
	dst = mapLayout.marks.append(dst, removed)
	for _, e := range added {
		dst = appendText(appendText(dst, e.name), e.body.value)
	}
	return c.raised.append(dst, false)
}
