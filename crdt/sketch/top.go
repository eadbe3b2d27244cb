package sketch

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"iter"
	"math/bits"
	"slices"
)

const (
	// TopItems is how many items Leaders gives.
	TopItems   = 10
	candidates = 10 * TopItems // that are followed
	rows       = 4
	columns    = 1_024
	listedMax  = columns / 2 // counters above 0 of a row that are listed one by one
	// topBytesMax bounds the encoding: the candidates may take what the counters leave of it.
	topBytesMax = 20 << 10
	headBytes   = 10 // and all that stands before the rows and the candidates
	// itemsMin is what they may take in any case. Only thousands of counters past 2^28 would leave
	// less.
	itemsMin = 3 << 10
)

// Top finds the items that were observed most often, in one log: a count-min sketch (Cormode,
// Muthukrishnan, 2005) estimates any item, and the leading ones are followed by name. It is a
// function of the items in their order. The zero value is empty.
type Top struct {
	counts  [rows]row
	total   uint64
	leading []Leader // by item
	full    bool     // an item has been left out or lost its place: others may have been observed
	bytes   int      // of the leading items, encoded
}

// Leader is an item that was observed Count times, at most Error fewer.
type Leader struct {
	Item         []byte
	Count, Error uint64
}

// row holds the counters above 0, by column.
type row struct {
	cells []counter
	bytes int // of the counts, encoded
}

type counter struct {
	column uint16
	count  uint32
}

func (r *row) find(column uint16) (int, bool) {
	if len(r.cells) == columns {
		return int(column), true
	}
	return slices.BinarySearchFunc(r.cells, column, func(c counter, at uint16) int { return int(c.column) - int(at) })
}

func (r *row) add(column uint16) {
	i, there := r.find(column)
	if !there {
		r.cells = slices.Insert(r.cells, i, counter{column, 1})
		r.bytes++
		return
	}
	if c := &r.cells[i]; c.count < 1<<32-1 {
		r.bytes -= lengthOf(uint64(c.count))
		c.count++
		r.bytes += lengthOf(uint64(c.count))
	}
}

// size is the length of the encoding, or a little more.
func (r *row) size() int {
	n := len(r.cells)
	if n > listedMax {
		return 2 + r.bytes + columns - n
	}
	return lengthOf(uint64(n)) + r.bytes + n + min(n, columns>>7) // so many columns can be 128 apart
}

// lengthOf is the number of bytes of a number.
func lengthOf(n uint64) int { return (bits.Len64(n|1) + 6) / 7 }

// columnOf is where an item counts in a row.
func columnOf(d *Digest, row int) uint16 { return uint16(d.word(row) % columns) }

// Observe counts an item.
func (t *Top) Observe(item []byte) {
	d := DigestOf(item)
	for i := range t.counts {
		t.counts[i].add(columnOf(&d, i))
	}
	t.total++
	if at, there := t.find(item); there {
		t.bytes -= t.leading[at].size()
		t.leading[at].Count++
		t.bytes += t.leading[at].size()
	} else {
		t.enter(&d, item)
	}
	for room := t.room(); len(t.leading) > candidates || t.bytes > room; t.full = true {
		last := t.least()
		t.bytes -= t.leading[last].size()
		t.leading = slices.Delete(t.leading, last, last+1)
	}
}

// enter makes an item a candidate, unless it would be the first to go.
func (t *Top) enter(d *Digest, item []byte) {
	entry := Leader{Item: item, Count: 1}
	if t.full {
		entry.Count = t.estimate(d)
		entry.Error = entry.Count - 1
	}
	if len(t.leading) == candidates && compareLeaders(&entry, &t.leading[t.least()]) > 0 {
		t.full = true
		return
	}
	entry.Item = bytes.Clone(item)
	at, _ := t.find(item)
	t.leading = slices.Insert(t.leading, at, entry)
	t.bytes += entry.size()
}

// room is how much the candidates may take.
func (t *Top) room() int {
	left := topBytesMax - headBytes
	for i := range t.counts {
		left -= t.counts[i].size()
	}
	return max(left, itemsMin)
}

// size is the length of the encoding.
func (l *Leader) size() int {
	return lengthOf(uint64(len(l.Item))) + len(l.Item) + lengthOf(l.Count) + lengthOf(l.Error)
}

func (t *Top) find(item []byte) (int, bool) {
	return slices.BinarySearchFunc(t.leading, item, func(l Leader, item []byte) int { return bytes.Compare(l.Item, item) })
}

// least is the candidate that goes first.
func (t *Top) least() int {
	last := 0
	for i := range t.leading {
		if compareLeaders(&t.leading[i], &t.leading[last]) > 0 {
			last = i
		}
	}
	return last
}

// compareLeaders puts the larger count first, then the lesser text.
func compareLeaders(a, b *Leader) int {
	if a.Count != b.Count {
		return cmp.Compare(b.Count, a.Count)
	}
	return bytes.Compare(a.Item, b.Item)
}

// estimate is at least how often an item was observed.
func (t *Top) estimate(d *Digest) uint64 {
	least := uint32(1<<32 - 1)
	for i := range t.counts {
		at, there := t.counts[i].find(columnOf(d, i))
		if !there {
			return 0
		}
		least = min(least, t.counts[i].cells[at].count)
	}
	return uint64(least)
}

