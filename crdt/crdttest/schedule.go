package crdttest

import (
	"bytes"
	"maps"
	"slices"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
)

// step is one thing that happens. Its dice are its own, so that the others mean the same without it.
type step struct {
	act  act
	seed uint64
}

type act func(w *world, r *replica, d *Dice) error

// schedule is what happens in a case.
func schedule(d *Dice) []step {
	steps := make([]step, 6+d.N(26))
	for i := range steps {
		steps[i] = step{someAct(d), d.Next()}
	}
	return steps
}

func someAct(d *Dice) act {
	switch n := d.N(100); {
	case n < 42:
		return (*world).update
	case n < 70:
		return (*world).deliver
	case n < 78:
		return (*world).deliverAll
	case n < 88:
		return (*world).snapshot
	case n < 92:
		return (*world).save
	case n < 96:
		return (*world).crash
	case n < 97:
		return (*world).loseDisk
	case n < 98:
		return (*world).changeOrigin
	default:
		return (*world).reload
	}
}

// do lets one step happen, to some replica, and holds what that shows to the specification.
func (w *world) do(s step) error {
	d := NewDice(s.seed)
	r := w.replicas[d.N(len(w.replicas))]
	if err := s.act(w, r, d); err != nil {
		return err
	}
	r.stored = join(r.stored, r.vector)
	return w.check(&r.held)
}

func (w *world) update(r *replica, d *Dice) error { return w.write(r, r.origin, d) }

// changeOrigin begins a record for an origin that ends before the record is appended: the next one
// of the same disk takes it.
func (w *world) changeOrigin(r *replica, d *Dice) error {
	was := r.origin
	if err := w.catchUp(r); err != nil {
		return err
	}
	r.origin = w.mint()
	w.tell("%s ends and becomes %s", name(was), name(r.origin))
	return w.write(r, was, d)
}

// write appends one record, and folds it as the feed of the log would.
func (w *world) write(r *replica, row edged.OriginID, d *Dice) error {
	if err := w.catchUp(r); err != nil {
		return err
	}
	key := d.N(4) / 3 // most to one key, so that they meet
	work, err := w.parse(r.values[key].AppendTo(nil))
	if err != nil {
		return err
	}
	at := w.place(r, d)
	begun := at
	if row != r.origin {
		begun.Dot = crdt.Dot{Origin: row, Sequence: edged.Sequence(len(w.logs[row]) + 1)}
	}
	change := work.Begin(begun)
	did := Written{At: at, Row: row, Seen: maps.Clone(r.vector)}
	if err := w.requests(work, change, &did, key, d); err != nil {
		return err
	}
	rec := record{at, key, change.AppendDelta(nil)}
	w.specs[key].Write(did)
	w.logs[r.origin] = append(w.logs[r.origin], rec)
	w.tell("%s:%d writes key %d at %v: %s", name(r.origin), at.Sequence, key, at.HLC, deed(did.Ops))
	for _, op := range did.Ops {
		for _, x := range op.Items {
			spoil(x)
		}
	}
	if err := r.fold(&rec); err != nil {
		return err
	}
	if row != r.origin {
		return nil // it was made for another place
	}
	return w.sameWork(work, r, &rec)
}

// sameWork holds the value that a record was made on to the one that has folded it.
func (w *world) sameWork(work crdt.Value, r *replica, rec *record) error {
	if err := show(work).is(show(r.values[rec.key])); err != nil {
		return broken("T5", "made, and then folded: %v", err)
	}
	if len(rec.delta) > 0 {
		if err := work.Fold(rec.at, bytes.Clone(rec.delta)); err != nil {
			return broken("T5", "a record does not fold into what it was made on: %v", err)
		}
	}
	made, folded := work.AppendAlive(nil), r.values[rec.key].AppendAlive(nil)
	if !bytes.Equal(made, folded) {
		return broken("T5", "made %x, folded %x", made, folded)
	}
	return nil
}

// requests carries out a few requests under one record. A refused one must have done nothing.
func (w *world) requests(v crdt.Value, c crdt.Change, did *Written, key int, d *Dice) error {
	for range 1 + d.N(3)/2 {
		at := Scene{Origins: w.origins}
		if e, ok := v.(crdt.Escrow); ok {
			at.Spare = e.Spare(did.Row)
		}
		ops, err := w.subject.ops(d, at)
		if err != nil {
			return err
		}
		state, delta := v.AppendTo(nil), c.AppendDelta(nil)
		err = c.Do(ops)
		if err == nil {
			did.Ops = append(did.Ops, ops...)
			continue
		}
		if !bytes.Equal(state, v.AppendTo(nil)) || !bytes.Equal(delta, c.AppendDelta(nil)) {
			return broken("T12", "refused (%v), but changed", err)
		}
		if err := w.refused(did, ops, key, err); err != nil {
			return err
		}
	}
	return nil
}

