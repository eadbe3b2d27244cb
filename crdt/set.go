package crdt

// setType is "set": an add wins over a removal that has not observed it.
type setType struct{}

func (setType) Name() string { return "set" }

func (setType) Ops(body []byte) ([]Op, error) {
	return parseOps(body, "set", []verb{
		{"add", func(o operand, op *Op) (err error) {
			op.Verb = Add
			op.Items, err = o.items()
			return err
		}},
		{"remove", func(o operand, op *Op) (err error) {
			op.Verb = Remove
			op.Items, err = o.items()
			return err
		}},
	})
}

func (setType) New(Limits) Value { return newSet() }

func (setType) Parse(data []byte, _ Limits) (Value, error) {
	s := newSet()
	if err := s.parse(data); err != nil {
		return nil, err
	}
	return s, nil
}

var setLayout = bare(true, compareJSON, isJSON) // read-only

// set has elements for names: an add replaces the dots of the element that it has observed.
type set struct{ kernel[none] }

func newSet() *set { return &set{kernel[none]{layout: setLayout}} }

func (s *set) Begin(at Place) Change { return &setChange{edit[none]{k: &s.kernel, at: at.Dot}} }

// Fold reads what setChange appends:
//
//	version | count of entries removed | count of elements added | entries | elements
func (s *set) Fold(at Place, delta []byte) error {
	r := read(delta)
	n := r.counts(dotBytesMin, 2)
	removed := setLayout.read(&r, n[0])
	added := setLayout.readAdded(&r, n[1], at.Dot, setLayout.get)
	if err := r.done(); err != nil {
		return err
	}
	s.fold(at.Dot, removed, added)
	return nil
}

func (s *set) Merge(other Value, mine, theirs Vector) {
	s.merge(&other.(*set).kernel, mine, theirs)
}

func (s *set) Trim(v Vector) { s.trim(v) }

func (s *set) Absent() bool { return len(s.alive) == 0 }

func (s *set) AppendJSON(dst []byte) []byte {
	dst = append(dst, '[')
	for i := range s.alive {
		if i > 0 {
			if s.alive[i].name == s.alive[i-1].name {
				continue // added on two sides
			}
			dst = append(dst, ',')
		}
		dst = append(dst, s.alive[i].name...)
	}
	return append(dst, ']')
}

func (s *set) AppendConflicts(dst []byte) []byte { return dst }

func (s *set) AppendTo(dst []byte) []byte { return s.appendTo(dst, s.waiting) }

func (s *set) AppendAlive(dst []byte) []byte { return s.appendTo(dst, nil) }

func (s *set) Size() int { return s.bytes }

type setChange struct{ edit[none] }

func (c *setChange) Do(ops []Op) error {
	var steps []step[none]
	all := false
	for i := range ops {
		switch op := &ops[i]; op.Verb {
		case Clear:
			all, steps = true, nil
		case Add, Remove:
			for _, item := range op.Items {
				steps = append(steps, step[none]{name: string(item), put: op.Verb == Add})
			}
		default:
			return foreign("set", op)
		}
	}
	p := c.plan(all, steps)
	if err := checkSize(c.k.bytes, p.grows); err != nil {
		return err
	}
	c.carry(p)
	return nil
}

func (c *setChange) AppendDelta(dst []byte) []byte {
	if !c.changed() {
		return dst
	}
	dst = setLayout.append(c.appendCounts(dst), c.observed())
	for _, e := range c.own() {
		dst = appendText(dst, e.name)
	}
	return dst
}
