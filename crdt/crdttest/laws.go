package crdttest

import (
	"bytes"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
)

// law is one thing that holds in every world.
type law struct {
	name  string
	check func(w *world, d *Dice) error
}

// laws are those that are asked of the states that a schedule has led to; T6 and T12 are asked of
// states made for them as well. T8 comes last: it moves the replicas on.
func laws() []law {
	return []law{
		{"T1", commutes}, {"T2", associates}, {"T3", repeats}, {"T4", grows}, {"T5", groups},
		{"T7", decomposes}, {"T9", encodes}, {"T11", splits}, {"T12", withstands}, {"T8", converges},
	}
}

// same says whether two states, of the same records, are equal in all that can be seen of them.
func same(name string, got, want *held) error {
	if !covers(got.vector, want.vector) || !covers(want.vector, got.vector) {
		return broken(name, "vectors differ: %s, want %s", reach(got.vector), reach(want.vector))
	}
	for k, v := range got.values {
		u := want.values[k]
		if err := show(v).is(show(u)); err != nil {
			return broken(name, "key %d at %s: %v", k, reach(got.vector), err)
		}
		if a, b := v.AppendAlive(nil), u.AppendAlive(nil); !bytes.Equal(a, b) {
			return broken(name, "key %d at %s: %s: what is alive is\n  %x, want\n  %x", k, reach(got.vector), v.AppendJSON(nil), a, b)
		}
		v.Trim(got.vector)
		u.Trim(got.vector)
		if a, b := v.AppendTo(nil), u.AppendTo(nil); !bytes.Equal(a, b) {
			return broken(name, "key %d at %s: %s: the state is\n  %x, want\n  %x", k, reach(got.vector), v.AppendJSON(nil), a, b)
		}
	}
	return nil
}

// merged is a new state of several, the first joined by each of the others in turn.
func (w *world) merged(first *held, others ...*held) (*held, error) {
	m, err := w.copyOf(first)
	for _, o := range others {
		m.merge(o)
	}
	return &m, err
}

// some is a state that the case has reached: a replica's, or one of its images.
func (w *world) some(d *Dice) (*held, error) {
	r := w.replicas[d.N(len(w.replicas))]
	m := r.image()
	if d.One(3) {
		m = r.images[d.N(len(r.images))]
	}
	h, err := w.load(m)
	return &h, err
}

// several are states that the case has reached.
func (w *world) several(d *Dice, n int) ([]*held, error) {
	hs := make([]*held, n)
	for i := range hs {
		h, err := w.some(d)
		if err != nil {
			return nil, err
		}
		hs[i] = h
	}
	return hs, nil
}

func commutes(w *world, d *Dice) error {
	s, err := w.several(d, 2)
	if err != nil {
		return err
	}
	ab, err := w.merged(s[0], s[1])
	if err != nil {
		return err
	}
	ba, err := w.merged(s[1], s[0])
	if err != nil {
		return err
	}
	if err := same("T1", ab, ba); err != nil {
		return err
	}
	return w.check(ab)
}

func associates(w *world, d *Dice) error {
	s, err := w.several(d, 3)
	if err != nil {
		return err
	}
	left, err := w.merged(s[0], s[1], s[2])
	if err != nil {
		return err
	}
	inner, err := w.merged(s[1], s[2])
	if err != nil {
		return err
	}
	right, err := w.merged(s[0], inner)
	if err != nil {
		return err
	}
	return same("T2", left, right)
}

// repeats merges a state into itself and twice into another, which must leave it as it is, also
// when the other goes on.
func repeats(w *world, d *Dice) error {
	s, err := w.several(d, 2)
	if err != nil {
		return err
	}
	before := s[1].image()
	again, err := w.merged(s[0], s[0])
	if err != nil {
		return err
	}
	if err := same("T3", again, s[0]); err != nil {
		return err
	}
	once, err := w.merged(s[0], s[1])
	if err != nil {
		return err
	}
	twice, err := w.merged(s[0], s[1], s[1])
	if err != nil {
		return err
	}
	if err := same("T3", once, twice); err != nil {
		return err
	}
	if err := w.replay(twice, w.heads(), d); err != nil {
		return err
	}
	for k, v := range s[1].values {
		if !bytes.Equal(before.values[k], v.AppendTo(nil)) {
			return broken("T3", "key %d: a merge, or what came after it, has changed the other value", k)
		}
	}
	return nil
}

