package crdttest

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/edgedhq/edged/crdt"
)

// hostile spoils bytes that some node has made: some of them are others, gone, repeated, or a
// length that is not true.
func hostile(b []byte, d *Dice) []byte {
	b = bytes.Clone(b)
	for range 1 + d.N(3) {
		at := d.N(len(b) + 1)
		end := at + d.N(len(b)+1-at)
		switch d.N(6) {
		case 0:
			b = b[:at]
		case 1:
			b = slices.Insert(b, at, b[at:end]...)
		case 2:
			b = slices.Delete(b, at, end)
		case 3:
			b = slices.Insert(b, at, binary.AppendUvarint(nil, d.Next()>>d.N(64))...)
		case 4:
			b = slices.Insert(b, at, pick[byte](d, 0xdb, 0xdd, 0xc6, 0xdf, 0xff), byte(d.Next()), 0xff, 0xff, 0xff)
		default:
			if at < len(b) {
				b[at] = byte(d.Next())
			}
		}
	}
	return b
}

// withstands gives spoilt bytes to a value, both as a delta and as a state.
func withstands(w *world, d *Dice) error {
	h, err := w.some(d)
	if err != nil {
		return err
	}
	o := w.origins[d.N(len(w.origins))]
	k := d.N(keys)
	if n := len(w.logs[o]); n > 0 {
		rec := w.logs[o][d.N(n)]
		if err := w.refusesOrFolds(h.values[k], rec.at, hostile(rec.delta, d)); err != nil {
			return err
		}
	}
	return w.refusesOrReads(h, k, hostile(h.values[k].AppendTo(nil), d))
}

// refusesOrFolds folds a spoilt delta: an error has to leave the value as it was, and what is taken
// in has to be whole.
func (w *world) refusesOrFolds(v crdt.Value, at crdt.Place, delta []byte) error {
	before := v.AppendTo(nil)
	if err := v.Fold(at, delta); err != nil {
		if !bytes.Equal(before, v.AppendTo(nil)) {
			return broken("T12", "delta %x is refused (%v), but changed %x", delta, err, before)
		}
		return nil
	}
	return w.whole(v)
}

func (w *world) refusesOrReads(h *held, k int, state []byte) error {
	v, err := w.subject.Type.Parse(state, w.limits)
	if err != nil {
		return nil
	}
	if err := w.whole(v); err != nil {
		return err
	}
	h.values[k].Merge(v, h.vector, h.vector)
	v.Merge(h.values[k], h.vector, crdt.Vector{})
	return w.whole(v)
}

// whole wants a value that spoilt bytes have led to to be shown, written and read as any other.
func (w *world) whole(v crdt.Value) error {
	v.AppendAlive(nil)
	shown, b := show(v), v.AppendTo(nil)
	u, err := w.subject.Type.Parse(b, w.limits)
	if err != nil {
		return broken("T12", "spoilt bytes were read, but %x does not parse again: %v", b, err)
	}
	if again := u.AppendTo(nil); !bytes.Equal(b, again) {
		return broken("T12", "spoilt bytes were read as %x, and then as %x", b, again)
	}
	if err := show(u).is(shown); err != nil {
		return broken("T12", "spoilt bytes, read again: %v", err)
	}
	return nil
}

// Attack is spoilt bytes that are about to be read.
type Attack struct {
	As   string // "a delta" or "a state"
	In   []byte
	Take func()
}

// Attacks are spoilt bytes of the case of a seed.
func (s *Subject) Attacks(seed uint64) ([]Attack, error) {
	d := NewDice(seed)
	w := newWorld(s, NewDice(d.Next()))
	for _, step := range schedule(d) {
		if err := w.do(step); err != nil {
			return nil, err
		}
	}
	var as []Attack
	for _, r := range w.replicas {
		for _, v := range r.values {
			in := hostile(v.AppendTo(nil), d)
			as = append(as, Attack{"a state", in, func() { _, _ = s.Type.Parse(in, w.limits) }})
		}
		for _, rec := range w.logs[r.origin] {
			in, v := hostile(rec.delta, d), r.values[rec.key]
			as = append(as, Attack{"a delta", in, func() { _ = v.Fold(rec.at, in) }})
		}
	}
	return as, nil
}
