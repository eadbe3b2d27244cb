package crdt

import "slices"

// flagType is "flag": on wins over an off that has not observed it.
type flagType struct{}

func (flagType) Name() string { return "flag" }

func (flagType) Ops(body []byte) ([]Op, error) {
	return parseOps(body, "flag", []verb{
		{"enable", func(o operand, op *Op) error { op.Verb = Enable; return o.yes() }},
		{"disable", func(o operand, op *Op) error { op.Verb = Disable; return o.yes() }},
	})
}

func (flagType) New(Limits) Value { return newFlag() }

func (flagType) Parse(data []byte, _ Limits) (Value, error) {
	f := newFlag()
	if err := f.parse(data); err != nil {
		return nil, err
	}
	return f, nil
}

var flagLayout = bare(false, func(string, string) int { return 0 }, nil) // read-only

// flag is on while a dot is alive. One that was disabled is as one that nobody has touched: it
// reads false, and its key has no value.
type flag struct{ kernel[none] }

func newFlag() *flag { return &flag{kernel[none]{layout: flagLayout}} }

func (f *flag) Begin(at Place) Change { return &flagChange{edit[none]{k: &f.kernel, at: at.Dot}} }

// Fold reads what flagChange appends:
//
//	version | count of entries removed | 1 when enabled, or 0 | dots
func (f *flag) Fold(at Place, delta []byte) error {
	r := read(delta)
	n, on := r.counts(dotBytesMin)[0], r.uvarint()
	if on > 1 {
		r.fail("enabled %d times", on)
	}
	removed := flagLayout.read(&r, n)
	if err := r.done(); err != nil {
		return err
	}
	f.fold(at.Dot, removed, slices.Repeat([]entry[none]{{dot: at.Dot}}, int(on)))
	return nil
}

func (f *flag) Merge(other Value, mine, theirs Vector) {
	f.merge(&other.(*flag).kernel, mine, theirs)
}

func (f *flag) Trim(v Vector) { f.trim(v) }

func (f *flag) Absent() bool { return len(f.alive) == 0 }

func (f *flag) AppendJSON(dst []byte) []byte {
	if f.Absent() {
		return append(dst, "false"...)
	}
	return append(dst, "true"...)
}

func (f *flag) AppendConflicts(dst []byte) []byte { return dst }

func (f *flag) AppendTo(dst []byte) []byte { return f.appendTo(dst, f.waiting) }

func (f *flag) AppendAlive(dst []byte) []byte { return f.appendTo(dst, nil) }

func (f *flag) Size() int { return f.bytes }

type flagChange struct{ edit[none] }

func (c *flagChange) Do(ops []Op) error {
	var steps []step[none]
	for i := range ops {
		switch op := &ops[i]; op.Verb {
		case Enable:
			steps = append(steps[:0], step[none]{put: true})
		case Disable, Clear:
			steps = append(steps[:0], step[none]{})
		default:
			return foreign("flag", op)
		}
	}
	c.carry(c.plan(false, steps))
	return nil
}

func (c *flagChange) AppendDelta(dst []byte) []byte {
	if !c.changed() {
		return dst
	}
	return flagLayout.append(c.appendCounts(dst), c.observed())
}