// grows takes two states of which one covers the other, and wants the smaller to add nothing.
func grows(w *world, d *Dice) error {
	s, err := w.several(d, 2)
	if err != nil {
		return err
	}
	low, high := s[0], s[1]
	if !covers(high.vector, low.vector) {
		if high, err = w.merged(low, high); err != nil {
			return err
		}
	}
	taken, err := w.merged(high, low)
	if err != nil {
		return err
	}
	if err := same("T4", taken, high); err != nil {
		return err
	}
	given, err := w.merged(low, high)
	if err != nil {
		return err
	}
	return same("T4", given, high)
}

// made folds records into a new state, up to a vector.
func (w *world) made(to crdt.Vector, d *Dice) (*held, error) {
	h := w.empty()
	return &h, w.replay(&h, to, d)
}

// groups folds the records of a state again, in groups that overlap, and merges them.
func groups(w *world, d *Dice) error {
	want, err := w.some(d)
	if err != nil {
		return err
	}
	got := w.empty()
	for range 2 + d.N(2) {
		part := crdt.Vector{}
		for o, s := range want.vector {
			part[o] = edged.Sequence(d.N(int(s) + 1))
		}
		h, err := w.made(part, d)
		if err != nil {
			return err
		}
		if d.One(2) {
			got.merge(h)
		} else {
			h.merge(&got)
			got = *h
		}
	}
	if err := w.replay(&got, want.vector, d); err != nil {
		return err
	}
	return same("T5", &got, want)
}

// decomposes takes a state apart, one part for each origin, and puts it together again.
func decomposes(w *world, d *Dice) error {
	want, err := w.some(d)
	if err != nil {
		return err
	}
	got := w.empty()
	for _, o := range w.origins {
		part, err := w.made(crdt.Vector{o: want.vector[o]}, d)
		if err != nil {
			return err
		}
		got.merge(part)
	}
	return same("T7", &got, want)
}

// splits folds the records of some origins, then those of the others, in one state and in two.
func splits(w *world, d *Dice) error {
	s, err := w.some(d)
	if err != nil {
		return err
	}
	first, second := crdt.Vector{}, crdt.Vector{}
	for o, n := range s.vector {
		pick(d, first, second)[o] = n
	}
	a, err := w.made(first, d)
	if err != nil {
		return err
	}
	b, err := w.made(second, d)
	if err != nil {
		return err
	}
	both, err := w.merged(a, b)
	if err != nil {
		return err
	}
	if err := w.replay(a, s.vector, d); err != nil {
		return err
	}
	return same("T11", a, both)
}

// encodes reads a state back, wants the same bytes, and says whether Size is about right.
func encodes(w *world, d *Dice) error {
	h, err := w.some(d)
	if err != nil {
		return err
	}
	for k, v := range h.values {
		b := v.AppendTo(nil)
		u, err := w.parse(b)
		if err != nil {
			return err
		}
		if again := u.AppendTo(nil); !bytes.Equal(b, again) {
			return broken("T9", "key %d: %x came back as %x", k, b, again)
		}
		if err := show(u).is(show(v)); err != nil {
			return broken("T9", "key %d came back: %v", k, err)
		}
		if n := v.Size(); n > 2*len(b)+64 || len(b) > 2*n+64 {
			return broken("T9", "key %d: size %d, of %d bytes", k, n, len(b))
		}
	}
	made, err := w.made(h.vector, d)
	if err != nil {
		return err
	}
	return same("T9", made, h)
}

// converges delivers everything to everyone.
func converges(w *world, d *Dice) error {
	if err := w.settle(d); err != nil {
		return err
	}
	for _, r := range w.replicas[1:] {
		if err := same("T8", &r.held, &w.replicas[0].held); err != nil {
			return err
		}
	}
	return nil
}
