package sketch

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	"github.com/edgedhq/edged/streams/expr"
)

const (
	// ItemsMax is how many items are counted exactly while events are put in.
	ItemsMax = 1024
	// TopError bounds how much too high a count by Count-Min is, as a share of all that was counted,
	// but for one in 55: e / 1,024.
	TopError = 0.0027

	rows  = 4
	width = 1024
)

// Top counts how often items come: exactly, until there are more than ItemsMax; then by a Count-Min
// sketch (Cormode, Muthukrishnan, 2005) beside which the leading items are followed by name. Exact ones
// merge to an exact one, however large; one with a sketch makes the other so, and all items that either
// follows are candidates. The zero value is empty.
type Top struct {
	items []item
	index map[string]int32
	cells []uint64 // rows x width; nil while exact
	order []int32  // of items: by key for writing, or a heap by count
	heap  bool     // order is the heap
	size  int      // bytes of keys
}

// item is one that is followed.
type item struct {
	key   string
	count uint64 // while exact, how often it came; else about that, when it last came
	sure  uint64 // how often it came for certain
	at    int32  // in the heap
}

// Leader is an item that came Count times, at most Error fewer.
type Leader struct {
	Key          string
	Count, Error uint64
}

// Put counts an item by its key; past ItemsMax of them, so many leading ones are followed.
func (t *Top) Put(key []byte, follow int) {
	i, met := t.index[string(key)]
	if t.cells == nil {
		switch {
		case met:
			t.items[i].count++
			t.items[i].sure++
			return
		case len(t.items) < ItemsMax:
			t.follow(key, 1, 1)
			return
		}
		t.estimate()
		t.cut(follow)
	}
	t.putEstimated(key, follow)
}

// putEstimated counts an item in the sketch; one that now seems to come more often than the least of
// those followed takes its place.
func (t *Top) putEstimated(key []byte, follow int) {
	n := t.count(key, 1)
	i, met := t.index[string(key)]
	if !met && len(t.items) < follow {
		t.follow(key, n, 1)
		return
	}
	t.rank()
	switch least := t.order[0]; {
	case met:
		t.items[i].count = n
		t.items[i].sure++
	case n > t.items[least].count:
		i = least
		t.forget(i)
		t.items[i].key, t.items[i].count, t.items[i].sure = string(key), n, 1
		t.index[t.items[i].key] = i
		t.size += len(key)
	default:
		return
	}
	t.sink(int(t.items[i].at))
}

// follow adds an item.
func (t *Top) follow(key []byte, count, sure uint64) {
	if t.index == nil {
		t.index = map[string]int32{}
	}
	k := string(key)
	t.index[k] = int32(len(t.items))
	t.items = append(t.items, item{key: k, count: count, sure: sure})
	t.size += len(k)
	t.heap = false
}

// forget takes an item's name out.
func (t *Top) forget(i int32) {
	delete(t.index, t.items[i].key)
	t.size -= len(t.items[i].key)
}

// estimate goes on with a sketch; all items stay followed.
func (t *Top) estimate() {
	if t.cells != nil {
		return
	}
	t.cells = make([]uint64, rows*width)
	for i := range t.items {
		t.count([]byte(t.items[i].key), t.items[i].count)
	}
}

// cut keeps the leading items.
func (t *Top) cut(follow int) {
	slices.SortFunc(t.items, func(a, b item) int { return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.key, b.key)) })
	for len(t.items) > follow {
		last := len(t.items) - 1
		t.forget(int32(last))
		t.items = t.items[:last]
	}
	for i := range t.items {
		t.index[t.items[i].key] = int32(i)
	}
	t.heap = false
}

// count adds to an item's counters and gives the least of them: about how often it came, never fewer.
func (t *Top) count(key []byte, n uint64) uint64 {
	digest := expr.Hash(expr.OfBytes(key))
	least := uint64(math.MaxUint64)
	for row := range rows {
		c := &t.cells[row*width+int(digest>>(10*row)%width)]
		*c += n
		least = min(least, *c)
	}
	return least
}

// number makes order that of items.
func (t *Top) number() {
	t.order = t.order[:0]
	for i := range t.items {
		t.items[i].at = int32(i)
		t.order = append(t.order, int32(i))
	}
}

// rank makes order a heap: none is less than the one in the middle before it.
func (t *Top) rank() {
	if t.heap {
		return
	}
	t.number()
	t.heap = true
	for i := len(t.order)/2 - 1; i >= 0; i-- {
		t.sink(i)
	}
}

