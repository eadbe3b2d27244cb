package sketch

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

const (
	// TopItems is how many items Leaders gives.
	TopItems   = 10
	candidates = 10 * TopItems // that are followed
	rows       = 4
	columns    = 1_024
	itemsMax   = 12 << 10 // bytes of the candidates' texts
)

// Top finds the items that were observed most often, in one log: a count-min sketch (Cormode,
// Muthukrishnan, 2005) estimates any item, and the leading ones are followed by name. It is a
// function of the items in their order. The zero value is empty.
type Top struct {
	counts  [rows]row
	total   uint64
	leading []Leader // by item
	full    bool     // an item has been left out or lost its place: others may have been observed
	bytes   int      // of the leading items
}

// Leader is an item that was observed Count times, at most Error fewer.
type Leader struct {
	Item         []byte
	Count, Error uint64
}

// row holds the counters above 0, by column.
type row []counter

type counter struct {
	column uint16
	count  uint32
}

func (r row) find(column uint16) (int, bool) {
	return slices.BinarySearchFunc(r, column, func(c counter, at uint16) int { return int(c.column) - int(at) })
}

func (r *row) add(column uint16) {
	i, there := r.find(column)
	if !there {
		*r = slices.Insert(*r, i, counter{column: column})
	}
	if c := &(*r)[i]; c.count < 1<<32-1 {
		c.count++
	}
}

// columnOf is where an item counts in a row.
func columnOf(d *Digest, row int) uint16 { return uint16(d.word(row) % columns) }

// Observe counts an item, which is kept.
func (t *Top) Observe(item []byte) {
	d := DigestOf(item)
	for i := range t.counts {
		t.counts[i].add(columnOf(&d, i))
	}
	t.total++
	at, there := t.find(item)
	if there {
		t.leading[at].Count++
		return
	}
	entry := Leader{Item: item, Count: 1}
	if t.full {
		entry.Count = t.estimate(&d)
		entry.Error = entry.Count - 1
	}
	for len(t.leading) >= candidates || t.bytes+len(item) > itemsMax {
		last := t.least()
		if last < 0 || compareLeaders(entry, t.leading[last]) >= 0 {
			t.full = true
			return
		}
		t.full = true
		t.bytes -= len(t.leading[last].Item)
		t.leading = slices.Delete(t.leading, last, last+1)
	}
	at, _ = t.find(item)
	t.leading = slices.Insert(t.leading, at, entry)
	t.bytes += len(item)
}

func (t *Top) find(item []byte) (int, bool) {
	return slices.BinarySearchFunc(t.leading, item, func(l Leader, item []byte) int { return bytes.Compare(l.Item, item) })
}

// least is the leading item that goes first; below 0 when there is none.
func (t *Top) least() int {
	last := -1
	for i := range t.leading {
		if last < 0 || compareLeaders(t.leading[i], t.leading[last]) > 0 {
			last = i
		}
	}
	return last
}

// compareLeaders puts the larger count first, then the lesser text.
func compareLeaders(a, b Leader) int {
	return cmp.Or(cmp.Compare(b.Count, a.Count), bytes.Compare(a.Item, b.Item))
}

// estimate is at least how often an item was observed.
func (t *Top) estimate(d *Digest) uint64 {
	least := uint32(1<<32 - 1)
	for i, r := range t.counts {
		at, there := r.find(columnOf(d, i))
		if !there {
			return 0
		}
		least = min(least, r[at].count)
	}
	return uint64(least)
}

// Empty says that nothing was observed.
func (t *Top) Empty() bool { return t.total == 0 }

// of is what is known of an item.
func (t *Top) of(item []byte) (count, wrong uint64) {
	if at, there := t.find(item); there {
		return t.leading[at].Count, t.leading[at].Error
	}
	if !t.full {
		return 0, 0
	}
	d := DigestOf(item)
	n := t.estimate(&d)
	return n, n
}

// Leaders gives the items observed most often in several logs, the first first; of equal counts the
// lesser text.
func Leaders(all []*Top) []Leader {
	var found []Leader
	for _, t := range all {
		for _, l := range t.leading {
			found = append(found, Leader{Item: l.Item})
		}
	}
	slices.SortFunc(found, func(a, b Leader) int { return bytes.Compare(a.Item, b.Item) })
	found = slices.CompactFunc(found, func(a, b Leader) bool { return bytes.Equal(a.Item, b.Item) })
	for i := range found {
		for _, t := range all {
			count, wrong := t.of(found[i].Item)
			found[i].Count += count
			found[i].Error += wrong
		}
	}
	slices.SortFunc(found, compareLeaders)
	return found[:min(len(found), TopItems)]
}

// Size is about the length of the encoding.
func (t *Top) Size() int {
	size := 8 + t.bytes + 6*len(t.leading)
	for _, r := range t.counts {
		size += 3 * len(r)
	}
	return size
}

// AppendTo appends
//
//	total x 2 + full | rows: how many counters above 0 | each: distance, count
//	leading items: how many | each, by item: length, item, count, error
func (t *Top) AppendTo(dst []byte) []byte {
	head := t.total << 1
	if t.full {
		head |= 1
	}
	dst = binary.AppendUvarint(dst, head)
	for _, row := range t.counts {
		dst = appendRow(dst, row)
	}
	dst = binary.AppendUvarint(dst, uint64(len(t.leading)))
	for _, l := range t.leading {
		dst = append(binary.AppendUvarint(dst, uint64(len(l.Item))), l.Item...)
		dst = binary.AppendUvarint(dst, l.Count)
		dst = binary.AppendUvarint(dst, l.Error)
	}
	return dst
}

func appendRow(dst []byte, r row) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(r)))
	next := uint16(0)
	for _, c := range r {
		dst = binary.AppendUvarint(dst, uint64(c.column-next))
		dst = binary.AppendUvarint(dst, uint64(c.count))
		next = c.column + 1
	}
	return dst
}

// ParseTop reads what AppendTo wrote, and gives what follows it.
func ParseTop(in []byte) (t *Top, rest []byte, err error) {
	r := reader{rest: in}
	head := r.uvarint()
	t = &Top{total: head >> 1, full: head&1 != 0}
	for i := range t.counts {
		t.counts[i] = r.row(t.total > 0)
	}
	n := r.entries(4)
	r.failed = r.failed || n > candidates
	for i := 0; i < n && !r.failed; i++ {
		l := Leader{Item: bytes.Clone(r.take(r.entries(1)))}
		l.Count, l.Error = r.uvarint(), r.uvarint()
		r.failed = r.failed || len(l.Item) == 0 || l.Error >= l.Count || l.Count > t.total ||
			i > 0 && bytes.Compare(t.leading[i-1].Item, l.Item) >= 0
		t.leading = append(t.leading, l)
		t.bytes += len(l.Item)
	}
	r.failed = r.failed || t.bytes > itemsMax || t.total == 0 && head != 0
	rest, err = r.done()
	return t, rest, err
}

// row reads one row; some says that anything was observed.
func (r *reader) row(some bool) row {
	n := r.entries(2)
	if r.failed || (n > 0) != some {
		r.failed = true
		return nil
	}
	cells := make(row, n)
	next := uint64(0)
	for i := range cells {
		at := next + r.below(columns)
		cells[i] = counter{uint16(at), uint32(r.below(1 << 32))}
		if r.failed || at >= columns || cells[i].count == 0 {
			r.failed = true
			return nil
		}
		next = at + 1
	}
	return cells
}
