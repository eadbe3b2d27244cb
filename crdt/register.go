package crdt

import (
	"slices"

	"github.com/edgedhq/edged"
)

// registerType is "register": the last writer shows, and concurrent values are kept beside it.
type registerType struct{}

func (registerType) Name() string { return "register" }

func (registerType) Ops(body []byte) ([]Op, error) {
	return parseOps(body, "register", []verb{{"assign", func(o operand, op *Op) error {
		*op = Op{Verb: Assign, Items: [][]byte{o.text}}
		return nil
	}}})
}

func (registerType) New(Limits) Value { return newRegister() }

func (registerType) Parse(data []byte, _ Limits) (Value, error) {
	g := newRegister()
	if err := g.parse(data); err != nil {
		return nil, err
	}
	return g, nil
}

// written is a value that was assigned, and when.
type written struct {
	stamp edged.Timestamp
	value string // canonical JSON
}

func (w written) size() int { return stampBytes + 2 + len(w.value) }

func appendWritten(dst []byte, w *written) []byte {
	return appendText(appendStamp(dst, w.stamp), w.value)
}

func readWritten(r *reader, w *written) {
	w.stamp = r.stamp()
	w.value = r.json()
}

// json reads a text that has to be canonical JSON.
func (r *reader) json() string {
	text := r.text()
	if r.err == nil && !isJSON(r, text) {
		r.fail("a value that is not canonical JSON")
	}
	if r.err != nil {
		return ""
	}
	return r.keep(text)
}

// isJSON says whether a text is canonical JSON.
func isJSON(r *reader, text []byte) bool { return r.check.writes(text) }

// shows says whether an entry is the value that shows of two.
func shows(e, than *entry[written]) bool {
	if e.body.stamp != than.body.stamp || e.dot.Origin != than.dot.Origin {
		return later(e.body.stamp, e.dot.Origin, than.body.stamp, than.dot.Origin)
	}
	return e.dot.Sequence > than.dot.Sequence
}

// byStamp orders entries, the one that shows first.
func byStamp(a, b entry[written]) int {
	if shows(&a, &b) {
		return -1
	}
	return 1
}

var registerLayout = &layout[written]{ // read-only
	order: func(string, string) int { return 0 },
	least: dotBytesMin + stampBytes + 2,
	put:   appendWritten,
	get:   readWritten,
	marks: bare(false, func(string, string) int { return 0 }, nil),
}

// register keeps what was assigned and not replaced by an assignment that had observed it.
type register struct{ kernel[written] }

func newRegister() *register { return &register{kernel[written]{layout: registerLayout}} }

func (g *register) Begin(at Place) Change {
	return &registerChange{edit[written]{k: &g.kernel, at: at.Dot}, at.HLC}
}

// Fold reads what registerChange appends:
//
//	version | count of entries removed | 1 when a value is assigned, or 0 | dots | value
func (g *register) Fold(at Place, delta []byte) error {
	r := read(delta)
	n := r.counts(dotBytesMin, 2)
	if n[1] > 1 {
		r.fail("%d values assigned by one record", n[1])
	}
	removed := registerLayout.marks.read(&r, n[0])
	added := registerLayout.readAdded(&r, n[1], at.Dot, func(r *reader, w *written) {
		*w = written{at.HLC, r.json()}
	})
	if err := r.done(); err != nil {
		return err
	}
	g.fold(at.Dot, removed, added)
	return nil
}

func (g *register) Merge(other Value, mine, theirs Vector) {
	g.merge(&other.(*register).kernel, mine, theirs)
}

func (g *register) Trim(v Vector) { g.trim(v) }

func (g *register) Absent() bool { return len(g.alive) == 0 }

func (g *register) AppendJSON(dst []byte) []byte {
	if g.Absent() {
		return append(dst, "null"...)
	}
	last := &g.alive[0]
	for i := range g.alive {
		if shows(&g.alive[i], last) {
			last = &g.alive[i]
		}
	}
	return append(dst, last.body.value...)
}

// AppendConflicts puts the value that shows first.
func (g *register) AppendConflicts(dst []byte) []byte {
	if len(g.alive) < 2 {
		return dst
	}
	return appendValues(dst, slices.SortedFunc(slices.Values(g.alive), byStamp))
}

func appendValues(dst []byte, all []entry[written]) []byte {
	dst = append(dst, '[')
	for i := range all {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, all[i].body.value...)
	}
	return append(dst, ']')
}

func (g *register) AppendTo(dst []byte) []byte { return g.appendTo(dst, g.waiting) }

func (g *register) AppendAlive(dst []byte) []byte { return g.appendTo(dst, nil) }

func (g *register) Size() int { return g.bytes }

type registerChange struct {
	edit[written]
	stamp edged.Timestamp
}

func (c *registerChange) Do(ops []Op) error {
	var steps []step[written]
	all := false
	for i := range ops {
		switch op := &ops[i]; op.Verb {
		case Clear:
			all, steps = true, nil
		case Assign:
			steps = append(steps, step[written]{body: written{c.stamp, string(op.Items[0])}, put: true})
		default:
			return foreign("register", op)
		}
	}
	p := c.plan(all, steps)
	if err := checkSize(c.k.bytes, p.grows); err != nil {
		return err
	}
	c.carry(p)
	return nil
}

func (c *registerChange) AppendDelta(dst []byte) []byte {
	if !c.changed() {
		return dst
	}
	dst = registerLayout.marks.append(c.appendCounts(dst), c.observed())
	for _, e := range c.own() {
		dst = appendText(dst, e.body.value)
	}
	return dst
}