// sink moves an item to its place in the heap. That is never nearer the front, for counts only grow.
func (t *Top) sink(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(t.order); child++ {
			if t.less(child, least) {
				least = child
			}
		}
		if least == i {
			return
		}
		t.order[i], t.order[least] = t.order[least], t.order[i]
		t.items[t.order[i]].at, t.items[t.order[least]].at = int32(i), int32(least)
		i = least
	}
}

// less orders the heap by count; of equal counts the largest key is least.
func (t *Top) less(i, j int) bool {
	a, b := &t.items[t.order[i]], &t.items[t.order[j]]
	return a.count < b.count || a.count == b.count && a.key > b.key
}

// Leaders gives up to n items that came most often, the first first, of equal counts the lesser key,
// and whether that is an estimate.
func (t *Top) Leaders(n int) (leaders []Leader, estimated bool) {
	for i := range t.items {
		l := Leader{t.items[i].key, t.items[i].count, 0}
		if t.cells != nil {
			l.Count = t.count([]byte(l.Key), 0)
			l.Error = l.Count - min(l.Count, t.items[i].sure)
		}
		leaders = append(leaders, l)
	}
	slices.SortFunc(leaders, func(a, b Leader) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Key, b.Key)) })
	return leaders[:min(n, len(leaders))], t.cells != nil
}

// Append writes
//
//	2 x items      | each, by key: length, key | count
//	2 x items + 1  | the counters, row by row | each, by key: length, key | count when it last came | sure
func (t *Top) Append(dst []byte) []byte {
	head := uint64(len(t.items)) << 1
	if t.cells != nil {
		head |= 1
	}
	dst = binary.AppendUvarint(dst, head)
	for _, c := range t.cells {
		dst = binary.AppendUvarint(dst, c)
	}
	t.number()
	t.heap = false
	slices.SortFunc(t.order, func(a, b int32) int { return cmp.Compare(t.items[a].key, t.items[b].key) })
	for _, i := range t.order {
		it := &t.items[i]
		dst = binary.AppendUvarint(dst, uint64(len(it.key)))
		dst = append(dst, it.key...)
		dst = binary.AppendUvarint(dst, it.count)
		if t.cells != nil {
			dst = binary.AppendUvarint(dst, it.sure)
		}
	}
	return dst
}

// Merge reads what Append wrote and takes it in.
func (t *Top) Merge(r *Reader) {
	head := r.Below(math.MaxUint32)
	sketched := head&1 == 1
	if sketched {
		t.estimate()
		if !t.mergeCells(r) {
			r.Fail()
			return
		}
	}
	if n := int(head >> 1); len(t.items) == 0 && n <= len(r.Rest)/3 {
		t.items, t.index = slices.Grow(t.items, n), make(map[string]int32, n)
	}
	var before []byte
	for i := range head >> 1 {
		key := r.Take(int(r.Below(uint64(len(r.Rest)) + 1)))
		count := r.Below(CountEnd)
		sure := count
		if sketched {
			sure = r.Below(count + 1)
		}
		if _, rest, err := expr.ReadKey(key); r.Err() != nil || err != nil || len(rest) > 0 || sure == 0 || i > 0 && bytes.Compare(before, key) >= 0 {
			r.Fail()
			return
		}
		before = key
		if !sketched && t.cells != nil {
			t.count(key, count)
		}
		if at, met := t.index[string(key)]; met {
			t.items[at].count += count
			t.items[at].sure += sure
		} else {
			t.follow(key, count, sure)
		}
	}
	t.heap = false
}

// mergeCells adds counters, and says whether those of each row count the same.
func (t *Top) mergeCells(r *Reader) bool {
	var totals [rows]uint64
	if len(r.Rest) < rows*width {
		return false
	}
	for i := range t.cells {
		c := r.Below(CountEnd)
		t.cells[i] += c
		totals[i/width] += c
	}
	for _, n := range totals {
		if n != totals[0] || n >= CountEnd {
			return false
		}
	}
	return totals[0] > 0
}

// Bytes is about how much memory it takes.
func (t *Top) Bytes() int {
	const perItem = 40 + 32 // of the index
	return 112 + perItem*cap(t.items) + t.size + 8*len(t.cells) + 4*cap(t.order)
}

// Reset empties it.
func (t *Top) Reset() {
	clear(t.index)
	clear(t.items)
	t.items, t.order, t.cells, t.heap, t.size = t.items[:0], t.order[:0], nil, false, 0
}