// Empty says that nothing was observed.
func (t *Top) Empty() bool { return t.total == 0 }

// Items gives the candidates, in order of their texts.
func (t *Top) Items() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for i := range t.leading {
			if !yield(t.leading[i].Item) {
				return
			}
		}
	}
}

// of is what is known of an item.
func (t *Top) of(d *Digest, item []byte) (count, wrong uint64) {
	if at, there := t.find(item); there {
		return t.leading[at].Count, t.leading[at].Error
	}
	if !t.full {
		return 0, 0
	}
	n := t.estimate(d)
	return n, n
}

// Leaders gives the items observed most often in several logs, the first first; of equal counts the
// lesser text.
func Leaders(all []*Top) []Leader {
	var found []Leader
	for _, t := range all {
		for item := range t.Items() {
			found = append(found, Leader{Item: item})
		}
	}
	slices.SortFunc(found, func(a, b Leader) int { return bytes.Compare(a.Item, b.Item) })
	found = slices.CompactFunc(found, func(a, b Leader) bool { return bytes.Equal(a.Item, b.Item) })
	for i := range found {
		l := &found[i]
		d := DigestOf(l.Item)
		for _, t := range all {
			count, wrong := t.of(&d, l.Item)
			l.Count += count
			l.Error += wrong
		}
	}
	slices.SortFunc(found, func(a, b Leader) int { return compareLeaders(&a, &b) })
	return found[:min(len(found), TopItems)]
}

// Size is about the length of the encoding, and at most 20 KiB.
func (t *Top) Size() int {
	size := lengthOf(t.total<<1) + 1 + t.bytes
	for i := range t.counts {
		size += t.counts[i].size()
	}
	return size
}

// AppendTo appends
//
//	total x 2 + full | rows | leading items: how many | each, by item: length, item, count, error
//	row: how many counters above 0 | each: distance, count     up to 512 of them
//	row: how many counters above 0 | 1,024 counts              of more
func (t *Top) AppendTo(dst []byte) []byte {
	head := t.total << 1
	if t.full {
		head |= 1
	}
	dst = binary.AppendUvarint(dst, head)
	for i := range t.counts {
		dst = t.counts[i].appendTo(dst)
	}
	dst = binary.AppendUvarint(dst, uint64(len(t.leading)))
	for _, l := range t.leading {
		dst = append(binary.AppendUvarint(dst, uint64(len(l.Item))), l.Item...)
		dst = binary.AppendUvarint(dst, l.Count)
		dst = binary.AppendUvarint(dst, l.Error)
	}
	return dst
}

func (r *row) appendTo(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(r.cells)))
	next := uint16(0)
	for _, c := range r.cells {
		if distance := c.column - next; len(r.cells) > listedMax {
			dst = append(dst, make([]byte, distance)...) // counters at 0
		} else {
			dst = binary.AppendUvarint(dst, uint64(distance))
		}
		dst = binary.AppendUvarint(dst, uint64(c.count))
		next = c.column + 1
	}
	if len(r.cells) > listedMax {
		dst = append(dst, make([]byte, columns-next)...)
	}
	return dst
}

// ParseTop reads what AppendTo wrote, and gives what follows it.
func ParseTop(in []byte) (t *Top, rest []byte, err error) {
	r := reader{rest: in}
	head := r.below(countEnd << 1)
	t = &Top{total: head >> 1, full: head&1 != 0}
	for i := range t.counts {
		t.counts[i] = r.row()
		r.failed = r.failed || (len(t.counts[i].cells) > 0) != (t.total > 0)
	}
	n := r.entries(4)
	r.failed = r.failed || n > candidates
	for i := 0; i < n && !r.failed; i++ {
		l := Leader{Item: bytes.Clone(r.take(r.entries(1)))}
		l.Count, l.Error = r.uvarint(), r.uvarint()
		r.failed = r.failed || len(l.Item) == 0 || l.Error >= l.Count || l.Count > t.total ||
			i > 0 && bytes.Compare(t.leading[i-1].Item, l.Item) >= 0
		t.leading = append(t.leading, l)
		t.bytes += l.size()
	}
	r.failed = r.failed || t.bytes > t.room() || t.total == 0 && head != 0
	rest, err = r.done()
	return t, rest, err
}

func (r *reader) row() (w row) {
	n := int(r.below(columns + 1))
	if n > len(r.rest) {
		r.failed = true
		return row{}
	}
	w.cells = make([]counter, 0, n)
	for at := uint64(0); at < columns && !r.failed; at++ {
		if n <= listedMax {
			if len(w.cells) == n {
				break
			}
			at += r.below(columns - at)
		}
		count := uint32(r.below(1 << 32))
		switch {
		case count > 0 && len(w.cells) < n:
			w.cells = append(w.cells, counter{uint16(at), count})
			w.bytes += lengthOf(uint64(count))
		case count > 0 || n <= listedMax:
			r.failed = true
		}
	}
	r.failed = r.failed || len(w.cells) < n
	return w
}
