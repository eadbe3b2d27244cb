package crdt

import (
	"encoding/binary"
	"slices"

	"github.com/edgedhq/edged"
)

// summary is a sketch that cannot be merged with itself: it counts what it is given.
type summary[O any] interface {
	Observe(O)
	Empty() bool
	Size() int
	AppendTo(dst []byte) []byte
}

// observing is how a kind of summary S is kept that observes values of type O.
type observing[S summary[O], O any] struct {
	name   string
	fresh  func() S
	parse  func(in []byte) (s S, rest []byte, err error)
	append func(dst []byte, value O) []byte
	read   func(r *reader) O
	values func(op *Op) []O

	bytesMin int // of a value that append appends
}

// book keeps one summary an origin: of what that origin has observed in this epoch, in the order
// of its log. So every node has the same one at the same place of the log, and two nodes' differ by
// how far they have read. Each reset begins another epoch.
type book[S summary[O], O any] struct {
	kind  *observing[S, O]
	epoch uint64
	pages []page[S] // by origin
}

type page[S any] struct {
	origin  edged.OriginID
	last    edged.Sequence // the last record that it holds
	summary S
}

func (b *book[S, O]) Begin(at Place) Change { return &bookChange[S, O]{b: b, at: at.Dot} }

// observe writes values that a record brings.
func (b *book[S, O]) observe(at Dot, values []O) {
	if len(values) == 0 {
		return
	}
	i, there := b.find(at.Origin)
	if !there {
		b.pages = slices.Insert(b.pages, i, page[S]{origin: at.Origin, summary: b.kind.fresh()})
	}
	p := &b.pages[i]
	p.last = at.Sequence
	for _, v := range values {
		p.summary.Observe(v)
	}
}

func (b *book[S, O]) find(o edged.OriginID) (int, bool) {
	return slices.BinarySearchFunc(b.pages, o, func(p page[S], o edged.OriginID) int { return p.origin.Compare(o) })
}

func (b *book[S, O]) begin(epoch uint64) { b.epoch, b.pages = epoch, nil }

// Fold reads what bookChange appends:
//
//	version | epoch | count of values | values
func (b *book[S, O]) Fold(at Place, delta []byte) error {
	r := read(delta)
	epoch := r.epoch()
	values := make([]O, 0, r.counts(b.kind.bytesMin)[0])
	for r.err == nil && len(values) < cap(values) {
		values = append(values, b.kind.read(&r))
	}
	if err := r.done(); err != nil {
		return err
	}
	if epoch > b.epoch {
		b.begin(epoch)
	}
	if i, there := b.find(at.Origin); epoch == b.epoch && !(there && b.pages[i].last >= at.Sequence) {
		b.observe(at.Dot, values)
	}
	return nil
}

// merge takes over the pages that have been written further.
func (b *book[S, O]) merge(o *book[S, O]) {
	if o.epoch > b.epoch {
		b.begin(o.epoch)
	}
	if o.epoch < b.epoch {
		return
	}
	for i := range o.pages {
		theirs := &o.pages[i]
		at, there := b.find(theirs.origin)
		if there && b.pages[at].last >= theirs.last {
			continue
		}
		copied := page[S]{theirs.origin, theirs.last, b.kind.copy(theirs.summary)}
		if there {
			b.pages[at] = copied
		} else {
			b.pages = slices.Insert(b.pages, at, copied)
		}
	}
}

// copy makes a summary of its own memory.
func (k *observing[S, O]) copy(s S) S {
	c, _, err := k.parse(s.AppendTo(nil))
	if err != nil {
		panic("crdt: a sketch of our own making does not parse")
	}
	return c
}

// Trim has nothing to forget: an observation of an epoch that has ended counts nowhere.
func (b *book[S, O]) Trim(Vector) {}

func (b *book[S, O]) Absent() bool { return len(b.pages) == 0 }

func (b *book[S, O]) AppendConflicts(dst []byte) []byte { return dst }

// AppendTo appends
//
//	version | epoch | count of pages | pages: origin, last record, sketch
func (b *book[S, O]) AppendTo(dst []byte) []byte {
	if b.epoch == 0 && len(b.pages) == 0 {
		return dst
	}
	dst = binary.AppendUvarint(append(dst, encodingVersion), b.epoch)
	dst = binary.AppendUvarint(dst, uint64(len(b.pages)))
	for i := range b.pages {
		p := &b.pages[i]
		dst = p.summary.AppendTo(appendDot(dst, Dot{p.origin, p.last}))
	}
	return dst
}

func (b *book[S, O]) AppendAlive(dst []byte) []byte { return b.AppendTo(dst) }

func (b *book[S, O]) Size() int {
	size := 4
	for i := range b.pages {
		size += 14 + b.pages[i].summary.Size()
	}
	return size
}

// parse reads what AppendTo wrote.
func (b *book[S, O]) parse(data []byte) error {
	if len(data) == 0 {
		return nil
	}
	r := read(data)
	b.epoch = r.epoch()
	n := r.counts(dotBytesMin + 4)[0]
	b.pages = make([]page[S], 0, n)
	for range n {
		d := r.dot()
		s, rest, err := b.kind.parse(r.in[r.at:])
		if err != nil || s.Empty() || len(b.pages) > 0 && b.pages[len(b.pages)-1].origin.Compare(d.Origin) >= 0 {
			r.fail("no page that can be")
			break
		}
		r.at = len(r.in) - len(rest)
		b.pages = append(b.pages, page[S]{d.Origin, d.Sequence, s})
	}
	if b.epoch == 0 && n == 0 {
		r.fail("nothing is written as no bytes")
	}
	return r.done()
}

// bookChange gathers what one record observes.
type bookChange[S summary[O], O any] struct {
	b       *book[S, O]
	at      Dot
	cleared bool
	count   int
	values  []byte // as append of the kind wrote them
}

func (c *bookChange[S, O]) Do(ops []Op) error {
	if err := checkOps(c.b.kind.name, c.b.epoch, ops); err != nil {
		return err
	}
	for i := range ops {
		if ops[i].Verb == Clear && !c.b.Absent() {
			c.b.begin(c.b.epoch + 1)
			c.cleared, c.count, c.values = true, 0, nil
		}
		values := c.b.kind.values(&ops[i])
		c.b.observe(c.at, values)
		c.count += len(values)
		for _, v := range values {
			c.values = c.b.kind.append(c.values, v)
		}
	}
	return nil
}

func (c *bookChange[S, O]) AppendDelta(dst []byte) []byte {
	if !c.cleared && c.count == 0 {
		return dst
	}
	dst = binary.AppendUvarint(append(dst, encodingVersion), c.b.epoch)
	return append(binary.AppendUvarint(dst, uint64(c.count)), c.values...)
}