// refused asks the specification whether operations may be refused after those that were done.
func (w *world) refused(did *Written, ops []crdt.Op, key int, why error) error {
	s, ok := w.specs[key].(Refuser)
	if !ok {
		return broken("T12", "refused %s: %v", deed(ops), why)
	}
	would := *did
	would.Ops = append(slices.Clip(did.Ops), ops...)
	if err := s.Refused(would); err != nil {
		return broken("T12", "%v: %v", err, why)
	}
	return nil
}

func (w *world) deliver(r *replica, d *Dice) error {
	o := w.origins[d.N(len(w.origins))]
	if left := w.next(r.vector, o); len(left) > 0 {
		w.tell("%s folds %s:%d", name(r.origin), name(o), left[0].at.Sequence)
		return r.fold(&left[0])
	}
	return nil
}

func (w *world) deliverAll(r *replica, d *Dice) error {
	o := w.origins[d.N(len(w.origins))]
	left := w.next(r.vector, o)
	for i := range left {
		w.tell("%s folds %s:%d", name(r.origin), name(o), left[i].at.Sequence)
		if err := r.fold(&left[i]); err != nil {
			return err
		}
	}
	return nil
}

// snapshot joins another replica's state.
func (w *world) snapshot(r *replica, d *Dice) error {
	from := w.replicas[d.N(len(w.replicas))]
	w.tell("%s joins the state of %s", name(r.origin), name(from.origin))
	theirs, err := w.copyOf(&from.held)
	if err != nil {
		return err
	}
	r.merge(&theirs)
	return nil
}

// save writes an image, and forgets what it need not hold.
func (w *world) save(r *replica, _ *Dice) error {
	w.tell("%s saves", name(r.origin))
	for _, v := range r.values {
		v.Trim(r.vector)
	}
	r.images = append(r.images, r.image())
	return nil
}

// crash goes back to an older state. What was appended since is still in the logs.
func (w *world) crash(r *replica, d *Dice) error {
	n := d.N(len(r.images))
	w.tell("%s crashes, back to image %d", name(r.origin), n)
	r.images = r.images[:n+1]
	h, err := w.load(r.images[n])
	r.held = h
	return err
}

// loseDisk empties a replica, which goes on as a new origin. Records that nobody else has held are
// gone.
func (w *world) loseDisk(r *replica, _ *Dice) error {
	left := crdt.Vector{}
	for _, other := range w.replicas {
		if other != r {
			left = join(left, other.stored)
		}
	}
	for o, log := range w.logs {
		w.logs[o] = log[:left[o]]
	}
	was := r.origin
	r.origin, r.stamp, r.held, r.stored = w.mint(), edged.Timestamp{}, w.empty(), crdt.Vector{}
	r.images = []image{r.image()}
	w.tell("%s loses its disk after record %d, and becomes %s", name(was), left[was], name(r.origin))
	return nil
}

func (w *world) reload(r *replica, _ *Dice) error {
	h, err := w.copyOf(&r.held)
	if err != nil {
		return err
	}
	r.held = h
	return nil
}

// settle delivers all that is left to everyone, in any order.
func (w *world) settle(d *Dice) error {
	w.tell("everything is delivered")
	for _, r := range w.replicas {
		if err := w.replay(&r.held, w.heads(), d); err != nil {
			return err
		}
		if err := w.check(&r.held); err != nil {
			return err
		}
	}
	return nil
}

// heads is the vector of all records.
func (w *world) heads() crdt.Vector {
	v := crdt.Vector{}
	for o, log := range w.logs {
		if len(log) > 0 {
			v[o] = edged.Sequence(len(log))
		}
	}
	return v
}

// replay folds records up to a vector, origins in any order.
func (w *world) replay(h *held, to crdt.Vector, d *Dice) error {
	var left []edged.OriginID
	for _, o := range w.origins {
		if h.vector[o] < to[o] {
			left = append(left, o)
		}
	}
	for len(left) > 0 {
		i := d.N(len(left))
		o := left[i]
		if err := h.fold(&w.logs[o][h.vector[o]]); err != nil {
			return err
		}
		if h.vector[o] == to[o] {
			left = append(left[:i], left[i+1:]...)
		}
	}
	return nil
}
