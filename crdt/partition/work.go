package partition

import (
	"github.com/edgedhq/edged/crdt"
)

// Work is a working copy of one key's value, and the record that is being made of it. The entry
// itself changes only when the record comes back.
type Work struct {
	last    crdt.Place
	touched bool // somebody has, before
	value   crdt.Value
	change  crdt.Change
}

// Begin makes a working copy for the record that will stand at a place, after all of its origin
// that are folded. Its stamp is raised above what the key has seen, as the record's will be.
func (p *Partition) Begin(at crdt.Place, key string, limits crdt.Limits) (*Work, error) {
	own, err := p.look(key)
	if err != nil {
		return nil, err
	}
	w := &Work{}
	if own == nil {
		own = p.fresh()
	}
	if p.dirty[key] != own && p.out[key] != own {
		p.remember(key, own)
	}
	if own.untouched {
		w.value = p.Type.New(limits)
	} else {
		if w.value, err = p.Type.Parse(own.value.AppendTo(nil), limits); err != nil {
			return nil, err
		}
		w.last, w.touched = crdt.Place(own.last), true
		if at.HLC.Compare(w.last.HLC) <= 0 {
			at.HLC = w.last.HLC.Plus(1)
		}
	}
	w.change = w.value.Begin(at)
	return w, nil
}

// Do carries out all operations, in order, or none.
func (w *Work) Do(ops []crdt.Op) error { return w.change.Do(ops) }

// Last is the place that touched the key last, before the record; ok is false if none did.
func (w *Work) Last() (last crdt.Place, ok bool) { return w.last, w.touched }

// Value is the working copy.
func (w *Work) Value() crdt.Value { return w.value }

// AppendDelta appends the record's data. Nothing appended: nothing has changed.
func (w *Work) AppendDelta(dst []byte) []byte { return w.change.AppendDelta(dst) }

// Entry shows the value as it stands after what was done.
func (w *Work) Entry(key string) Entry { return Entry{Key: key, Last: w.last, value: w.value} }
