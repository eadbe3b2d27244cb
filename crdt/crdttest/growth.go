package crdttest

import (
	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
)

// grown is a value that many records of a few origins have made, each with so many requests.
func (w *world) grown(records, requests int) (crdt.Value, error) {
	v := w.subject.Type.New(w.limits)
	for i := range records {
		at := growthAt(i)
		delta, err := w.deltaOf(v, at, i*requests, requests)
		if err != nil {
			return nil, err
		}
		if err := v.Fold(at, delta); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// growthAt is where the i-th record stands.
func growthAt(i int) crdt.Place {
	const origins = 20
	dot := crdt.Dot{Origin: edged.OriginID{byte(i % origins)}, Sequence: edged.Sequence(i/origins + 1)}
	return crdt.Place{Dot: dot, HLC: edged.Timestamp{Wall: int64(i)}}
}

// deltaOf is the delta of some growing requests in a row, made on a copy.
func (w *world) deltaOf(v crdt.Value, at crdt.Place, from, n int) ([]byte, error) {
	work, err := w.parse(v.AppendTo(nil))
	if err != nil {
		return nil, err
	}
	change := work.Begin(at)
	for i := from; i < from+n; i++ {
		ops, err := w.subject.Type.Ops([]byte(w.subject.Grow(i)))
		if err != nil {
			return nil, err
		}
		if err := change.Do(ops); err != nil {
			return nil, err
		}
	}
	return change.AppendDelta(nil), nil
}

// CheckDelta wants the delta of one request to be as long on a large value as on a new one, but for
// numbers that have grown and for one dot that is replaced. This is T6.
func (s *Subject) CheckDelta(records, requests int) error {
	const spare = 64
	w := newWorld(s, NewDice(6))
	large, err := w.grown(records, requests)
	if err != nil {
		return err
	}
	at := growthAt(records)
	for _, i := range []int{0, records * requests} {
		short, err := w.deltaOf(s.Type.New(w.limits), at, i, 1)
		if err != nil {
			return err
		}
		long, err := w.deltaOf(large, at, i, 1)
		if err != nil {
			return err
		}
		if len(long) > len(short)+spare {
			return broken("T6", "%s: a delta of %d bytes on a new value, of %d on one of %d requests: %x",
				s.Grow(i), len(short), len(long), records*requests, long)
		}
	}
	return nil
}
