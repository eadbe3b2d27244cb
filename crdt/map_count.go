package crdt

import (
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf8"
)

// count is the counter part of one field.
type count struct {
	name string
	rows
}

// counts are counter parts by field, in order. One that has been reset stays: its marks are what
// keeps increments away that were reset elsewhere.
type counts []count

func compareCounts(a, b count) int { return strings.Compare(a.name, b.name) }

func (s counts) of(name string) rows {
	if i, there := slices.BinarySearchFunc(s, count{name: name}, compareCounts); there {
		return s[i].rows
	}
	return nil
}

// merge takes in other counter parts, in order, and owns them from then on.
func (s *counts) merge(other counts) {
	fresh := slices.DeleteFunc(other, func(c count) bool {
		i, there := slices.BinarySearchFunc(*s, c, compareCounts)
		if there {
			(*s)[i].rows.merge(c.rows)
		}
		return there
	})
	if len(fresh) > 0 {
		*s = insertAll(*s, fresh, compareCounts)
	}
}

func (s counts) clone() counts {
	all := slices.Clone(s)
	for i := range all {
		all[i].rows = slices.Clone(all[i].rows)
	}
	return all
}

// appendLengths appends the number of fields and that of all rows.
func (s counts) appendLengths(dst []byte) []byte {
	n := 0
	for i := range s {
		n += len(s[i].rows)
	}
	return binary.AppendUvarint(binary.AppendUvarint(dst, uint64(len(s))), uint64(n))
}

// append appends each name, the number of its rows, and the rows.
func (s counts) append(dst []byte, stamps bool) []byte {
	for i := range s {
		dst = binary.AppendUvarint(appendText(dst, s[i].name), uint64(len(s[i].rows)))
		dst = s[i].rows.append(dst, stamps)
	}
	return dst
}

// fieldCounts reads the counter parts of so many fields, with so many rows in all.
func (r *reader) fieldCounts(fields, total int, stamps bool) counts {
	if fields > total {
		r.fail("%d fields with %d rows", fields, total)
	}
	if r.err != nil || fields == 0 {
		return nil
	}
	all, room := make(counts, 0, fields), make(rows, 0, total)
	for r.err == nil && len(all) < fields {
		name, from, n := r.text(), len(room), r.uvarint()
		if n == 0 || n > uint64(total-from) || !isText(r, name) {
			r.fail("%d rows of a field", n)
		}
		if r.err != nil {
			return nil
		}
		room = r.rows(room, int(n), stamps)
		c := count{r.keep(name), room[from:len(room):len(room)]}
		if i := len(all); i > 0 && all[i-1].name >= c.name {
			r.fail("fields out of order")
		}
		all = append(all, c)
	}
	if len(room) < total {
		r.fail("%d rows, want %d", len(room), total)
	}
	return all
}

// isText says whether a field may have this name.
func isText(_ *reader, name []byte) bool { return utf8.Valid(name) }

func (s counts) size() (n int) {
	for i := range s {
		n += len(s[i].name) + 3 + s[i].rows.size() + stampBytes*len(s[i].rows)
	}
	return n
}
