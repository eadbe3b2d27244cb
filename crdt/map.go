package crdt

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"github.com/edgedhq/edged"
)

// fieldMap is fields, each with a register part and a counter part: put replaces what it observed
// of the first, an increment adds to the second, a removal takes away what it observed of both. The
// part that was updated last shows; in one record that is the register part.
type fieldMap struct {
	kernel[written]        // fields for names
	counts          counts // by field
}

var mapLayout = &layout[written]{ // read-only
	named: true,
	order: strings.Compare,
	valid: isText,
	least: dotBytesMin + stampBytes + 2,
	put:   appendWritten,
	get:   readWritten,
	marks: bare(true, strings.Compare, isText),
}

func newMap() *fieldMap { return &fieldMap{kernel: kernel[written]{layout: mapLayout}} }

func (m *fieldMap) Begin(at Place) Change {
	return &mapChange{edit: edit[written]{k: &m.kernel, at: at.Dot}, m: m, stamp: at.HLC}
}

// Fold reads what mapChange appends:
//
//	version | counts of entries removed, fields put, fields counted, rows |
//	entries | fields and values | fields and rows
func (m *fieldMap) Fold(at Place, delta []byte) error {
	r := read(delta)
	n := r.counts(dotBytesMin, 2, 2, rowBytesMin)
	removed := mapLayout.marks.read(&r, n[0])
	added := mapLayout.readAdded(&r, n[1], at.Dot, func(r *reader, w *written) {
		*w = written{at.HLC, r.json()}
	})
	more := r.fieldCounts(n[2], n[3], false)
	if err := r.done(); err != nil {
		return err
	}
	for i := range more {
		for j := range more[i].rows {
			more[i].rows[j].stampWith(at.HLC)
		}
	}
	m.fold(at.Dot, removed, added)
	m.counts.merge(more)
	return nil
}

func (m *fieldMap) Merge(other Value, mine, theirs Vector) {
	o := other.(*fieldMap)
	m.merge(&o.kernel, mine, theirs)
	m.counts.merge(o.counts.clone())
}

func (m *fieldMap) Trim(v Vector) { m.trim(v) }

func (m *fieldMap) Absent() bool {
	return len(m.alive) == 0 && !slices.ContainsFunc(m.counts, func(c count) bool { return c.alive() })
}

// AppendTo appends, or nothing when nothing is held:
//
//	version | counts of entries, removals that wait, fields counted, rows |
//	entries | removals | fields and rows
func (m *fieldMap) AppendTo(dst []byte) []byte { return m.appendAll(dst, m.waiting) }

func (m *fieldMap) AppendAlive(dst []byte) []byte { return m.appendAll(dst, nil) }

func (m *fieldMap) appendAll(dst []byte, waiting []mark) []byte {
	if len(m.alive)+len(waiting)+len(m.counts) == 0 {
		return dst
	}
	dst = append(dst, encodingVersion)
	dst = binary.AppendUvarint(dst, uint64(len(m.alive)))
	dst = binary.AppendUvarint(dst, uint64(len(waiting)))
	dst = m.counts.appendLengths(dst)
	dst = mapLayout.append(dst, m.alive)
	dst = mapLayout.marks.append(dst, waiting)
	return m.counts.append(dst, true)
}

func (m *fieldMap) parse(data []byte) error {
	if len(data) == 0 {
		return nil
	}
	r := read(data)
	n := r.counts(mapLayout.least, dotBytesMin, 2, rowBytesMin+stampBytes)
	if n[0]+n[1]+n[2] == 0 {
		r.fail("an empty value that takes bytes")
	}
	m.read(&r, n[0], n[1])
	m.counts = r.fieldCounts(n[2], n[3], true)
	return r.done()
}

func (m *fieldMap) Size() int { return m.bytes + m.counts.size() }

func (m *fieldMap) AppendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	first := len(dst)
	m.fields(func(name string, values []entry[written]) {
		if len(dst) > first {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, name), ':')
		dst = append(dst, values[0].body.value...)
	})
	return append(dst, '}')
}

// AppendConflicts lists the fields with several live values, the one that shows first.
func (m *fieldMap) AppendConflicts(dst []byte) []byte {
	first := len(dst)
	m.fields(func(name string, values []entry[written]) {
		if len(values) < 2 {
			return
		}
		between := byte(',')
		if len(dst) == first {
			between = '['
		}
		dst = append(append(dst, between), `{"field":`...)
		dst = append(appendString(dst, name), `,"values":`...)
		dst = append(appendValues(dst, values), '}')
	})
	if len(dst) > first {
		dst = append(dst, ']')
	}
	return dst
}

// fields visits the fields that are alive, in order, each with its values, the one that shows
// first.
func (m *fieldMap) fields(visit func(name string, values []entry[written])) {
	var values []entry[written]
	put, counted := m.alive, m.counts
	for len(put) > 0 || len(counted) > 0 {
		name := ""
		if len(counted) == 0 || len(put) > 0 && put[0].name <= counted[0].name {
			name = put[0].name
		} else {
			name = counted[0].name
		}
		values = values[:0]
		for len(put) > 0 && put[0].name == name {
			values, put = append(values, put[0]), put[1:]
		}
		if len(counted) > 0 && counted[0].name == name {
			if counted[0].alive() {
				values = append(values, counted[0].shown())
			}
			counted = counted[1:]
		}
		if len(values) > 0 {
			slices.SortFunc(values, byStamp)
			visit(name, values)
		}
	}
}

// shown is the counter part of a field as a value beside those that were put.
func (c *count) shown() entry[written] {
	var last edged.Timestamp
	var by edged.OriginID
	for i := range c.rows {
		if r := &c.rows[i]; r.alive() && !later(last, by, r.stamp(), r.origin) {
			last, by = r.stamp(), r.origin
		}
	}
	value := strconv.FormatInt(c.sum().int64(), 10)
	return entry[written]{name: c.name, dot: Dot{Origin: by}, body: written{last, value}}
}
