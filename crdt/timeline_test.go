package crdt_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"testing"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
	"github.com/edgedhq/edged/loadtest/timeline"
)

// TestTimelines plays COLLECTIONS.md, once with records that cross, once with states that are
// merged in their stead.
func TestTimelines(t *testing.T) {
	page, err := os.ReadFile("../COLLECTIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	all, err := timeline.Parse(string(page))
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		for _, way := range []struct {
			name  string
			cross func(to, from *keyRegion) error
		}{{"records", takeRecords}, {"states", takeState}} {
			t.Run("line "+strconv.Itoa(all[i].Line)+", "+way.name, func(t *testing.T) {
				w, err := newKeyWorld(&all[i])
				if err != nil {
					t.Fatal(err)
				}
				w.cross = way.cross
				if err := all[i].Play(t.Context(), w); err != nil {
					t.Errorf("COLLECTIONS.md: %v", err)
				}
			})
		}
	}
}

// keyWorld is one key in several regions; time passes with each operation.
type keyWorld struct {
	typ     crdt.Type
	limits  crdt.Limits
	regions []*keyRegion
	cross   func(to, from *keyRegion) error
	now     int64
}

type keyRegion struct {
	origin edged.OriginID
	value  crdt.Value
	vector crdt.Vector
	logs   map[edged.OriginID][]keyRecord // as far as they are here
}

// keyRecord is one record.
type keyRecord struct {
	at    crdt.Place
	delta []byte
}

func newKeyWorld(tl *timeline.Timeline) (*keyWorld, error) {
	var def struct {
		Type     string
		Min, Max *int64
	}
	if err := json.Unmarshal([]byte(tl.Definition), &def); err != nil {
		return nil, err
	}
	typ, ok := crdt.TypeOf(def.Type)
	if !ok {
		return nil, errors.New("no type is named " + def.Type)
	}
	w := &keyWorld{typ: typ, limits: crdt.Limits{Min: def.Min, Max: def.Max, First: keyOrigin(0)}}
	for i := range tl.Regions {
		w.regions = append(w.regions, &keyRegion{
			origin: keyOrigin(i), value: typ.New(w.limits), vector: crdt.Vector{}, logs: map[edged.OriginID][]keyRecord{},
		})
	}
	return w, nil
}

func keyOrigin(i int) (o edged.OriginID) {
	o[0] = byte(1 + i)
	return o
}

func (w *keyWorld) Connect(context.Context, [][]int) error { return nil }

func (w *keyWorld) Do(_ context.Context, at int, operation string) (refused string, err error) {
	ops := []crdt.Op{{Verb: crdt.Clear}}
	if operation != timeline.Delete {
		if ops, err = w.typ.Ops([]byte(operation)); err != nil {
			return "", err
		}
	}
	w.now++
	r := w.regions[at]
	place := crdt.Place{
		Dot: crdt.Dot{Origin: r.origin, Sequence: r.vector[r.origin] + 1},
		HLC: edged.Timestamp{Wall: w.now},
	}
	draft, err := w.typ.Parse(r.value.AppendTo(nil), w.limits) // a record is begun on a copy, and folded
	if err != nil {
		return "", err
	}
	change := draft.Begin(place)
	err = change.Do(ops)
	if kind := edged.Kind(""); errors.As(err, &kind) {
		return string(kind), nil
	}
	if err != nil {
		return "", err
	}
	return "", r.take(keyRecord{place, change.AppendDelta(nil)})
}

func (r *keyRegion) take(e keyRecord) error {
	if err := r.value.Fold(e.at, e.delta); err != nil {
		return err
	}
	r.vector[e.at.Origin] = e.at.Sequence
	r.logs[e.at.Origin] = append(r.logs[e.at.Origin], e)
	return nil
}

// Settle lets each region of a group take from each other one.
func (w *keyWorld) Settle(_ context.Context, groups [][]int) error {
	for _, group := range groups {
		for _, to := range group {
			for _, from := range group {
				if to == from {
					continue
				}
				if err := w.cross(w.regions[to], w.regions[from]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func takeRecords(to, from *keyRegion) error {
	for o, log := range from.logs {
		for _, e := range log[min(int(to.vector[o]), len(log)):] {
			if err := to.take(e); err != nil {
				return err
			}
		}
	}
	return nil
}

func takeState(to, from *keyRegion) error {
	to.value.Merge(from.value, to.vector, from.vector)
	for o, s := range from.vector {
		to.vector[o] = max(to.vector[o], s)
	}
	return nil
}

func (w *keyWorld) Get(_ context.Context, at int) (s timeline.Shown, err error) {
	v := w.regions[at].value
	if v.Absent() {
		return s, nil
	}
	return timeline.Shown{Value: string(v.AppendJSON(nil)), Conflicts: string(v.AppendConflicts(nil))}, nil
}
