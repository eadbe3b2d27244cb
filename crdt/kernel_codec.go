package crdt

import (
	"encoding/binary"
)

// layout is how the entries of a kernel stand in order, and how they are written: grouped by their
// names, or, in a value that has only one name, without any.
//
//	named:   each name, count of its entries, the entries
//	unnamed: the entries
//	entry:   dot, body
type layout[P body] struct {
	named bool
	order func(a, b string) int             // of names
	valid func(r *reader, name []byte) bool // says which names may come
	least int                               // an entry takes so many bytes
	put   func([]byte, *P) []byte           // writes a body
	get   func(*reader, *P)                 // reads a body
	marks *layout[none]                     // of removals of such entries
}

// bare lays entries without bodies out.
func bare(named bool, order func(a, b string) int, valid func(*reader, []byte) bool) *layout[none] {
	l := &layout[none]{
		named: named, order: order, valid: valid, least: dotBytesMin,
		put: func(dst []byte, _ *none) []byte { return dst },
		get: func(*reader, *none) {},
	}
	l.marks = l
	return l
}

// appendTo appends a kernel, nothing when it holds nothing:
//
//	version | count of entries | count of removals that wait | entries | removals
func (k *kernel[P]) appendTo(dst []byte, waiting []mark) []byte {
	if len(k.alive)+len(waiting) == 0 {
		return dst
	}
	dst = append(dst, encodingVersion)
	dst = binary.AppendUvarint(dst, uint64(len(k.alive)))
	dst = binary.AppendUvarint(dst, uint64(len(waiting)))
	dst = k.layout.append(dst, k.alive)
	return k.layout.marks.append(dst, waiting)
}

// parse reads what appendTo has written, into an empty kernel.
func (k *kernel[P]) parse(data []byte) error {
	if len(data) == 0 {
		return nil
	}
	r := read(data)
	n := r.counts(k.layout.least, dotBytesMin)
	if n[0]+n[1] == 0 {
		r.fail("an empty value that takes bytes")
	}
	k.read(&r, n[0], n[1])
	return r.done()
}

// read reads so many entries, and removals that wait, none of them for an entry that is alive.
func (k *kernel[P]) read(r *reader, alive, waiting int) {
	k.alive = k.layout.read(r, alive)
	k.waiting = k.layout.marks.read(r, waiting)
	for _, m := range k.waiting {
		if _, there := search(k.layout.order, k.alive, m.name, m.dot); there && r.err == nil {
			r.fail("a removal that waits for an entry which is there")
		}
	}
	k.measure()
}

// append appends a list; how many there are has been written before.
func (l *layout[P]) append(dst []byte, list []entry[P]) []byte {
	for i := 0; i < len(list); {
		to := len(list)
		if l.named {
			to = i + 1
			for to < len(list) && list[to].name == list[i].name {
				to++
			}
			dst = binary.AppendUvarint(appendText(dst, list[i].name), uint64(to-i))
		}
		for ; i < to; i++ {
			dst = l.put(appendDot(dst, list[i].dot), &list[i].body)
		}
	}
	return dst
}

// read reads a list of so many entries. Its order is strict, so that equal lists are equal bytes.
func (l *layout[P]) read(r *reader, count int) []entry[P] {
	if count == 0 {
		return nil
	}
	list := make([]entry[P], 0, count)
	for r.err == nil && len(list) < count {
		name, group := "", uint64(count)
		if l.named {
			name, group = l.name(r, list), r.uvarint()
		}
		if group == 0 || group > uint64(count-len(list)) {
			r.fail("a group of %d entries", group)
		}
		for first := len(list); r.err == nil && len(list)-first < int(group); {
			list = append(list, entry[P]{name: name, dot: r.dot()})
			last := len(list) - 1
			if last > first && compareDots(list[last-1].dot, list[last].dot) >= 0 {
				r.fail("dots out of order")
			}
			l.get(r, &list[last].body)
		}
	}
	return list
}

// name reads the name that comes after those of a list.
func (l *layout[P]) name(r *reader, list []entry[P]) string {
	text := r.text()
	if r.err == nil && !l.valid(r, text) {
		r.fail("a name that is not allowed")
	}
	if r.err != nil {
		return ""
	}
	name := r.keep(text)
	if n := len(list); n > 0 && l.order(list[n-1].name, name) >= 0 {
		r.fail("names out of order")
	}
	return name
}

// readAdded reads what a record adds: so many names, each with its body as get reads it.
func (l *layout[P]) readAdded(r *reader, count int, at Dot, get func(r *reader, p *P)) []entry[P] {
	var list []entry[P] // grown as it comes: names are short and their entries are not
	for r.err == nil && len(list) < count {
		name := ""
		if l.named {
			name = l.name(r, list)
		}
		list = append(list, entry[P]{name: name, dot: at})
		get(r, &list[len(list)-1].body)
	}
	return list
}
