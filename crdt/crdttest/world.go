package crdttest

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
)

// keys is the number of keys in a partition.
const keys = 2

// day is how far a clock may be off, in the nanoseconds of a stamp.
const day int64 = 24 * 3600 * 1e9

// world is a partition of one collection, as a few replicas hold it.
type world struct {
	subject  *Subject
	limits   crdt.Limits
	replicas []*replica
	logs     map[edged.OriginID][]record
	origins  []edged.OriginID // in the order of minting
	specs    [keys]Spec
	now      int64
	telling  bool
	told     strings.Builder // what happened, for who reads a failure
}

// record is one delta in its origin's log. An empty one changes nothing under the key.
type record struct {
	at    crdt.Place
	key   int
	delta []byte
}

// held are the values of all keys, with the vector that they include.
type held struct {
	vector crdt.Vector
	values [keys]crdt.Value
}

// image is held as it is on disk.
type image struct {
	vector crdt.Vector
	values [keys][]byte
}

// replica is a node's copy of the partition.
type replica struct {
	held
	origin edged.OriginID
	stamp  edged.Timestamp // last given
	skew   int64
	images []image     // the oldest is empty
	stored crdt.Vector // the records that it has ever held: a crash takes back values, not logs
}

// breach is a law that does not hold.
type breach struct {
	law, what string
}

func (b *breach) Error() string { return b.law + ": " + b.what }

// broken says that a law does not hold, and how that shows.
func broken(law, format string, args ...any) error {
	return &breach{law, fmt.Sprintf(format, args...)}
}

func newWorld(s *Subject, d *Dice) *world {
	w := &world{subject: s, logs: map[edged.OriginID][]record{}, now: 1e18}
	if s.Limits != nil {
		w.limits = s.Limits(d)
	}
	w.limits.First = w.mint()
	for i := range 2 + d.N(2) {
		r := &replica{origin: w.limits.First, skew: pick(d, -day, 0, 0, day), stored: crdt.Vector{}}
		if i > 0 {
			r.origin = w.mint()
		}
		r.held = w.empty()
		r.images = []image{r.image()}
		w.replicas = append(w.replicas, r)
	}
	for k := range w.specs {
		w.specs[k] = s.Spec(w.limits)
	}
	return w
}

// mint is an origin that has never been. Its bytes do not follow the order of minting.
func (w *world) mint() edged.OriginID {
	n := len(w.origins)
	o := edged.OriginID{byte(0x5b * (n + 1)), byte(n)}
	w.origins = append(w.origins, o)
	return o
}

// letter is an origin as failures call it: A, B, C ...
type letter byte

func (l letter) String() string { return string(rune('A' + l)) }

func name(o edged.OriginID) letter { return letter(o[1]) }

// reach is a vector as failures tell it: A:3 B:1.
type reach crdt.Vector

func (v reach) String() string {
	var said []string
	for o, n := range v {
		if n > 0 {
			said = append(said, fmt.Sprintf("%s:%d", name(o), n))
		}
	}
	slices.Sort(said)
	return "(" + strings.Join(said, " ") + ")"
}

// tell notes what happens, when somebody will read it.
func (w *world) tell(format string, args ...any) {
	if w.telling {
		fmt.Fprintf(&w.told, "  "+format+"\n", args...)
	}
}

func (w *world) empty() held {
	h := held{vector: crdt.Vector{}}
	for k := range h.values {
		h.values[k] = w.subject.Type.New(w.limits)
	}
	return h
}

func (h *held) image() image {
	m := image{vector: maps.Clone(h.vector)}
	for k, v := range h.values {
		m.values[k] = v.AppendTo(nil)
	}
	return m
}

// load reads an image back. The bytes that were read are spoilt after it.
func (w *world) load(m image) (held, error) {
	h := held{vector: maps.Clone(m.vector)}
	for k, b := range m.values {
		v, err := w.parse(b)
		if err != nil {
			return h, err
		}
		h.values[k] = v
	}
	return h, nil
}

func (w *world) parse(b []byte) (crdt.Value, error) {
	raw := bytes.Clone(b)
	v, err := w.subject.Type.Parse(raw, w.limits)
	if err != nil {
		return nil, broken("T9", "what AppendTo wrote does not parse: %v", err)
	}
	spoil(raw)
	return v, nil
}

func (w *world) copyOf(h *held) (held, error) { return w.load(h.image()) }

// spoil makes bytes useless to who has kept them against the rules.
func spoil(b []byte) {
	for i := range b {
		b[i] = 0xff
	}
}

// fold takes in one record, which has to be the next of its origin.
func (h *held) fold(r *record) error {
	if len(r.delta) > 0 {
		raw := bytes.Clone(r.delta)
		if err := h.values[r.key].Fold(r.at, raw); err != nil {
			return broken("T5", "a delta that AppendDelta wrote does not fold: %v", err)
		}
		spoil(raw)
	}
	h.vector[r.at.Origin] = r.at.Sequence
	return nil
}

// merge takes in all that another holds.
func (h *held) merge(other *held) {
	joined := join(h.vector, other.vector)
	for k, v := range h.values {
		v.Merge(other.values[k], h.vector, other.vector)
		v.Trim(joined)
	}
	h.vector = joined
}

func join(v, w crdt.Vector) crdt.Vector {
	joined := maps.Clone(v)
	for o, s := range w {
		joined[o] = max(joined[o], s)
	}
	return joined
}

// covers says whether v includes all that u includes.
func covers(v, u crdt.Vector) bool {
	for o, s := range u {
		if v[o] < s {
			return false
		}
	}
	return true
}

// next gives the records of an origin's log that a vector does not cover.
func (w *world) next(v crdt.Vector, o edged.OriginID) []record { return w.logs[o][v[o]:] }

// catchUp folds what a replica's own log holds: it has to before the next record is begun.
func (w *world) catchUp(r *replica) error {
	for _, rec := range w.next(r.vector, r.origin) {
		if err := r.fold(&rec); err != nil {
			return err
		}
	}
	return nil
}

// place is where a replica's next record stands.
func (w *world) place(r *replica, d *Dice) crdt.Place {
	w.now += int64(d.N(3))
	if t := (edged.Timestamp{Wall: w.now + r.skew}); t.Compare(r.stamp) > 0 {
		r.stamp = t
	} else {
		r.stamp = r.stamp.Plus(1)
	}
	n := edged.Sequence(len(w.logs[r.origin]) + 1)
	return crdt.Place{Dot: crdt.Dot{Origin: r.origin, Sequence: n}, HLC: r.stamp}
}

// check holds a replica's keys to their specifications.
func (w *world) check(h *held) error {
	for k, v := range h.values {
		if err := w.specs[k].Check(h.vector, show(v)); err != nil {
			return broken("T8", "key %d at %s: %v", k, reach(h.vector), err)
		}
		holder, ok := w.specs[k].(Holder)
		if !ok {
			continue
		}
		for _, o := range w.origins {
			if got, want := v.(crdt.Escrow).Spare(o), holder.Spare(h.vector, o); got != want {
				return broken("T8", "key %d at %s: %s has %d rights to spare, want %d", k, reach(h.vector), name(o), got, want)
			}
		}
	}
	return nil
}
