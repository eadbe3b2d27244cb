package crdttest

import (
	"fmt"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/crdt"
)

// Subject is a type with what the laws have to know of it.
type Subject struct {
	Type   crdt.Type
	Limits func(d *Dice) crdt.Limits // nil for none; First is filled in
	Spec   func(l crdt.Limits) Spec  // of a key that nobody has touched
	// Request is the JSON of one request that the type takes, or operations that no JSON says.
	Request func(d *Dice, at Scene) (string, []crdt.Op)
	// Grow is the JSON of the i-th of many requests that make a value grow.
	Grow func(i int) string
}

// Scene is what a request may be about.
type Scene struct {
	Origins []edged.OriginID
	Spare   int64 // rights that the writer holds
}

// ops are the operations of a request.
func (s *Subject) ops(d *Dice, at Scene) ([]crdt.Op, error) {
	body, ops := s.Request(d, at)
	if body == "" {
		return ops, nil
	}
	ops, err := s.Type.Ops([]byte(body))
	if err != nil {
		return nil, fmt.Errorf("%s does not parse: %w", body, err)
	}
	return ops, nil
}

// Subjects are all types.
func Subjects() []*Subject {
	return []*Subject{
		{Type: typeOf("counter"), Spec: newTally, Request: request(countRequest), Grow: grow(`{"increment":1%d}`)},
		{Type: typeOf("register"), Spec: newBoard, Request: request(registerRequest), Grow: grow(`{"assign":"value %d"}`)},
		{Type: typeOf("flag"), Spec: newLamp, Request: request(flagRequest), Grow: func(int) string { return `{"enable":true}` }},
		{Type: typeOf("set"), Spec: newShelf, Request: request(setRequest), Grow: grow(`{"add":["element %d"]}`)},
		{Type: typeOf("map"), Spec: newSheet, Request: request(mapRequest), Grow: func(i int) string {
			return fmt.Sprintf(`[{"put":{"field %d":%d}},{"increment":{"count %d":1}}]`, i, i, i)
		}},
		{
			Type: typeOf("bounded_counter"), Limits: someLimits, Spec: newEstate, Request: boundedRequest,
			Grow: grow(`[{"increment":1%[1]d},{"decrement":1%[1]d}]`),
		},
		{Type: typeOf("hyperloglog"), Spec: newCensus, Request: request(itemsRequest), Grow: grow(`{"observe":["item %d"]}`)},
		{Type: typeOf("quantiles"), Spec: newRanking, Request: request(numbersRequest), Grow: grow(`{"observe":[%d.5]}`)},
		{Type: typeOf("topk"), Spec: newPodium, Request: request(itemsRequest), Grow: grow(`{"observe":["item %d"]}`)},
	}
}

// typeOf is the type of a name that has one.
func typeOf(name string) crdt.Type {
	t, ok := crdt.TypeOf(name)
	if !ok {
		panic("crdttest: no type " + name)
	}
	return t
}

// grow numbers requests.
func grow(format string) func(i int) string {
	return func(i int) string { return fmt.Sprintf(format, i) }
}
