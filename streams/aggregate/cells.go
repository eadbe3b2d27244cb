package aggregate

import (
	"github.com/edgedhq/edged/streams/aggregate/sketch"
	"github.com/edgedhq/edged/streams/expr"
)

// Cells are cells of one layout, in slabs. A place names one: it is given by Add, and taken back by
// Remove. One at a time uses them.
type Cells struct {
	// Mistyped counts values of a wrong type that a SUM or the like met and left out.
	Mistyped uint64

	layout *Layout
	slabs  []slab
	shift  int      // of a place, down to its slab
	added  uint32   // places that were given, and those below are in slabs
	free   []uint32 // of them, those taken back
	held   int      // bytes of objects
	reader sketch.Reader
}

// slab holds the words and objects of some cells, one after the other.
type slab struct {
	words   []uint64
	objects []object
}

// slabWords is about how many words a slab has.
const slabWords = 1024

// NewCells gives none.
func NewCells(l *Layout) *Cells {
	c := &Cells{layout: l, shift: 3}
	for l.words<<(c.shift+1) <= slabWords && c.shift < 8 {
		c.shift++
	}
	return c
}

// Add gives the place of an empty cell.
func (c *Cells) Add() uint32 {
	if n := len(c.free); n > 0 {
		at := c.free[n-1]
		c.free = c.free[:n-1]
		return at
	}
	at := c.added
	c.added++
	if int(at>>c.shift) == len(c.slabs) {
		c.slabs = append(c.slabs, slab{make([]uint64, c.layout.words<<c.shift), make([]object, c.layout.objects<<c.shift)})
	}
	return at
}

// at gives the words and objects of a cell.
func (c *Cells) at(place uint32) (words []uint64, objects []object) {
	s, i := &c.slabs[place>>c.shift], int(place&(1<<c.shift-1))
	w, o := i*c.layout.words, i*c.layout.objects
	return s.words[w : w+c.layout.words], s.objects[o : o+c.layout.objects]
}

// Fold takes one event into one input of a cell: the values of its arguments, in the order of Args,
// and its stamp. FILTER was TRUE. An event with a NULL among the arguments is left out.
func (c *Cells) Fold(place uint32, input int, args []expr.Value, at *Stamp) {
	for i := range args {
		if args[i].IsNull() {
			return
		}
	}
	words, objects := c.at(place)
	in := c.layout.inputs[input]
	for i := in.from; i < in.to; i++ {
		p := &c.layout.states[i]
		w := words[p.word:p.wordEnd]
		ok := true
		if p.object < 0 {
			ok = p.fold(w, nil, args, at)
		} else {
			o := &objects[p.object]
			before := size(*o)
			ok = p.fold(w, o, args, at)
			c.held += size(*o) - before
		}
		if !ok {
			c.Mistyped++
		}
	}
}

func size(o object) int {
	if o == nil {
		return 0
	}
	return o.bytes()
}

// Append writes a cell: equal content has equal bytes.
func (c *Cells) Append(dst []byte, place uint32) []byte {
	words, objects := c.at(place)
	for i := range c.layout.states {
		p := &c.layout.states[i]
		dst = p.append(dst, words[p.word:p.wordEnd], p.held(objects))
	}
	return dst
}

// held is the object of a state, or nil.
func (p *place) held(objects []object) object {
	if p.object < 0 {
		return nil
	}
	return objects[p.object]
}

// Load makes a cell what Append wrote. Nothing of from is kept.
func (c *Cells) Load(place uint32, from []byte) error {
	c.clear(place)
	return c.Merge(place, from)
}

// Merge adds what the cell of another log holds, as Append wrote it. Nothing of from is kept. After an
// error the cell is empty.
func (c *Cells) Merge(place uint32, from []byte) error {
	r := &c.reader
	*r = sketch.Reader{Rest: from}
	words, objects := c.at(place)
	for i := range c.layout.states {
		p := &c.layout.states[i]
		if p.object < 0 {
			p.merge(words[p.word:p.wordEnd], nil, r)
			continue
		}
		o := &objects[p.object]
		before := size(*o)
		p.merge(words[p.word:p.wordEnd], o, r)
		c.held += size(*o) - before
	}
	if len(r.Rest) > 0 {
		r.Fail()
	}
	if r.Err() != nil {
		c.clear(place)
	}
	return r.Err()
}

// Result computes what a call, by its place among those of the layout, gives for a cell. Estimated is
// how far off it may be, relative, and 0 if it is exact. Texts are valid until text is reset.
func (c *Cells) Result(place uint32, call int, text *expr.Arena) (v expr.Value, estimated float64) {
	words, objects := c.at(place)
	from := &c.layout.calls[call]
	p := &c.layout.states[from.state]
	return p.result(words[p.word:p.wordEnd], p.held(objects), &from.call, text)
}

// Remove takes a place back.
func (c *Cells) Remove(place uint32) {
	c.clear(place)
	c.free = append(c.free, place)
}

// Reset takes all places back and keeps most of the memory.
func (c *Cells) Reset() {
	for at := range c.added {
		c.clear(at)
	}
	c.added, c.free = 0, c.free[:0]
}

// keptBytesMax is the largest object that an empty cell keeps for the next.
const keptBytesMax = 1 << 10

// clear empties a cell.
func (c *Cells) clear(place uint32) {
	words, objects := c.at(place)
	clear(words)
	for i, o := range objects {
		if o == nil {
			continue
		}
		c.held -= o.bytes()
		if o.reset(); o.bytes() > keptBytesMax {
			objects[i] = nil
			continue
		}
		c.held += o.bytes()
	}
}

// Bytes is about how much memory the cells take.
func (c *Cells) Bytes() int {
	cells := len(c.slabs) << c.shift
	return cells*(8*c.layout.words+16*c.layout.objects) + 4*cap(c.free) + c.held
}
